import { execute } from './cli/execute.js';
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

try {
  process.exitCode = await execute(process.argv.slice(2), standardOutput, stop.signal);
} catch (error) {
  fail(error);
}
