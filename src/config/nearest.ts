/** A typo is at most so many letters added, left out, changed, or swapped with the next; and at most half of the word. */
const MAX_SLIPS = 2;

/** The word that `typed` was probably meant to be; undefined when none is near. Upper and lower case count the same. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  if (typed.length > 40) return undefined; // no key is that long, and the work grows with it
  const slips = words.map((word) => ({ word, count: distance(typed.toLowerCase(), word.toLowerCase()) }));
  const [best] = slips.sort((a, b) => a.count - b.count);
  return best && best.count <= MAX_SLIPS && 2 * best.count <= best.word.length ? best.word : undefined;
}

/** The optimal string alignment distance: Levenshtein's, with a swap of neighbours as one step. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
