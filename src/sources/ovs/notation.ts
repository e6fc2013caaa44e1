/**
 * Values in the notation of RFC 7047 section 5.1. A set is `["set", [ATOM...]]`, or the bare atom where it has one; so
 * an optional value that is not there is the empty set. A map is `["map", [[ATOM, ATOM]...]]`. A reference to a row is
 * the atom `["uuid", TEXT]`.
 */

/** A row of a table: its columns by name. */
export type Columns = Readonly<Record<string, unknown>>;

/** The atoms of a set; null when the value is none. */
export function atoms(value: unknown): readonly unknown[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value[0] === 'uuid') return [value];
  return value[0] === 'set' && Array.isArray(value[1]) ? value[1] : null;
}

/** The rows that a set refers to; what is no reference is left out. */
export function references(value: unknown): string[] {
  return (atoms(value) ?? []).flatMap((atom) =>
    Array.isArray(atom) && atom[0] === 'uuid' && typeof atom[1] === 'string' ? [atom[1]] : [],
  );
}

/** The one atom of an optional value; undefined for the empty set; null when the value is neither. */
export function optional(value: unknown): unknown {
  const set = atoms(value);
  if (set === null || set.length > 1) return null;
  return set[0];
}

/** A text that may be absent; null when it is, or the value is something else. */
export function text(value: unknown): string | null {
  const atom = optional(value);
  return typeof atom === 'string' ? atom : null;
}

/** A whole number from `least` to `most`; null when it is absent, or the value is something else. */
export function whole(value: unknown, least: number, most: number): number | null {
  const atom = optional(value);
  return isWhole(atom, least, most) ? atom : null;
}

/** A set of whole numbers from `least` to `most`; null when the value is something else. */
export function wholes(value: unknown, least: number, most: number): number[] | null {
  const set = atoms(value);
  return set?.every((atom) => isWhole(atom, least, most)) ? [...set] : null;
}

/** What a map of texts has under a key; null when nothing. */
export function entry(value: unknown, key: string): string | null {
  const pairs: unknown = Array.isArray(value) && value[0] === 'map' ? value[1] : null;
  if (!Array.isArray(pairs)) return null;
  const found: unknown = pairs.find((pair: unknown) => Array.isArray(pair) && pair[0] === key);
  const text: unknown = Array.isArray(found) ? found[1] : null;
  return typeof text === 'string' ? text : null;
}

function isWhole(atom: unknown, least: number, most: number): atom is number {
  return Number.isInteger(atom) && (atom as number) >= least && (atom as number) <= most;
}
