import yargs, { type Argv } from 'yargs';
import { CONFIG_FILE } from '../config/constants.js';
import { UsageError } from '../errors.js';
import { VERSION } from '../sys/version.js';
import type { RunArguments } from './run-config.js';
import {
  ANNOUNCE_OPTIONS,
  CAPTURE_OPTIONS,
  CONFIG_OPTION,
  HTML_OPTION,
  JSON_OPTION,
  OVERRIDE_OPTIONS,
  refuseRepeated,
  RUN_OPTIONS,
  WATCH_OPTION,
} from './options.js';
import type { Output } from './output.js';

/**
 * Carries out a command line.
 * @param argv without the program's own name
 * @param signal aborts when the program is to end
 * @param run what the command of that name does
 * @returns the exit code
 * @throws UsageError when the command line is wrong; any BondheraldError from the command
 *
 * Each command loads what it needs itself: a one-shot need not wait for the daemon's libraries.
 */
export async function execute(
  argv: readonly string[],
  output: Output,
  signal: AbortSignal,
  run: (args: RunArguments) => Promise<number>,
): Promise<number> {
  let exitCode = 0;
  const exits =
    <Args>(work: (args: Args) => Promise<number>) =>
    async (args: Args): Promise<void> => {
      exitCode = await work(args);
    };
  await program(argv)
    .command('run', 'run the daemon in the foreground; it finds bonds and guests itself', RUN_OPTIONS, exits(run))
    .command(
      'announce <bond>',
      'announce the guests behind a bond now',
      announceOptions,
      exits(async (args) => (await import('./announce.js')).announce(args, output)),
    )
    .command(
      'guests [bond]',
      'list the guests behind the bonds, their source, and whether they are announced',
      (command) =>
        statusOptions(command.positional('bond', { type: 'string', describe: 'only the guests behind this bond' })),
      exits(async (args) => (await import('./guests.js')).guests(args, output, signal)),
    )
    .command(
      'status',
      'show the bonds, their active links, and what the last failover sent',
      (command) => statusOptions(command).options(HTML_OPTION),
      exits(async (args) =>
        args.html
          ? (await import('./status-html.js')).statusHtml(args, output)
          : (await import('./status.js')).status(args, output, signal),
      ),
    )
    .command(
      'doctor',
      'report what will go wrong at the next failover, and how to fix it',
      (command) => command.options(CONFIG_OPTION).options(JSON_OPTION),
      exits(async (args) => (await import('./doctor.js')).doctor(args, output)),
    )
    .command(
      'watch <bond> [filter..]',
      'show live ARP, RARP and ND frames on the links of a bond',
      watchOptions,
      exits(async (args) => (await import('./watch.js')).watch(args, output, signal)),
    )
    .command('config', 'check or show the configuration', (command) =>
      configCommands(command, output, (code) => (exitCode = code)),
    )
    .parseAsync();
  return exitCode;
}

/** What all commands have in common. */
function program(argv: readonly string[]): Argv {
  return yargs([...argv])
    .scriptName('bondherald')
    .usage('$0 COMMAND: announce the guests behind an active-backup bond when it fails over')
    .version(VERSION)
    .strict()
    .exitProcess(false)
    .parserConfiguration({ 'dot-notation': false, 'parse-numbers': false, 'parse-positional-numbers': false })
    .locale('en') // scripts and the rest of our words do not follow the environment either
    .demandCommand(1, 'no command given')
    .fail((message, error) => {
      // Without a message it is the error of a command; with one, an error is yargs' own word for the same.
      throw message ? new UsageError(`${message}; see bondherald --help`) : error;
    })
    .check(refuseRepeated);
}

function announceOptions(command: Argv) {
  return command
    .positional('bond', { type: 'string', demandOption: true, describe: 'an active-backup bond' })
    .options(ANNOUNCE_OPTIONS)
    .options(CONFIG_OPTION)
    .options(JSON_OPTION);
}

function statusOptions<Args>(command: Argv<Args>) {
  return command.options(CONFIG_OPTION).options(JSON_OPTION).options(WATCH_OPTION);
}

function watchOptions(command: Argv) {
  return command
    .positional('bond', { type: 'string', demandOption: true, describe: 'an active-backup bond' })
    .positional('filter', {
      type: 'string',
      array: true,
      default: [],
      describe: 'a pcap-filter(7) expression',
    })
    .options(CAPTURE_OPTIONS)
    .options(CONFIG_OPTION);
}

function configCommands(command: Argv, output: Output, done: (exitCode: number) => void): Argv {
  return command
    .demandCommand(1, 'give a command: check or show')
    .command(
      'check [file]',
      'report every mistake in a configuration file',
      (check) => check.positional('file', { type: 'string', describe: `the file to check; ${CONFIG_FILE} by default` }),
      async (args) => {
        const { configCheck } = await import('./config-check.js');
        done(await configCheck(args, output));
      },
    )
    .command(
      'show',
      'show the effective values and where each comes from',
      (show) => show.options(OVERRIDE_OPTIONS).options(JSON_OPTION),
      async (args) => {
        const { configShow } = await import('./config-show.js');
        done(await configShow(args, output));
      },
    );
}
