/** So often a smaller input is tried. */
const ATTEMPTS = 1500;

/**
 * Cuts an input down: takes out halves, quarters, and so on, as long as what is left still fails.
 * @param fails whether an input fails in the same way
 */
export async function shrink(
  input: Uint8Array,
  fails: (input: Uint8Array) => Promise<boolean>,
  attempts = ATTEMPTS,
): Promise<Uint8Array> {
  let best = input;
  let left = attempts;
  for (let size = best.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < best.length && left > 0; left--) {
      const smaller = new Uint8Array([...best.subarray(0, at), ...best.subarray(at + size)]);
      if (await fails(smaller)) best = smaller;
      else at += size;
    }
  }
  return best;
}
