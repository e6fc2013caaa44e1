/** A line of a document that stands for any number of lines. */
const ANY = '...';

/** MAC addresses of guests (KVM's prefix) are what a document is about; those of devices are the host's own. */
const GUEST = /^52:54:00(:[0-9a-f]{2}){3}$/;
const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/;

/** What follows the version of a package that is no release: the time and the name of its commit. */
const COMMIT = /\+\d{12}\.g[0-9a-f]+(?:\.changed)?/;

/** A line without its figures, times and the width of its columns. */
function shapeOf(line: string): string {
  const words = line.split(/\s+/).filter((word) => word !== '');
  return words
    .map((word) => (GUEST.test(word) ? word : MAC.test(word) ? 'MAC' : withoutFigures(word)))
    .join(' ')
    .replaceAll(/# (µs|ms|s)\b/g, '# s')
    .replaceAll(/\b(guest|frame)s\b/g, '$1');
}

function withoutFigures(word: string): string {
  return word
    .replace(COMMIT, '')
    .replaceAll(/(\d+[dhms])+(?![a-z])/g, '#')
    .replaceAll(/\d+(\.\d+)*/g, '#');
}

/**
 * Whether a program printed what a document shows, figures aside.
 * @param shown lines of a `text` block; `...` stands for any number of lines
 */
export function looksLike(printed: string, shown: readonly string[]): boolean {
  return fits(printed.trimEnd().split('\n').map(shapeOf), shown.map(shapeOf));
}

function fits(lines: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return lines.length === 0;
  if (first !== ANY) return lines[0] === first && fits(lines.slice(1), rest);
  return lines.some((_, at) => fits(lines.slice(at), rest)) || fits([], rest);
}
