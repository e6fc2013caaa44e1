import { standardOutput } from './cli/output.js';
import { BondheraldError, ConfigError, oneLine } from './errors.js';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

// At this signal Node opens its debugger to every user of the host, unless somebody listens to it.
process.on('SIGUSR1', () => undefined);

// Whoever reads our output may have seen enough: `bondherald guests | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') fail(error);
  process.exit();
});

function fail(error: unknown): void {
  if (error instanceof ConfigError) error.problems.forEach((problem) => standardOutput.error(problem));
  else standardOutput.error(oneLine(error));
  process.exitCode = error instanceof BondheraldError ? error.exitCode : 1;
}

process.on('uncaughtException', (error) => {
  fail(error);
  process.exit();
});

/** Loads no more than the command needs: the daemon as a unit starts it does without the parser of command lines. */
async function execute(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const run = async (): Promise<number> => (await import('./cli/run.js')).run(argv, signal);
  const isPlainRun = argv[0] === 'run' && !argv.some((word) => /^(?:-h|--help|--version)/.test(word));
  return isPlainRun ? run() : (await import('./cli/commands.js')).execute(argv, standardOutput, signal, run);
}

try {
  process.exitCode = await execute(process.argv.slice(2), stop.signal);
} catch (error) {
  fail(error);
}
