import yargs, { type Argv } from 'yargs';
import { CONFIG_FILE } from '../config/constants.js';
import { UsageError } from '../errors.js';
import { VERSION } from '../sys/program.js';
import * as options from './options.js';
import type { Output } from './output.js';
import type { RunArguments } from './run.js';
import { checkWords } from './words.js';

/** Has a command's exit code become the program's. */
type Exits = <Args>(work: (args: Args) => Promise<number>) => (args: Args) => Promise<void>;

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
  const exits: Exits = (work) => async (args) => void (exitCode = await work(args));
  const commands = program(checkWords(argv))
    .command(
      'run',
      'run the daemon in the foreground; it finds bonds and guests itself',
      options.RUN_OPTIONS,
      exits(run),
    )
    .command(
      'announce <bond>',
      'announce the guests behind a bond now',
      (command) => aBond(command).options(options.ANNOUNCE_OPTIONS),
      exits(async (args) => (await import('./announce.js')).announce(args, output)),
    )
    .command(
      'guests [bond]',
      'list the guests behind the bonds, their source, and whether they are announced',
      (command) => maybeBond(command, 'only the guests behind this bond').options(options.GUESTS_OPTIONS),
      exits(async (args) => (await import('./guests.js')).guests(args, output, signal)),
    )
    .command(
      'status',
      'show the bonds, their active links, and what the last failover sent',
      options.STATUS_OPTIONS,
      exits(async (args) => (await import('./status.js')).status(args, output, signal)),
    )
    .command(
      'doctor',
      'report what will go wrong at the next failover, and how to fix it',
      options.DOCTOR_OPTIONS,
      exits(async (args) => (await import('./doctor.js')).doctor(args, output)),
    )
    .command(
      'standby [bond]',
      'show which VLANs of guests the links carry that are not active',
      (command) => maybeBond(command, 'only the links of this bond').options(options.STANDBY_OPTIONS),
      exits(async (args) => (await import('./standby.js')).standby(args, output, signal)),
    )
    .command(
      'watch <bond> [filter..]',
      'show live ARP, RARP and ND frames on the links of a bond',
      watchOptions,
      exits(async (args) => (await import('./watch.js')).watch(args, output, signal)),
    );
  await upkeepCommands(commands, output, exits).parseAsync();
  return exitCode;
}

/** What is for the program itself. */
function upkeepCommands(commands: Argv, output: Output, exits: Exits): Argv {
  return commands
    .command(
      'cleanup',
      'remove what a daemon that was killed left on this host',
      {},
      exits(async () => (await import('./cleanup.js')).cleanup(output)),
    )
    .command('config', 'check or show the configuration', (command) => configCommands(command, output, exits));
}

/** What all commands have in common. */
function program(argv: readonly string[]): Argv {
  return yargs([...argv])
    .scriptName('bondherald')
    .usage('$0 COMMAND: announce the guests behind an active-backup bond when it fails over')
    .version(VERSION)
    .alias('help', 'h')
    .strict()
    .exitProcess(false)
    .parserConfiguration({
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'boolean-negation': false,
    })
    .locale('en') // scripts and the rest of our words do not follow the environment either
    .demandCommand(1, 'no command given')
    .fail((message, error) => {
      // Without a message it is the error of a command; with one, an error is yargs' own word for the same.
      throw message ? new UsageError(`${message}; see bondherald --help`) : error;
    });
}

function aBond(command: Argv) {
  return command.positional('bond', { type: 'string', demandOption: true, describe: 'an active-backup bond' });
}

function maybeBond(command: Argv, describe: string) {
  return command.positional('bond', { type: 'string', describe });
}

function watchOptions(command: Argv) {
  return aBond(command)
    .positional('filter', {
      type: 'string',
      array: true,
      default: [],
      describe: 'a pcap-filter(7) expression',
    })
    .options(options.WATCH_OPTIONS);
}

function configCommands(command: Argv, output: Output, exits: Exits): Argv {
  return command
    .demandCommand(1, 'give a command: check or show')
    .command(
      'check [file]',
      'report every mistake in a configuration file',
      (check) => check.positional('file', { type: 'string', describe: `the file to check; ${CONFIG_FILE} by default` }),
      exits(async (args) => (await import('./config.js')).configCheck(args, output)),
    )
    .command(
      'show',
      'show the effective values and where each comes from',
      options.CONFIG_SHOW_OPTIONS,
      exits(async (args) => (await import('./config.js')).configShow(args, output)),
    );
}
