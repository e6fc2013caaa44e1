import type { Output } from './output.js';

/**
 * Carries out a command line, and loads no more than its command needs.
 * @param argv without the program's own name
 * @param signal aborts when the program is to end
 * @returns the exit code
 * @throws UsageError when the command line is wrong; any BondheraldError from the command
 */
export async function execute(argv: readonly string[], output: Output, signal: AbortSignal): Promise<number> {
  const run = async (): Promise<number> => (await import('./run.js')).run(argv, signal);
  if (isPlainRun(argv)) return run();
  const commands = await import('./commands.js');
  return commands.execute(argv, output, signal, run);
}

/** The daemon as a unit starts it: it does without the parser of command lines. Another order of words works as well. */
function isPlainRun(argv: readonly string[]): boolean {
  return argv[0] === 'run' && !argv.some((word) => /^--(?:help|version)/.test(word));
}
