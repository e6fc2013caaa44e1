import type { World, WorldResult, WorldRun } from './types.js';

/** What became of one lab test file. */
export interface FileResult {
  file: string;
  passed: number;
  failed: number;
  /** Why the file counts as failed although no test of it says so; null otherwise. */
  problem: string | null;
  world: WorldResult;
}

/**
 * Runs one test file in a fresh world. A world that does not come up, a file in which no test ran and a test that was
 * skipped are failures: a lab that did not look has not shown anything.
 */
export async function runTestFile(world: World, file: string, run: Omit<WorldRun, 'command'>): Promise<FileResult> {
  const result = await world({ ...run, command: testCommand(file), env: { NO_COLOR: '1', ...run.env } });
  const counts = countsOf(result.output);
  const passed = counts.get('pass') ?? 0;
  const asked = counts.get('tests') ?? 0;
  const notPassed = asked - passed;
  const problem = problemOf(result, asked, counts, notPassed);
  const failed = problem === null ? notPassed : Math.max(1, notPassed);
  return { file, passed, failed, problem, world: { ...result, output: withoutSummary(result.output) } };
}

function problemOf(result: WorldResult, asked: number, counts: Map<string, number>, notPassed: number): string | null {
  if (result.problem !== null) return result.problem;
  const skipped = (counts.get('skipped') ?? 0) + (counts.get('todo') ?? 0);
  if (asked === 0) return `no test ran (exit status ${String(result.code)})`;
  if (skipped > 0) return `${skipped} skipped: a lab test runs or fails`;
  if (result.code !== 0 && notPassed === 0) return `exit status ${String(result.code)} although every test passed`;
  return null;
}

/** The file is its own process: `node --test` would count an empty file as a test passed. */
function testCommand(file: string): string[] {
  const reporter = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  return [process.execPath, '--enable-source-maps', '--test-force-exit', ...reporter, file];
}

const SUMMARY = /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** The figures at the end of the report; the last of each name counts, so a test cannot print its own. */
function countsOf(output: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of output.split('\n')) {
    const [, name, value] = SUMMARY.exec(line) ?? [];
    if (name !== undefined) counts.set(name, Number(value));
  }
  return counts;
}

/** The launcher prints the figures itself. */
function withoutSummary(output: string): string {
  const lines = output.split('\n').filter((line) => !SUMMARY.test(line));
  return lines.join('\n').trimEnd();
}
