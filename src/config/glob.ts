/** Whether a character is one that a sign of a glob stands for. */
type Sign = (character: string) => boolean;

const STAR = '*';
const ANY: Sign = () => true;

/**
 * The names that a glob stands for, as glob(7) has it: `*` any characters, `?` one, `[abc]`, `[a-z]` and `[!a-z]` one of
 * a set; a range that runs backwards has nobody in it. A bracket that nothing closes stands for itself.
 *
 * No regular expression: with many stars one tries every way to share a name out among them, and who makes a port
 * chooses its name.
 */
export function globPattern(glob: string): { test(name: string): boolean } {
  const signs: (Sign | typeof STAR)[] = [];
  for (const [token, not, set] of glob.matchAll(/\[(!?)(\]?[^\]]*)\]|[^]/gu)) {
    if (token === STAR) signs.push(STAR);
    else if (token === '?') signs.push(ANY);
    else if (set === undefined) signs.push((character) => character === token);
    else signs.push(oneOf(set, not === '!'));
  }
  return { test: (name) => matches(signs, [...name]) };
}

/**
 * Each star takes as little as it can. When that turns out too little, only the last star takes one more: what stood
 * before it was found as early as can be, so that nothing is won by moving it.
 */
function matches(signs: readonly (Sign | typeof STAR)[], characters: readonly string[]): boolean {
  let [sign, at] = [0, 0];
  let star = { sign: -1, at: 0 };
  while (at < characters.length) {
    const wanted = signs[sign];
    if (wanted === STAR) {
      star = { sign: ++sign, at };
    } else if (wanted?.(characters[at] ?? '')) {
      sign++;
      at++;
    } else {
      if (star.sign < 0) return false;
      star = { ...star, at: star.at + 1 };
      [sign, at] = [star.sign, star.at];
    }
  }
  return signs.slice(sign).every((rest) => rest === STAR);
}

/** @param set characters, and ranges such as `a-z` */
function oneOf(set: string, not: boolean): Sign {
  const code = (character: string): number => character.codePointAt(0) ?? 0;
  const ranges = [...set.matchAll(/([^])-([^])|[^]/gu)];
  return (character) =>
    ranges.some(
      ([single, first = single, last = single]) => code(first) <= code(character) && code(character) <= code(last),
    ) !== not;
}
