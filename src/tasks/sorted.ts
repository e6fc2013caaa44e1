import type { Slices } from './slices.js';

/** So many are sorted at once, or merged before it is looked whether the slice is over. */
const STEP = 256;

/** What two have to be compared by: negative where `a` comes first. */
type Compare<T> = (a: T, b: T) => number;

/** As Array.toSorted, in slices: sorts short runs, then merges them. @returns a new array */
export async function sortInSlices<T>(items: readonly T[], compare: Compare<T>, slices: Slices): Promise<T[]> {
  let runs: T[][] = [];
  for (let from = 0; from < items.length; from += STEP) {
    if (slices.isOver) await slices.pause();
    runs.push(items.slice(from, from + STEP).sort(compare));
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let n = 0; n < runs.length; n += 2)
      merged.push(await merge(runs[n] ?? [], runs[n + 1] ?? [], compare, slices));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge<T>(one: readonly T[], other: readonly T[], compare: Compare<T>, slices: Slices): Promise<T[]> {
  const merged: T[] = [];
  for (let [n, m] = [0, 0]; n < one.length || m < other.length;) {
    if (merged.length % STEP === 0 && slices.isOver) await slices.pause();
    const isOnes = m >= other.length || (n < one.length && compare(one[n] as T, other[m] as T) <= 0);
    merged.push((isOnes ? one[n++] : other[m++]) as T);
  }
  return merged;
}
