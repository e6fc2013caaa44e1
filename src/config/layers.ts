import type { Path } from './problems.js';

/** Values that stand over those of the layers before, and where each comes from. */
export interface Layer {
  readonly raw: unknown;
  /** Where a value of this layer stands, in words: a line of a file, an option. */
  readonly origin: (path: Path) => string;
}

/** An effective value, as it is written, and where it comes from. */
export interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly from: string;
}

type Section = Readonly<Record<string, unknown>>;

/**
 * Lays values over the defaults, the last layer uppermost. Sections are merged key by key; lists are replaced as a
 * whole. A section that a layer leaves empty changes nothing.
 * @returns the effective values, and each of them with its origin
 */
export function merge(defaults: Section, layers: readonly Layer[]): { raw: unknown; settings: Setting[] } {
  const settings: Setting[] = [];
  return { raw: mergeAt([], defaults, layers, settings), settings };
}

/** @param layers those that have a value here */
function mergeAt(path: readonly string[], base: unknown, layers: readonly Layer[], settings: Setting[]): unknown {
  const given = isSection(base) ? layers.filter(({ raw }) => raw !== null) : layers;
  const top = given.at(-1);
  if (!isSection(base) || !given.every(({ raw }) => isSection(raw))) {
    const setting = top ? { path, value: top.raw, from: top.origin(path) } : { path, value: base, from: 'default' };
    settings.push(setting);
    return setting.value;
  }
  const sections = given.map(({ raw, origin }) => ({ section: raw as Section, origin }));
  const keys = new Set([base, ...sections.map(({ section }) => section)].flatMap((section) => Object.keys(section)));
  const merged = [...keys].map((key): [string, unknown] => {
    const inner = sections.flatMap(({ section, origin }) =>
      Object.hasOwn(section, key) ? [{ raw: section[key], origin }] : [],
    );
    const innerBase = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, mergeAt([...path, key], innerBase, inner, settings)];
  });
  return Object.fromEntries(merged);
}

/** Whether a value is a section of the file, and no list. */
export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
