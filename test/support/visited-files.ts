import { Session } from 'node:inspector/promises';

/** Values that everything is made of: they count for no file of a way. */
const VALUES = /^(errors\.ts|addr\/)/;

/**
 * The files of src/ in which a function runs while `run` does, in alphabetical order. All modules that the caller
 * imports are loaded by then, so that loading them counts for nothing.
 */
export async function visitedFiles(run: () => void): Promise<string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await session.post('Profiler.takePreciseCoverage'); // from here on counts begin at 0
    run();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const ran = result.filter(({ functions }) => functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)));
    const files = ran.flatMap(({ url }) => /\/build\/src\/(.*)\.js$/.exec(url)?.[1] ?? []).map((name) => `${name}.ts`);
    return files.filter((name) => !VALUES.test(name)).sort();
  } finally {
    await session.post('Profiler.stopPreciseCoverage');
    session.disconnect();
  }
}
