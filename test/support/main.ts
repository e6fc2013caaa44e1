/**
 * Runs a program of the tests to its exit status: 130 when it is told to end, 2 with one line when it fails. What it has
 * started ends with this process, by handlers of its exit.
 */
export async function runMain(main: () => Promise<number>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
