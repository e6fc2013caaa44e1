import type * as z from 'zod';

/** The way to a value: keys, and positions in lists. */
export type Path = readonly PropertyKey[];

/** What is wrong with one value. */
export interface Problem {
  readonly path: Path;
  readonly text: string;
}

/** Values are shown as far as this. */
const SHOWN = 60;

/** `announce.rate.arp`, `guests.static[2].mac`. Never more than one line. */
export function pathText(path: Path): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[${step}]`;
    const key = /^[\w-]{1,40}$/.test(String(step)) ? String(step) : valueText(String(step));
    return before === '' ? key : `${before}.${key}`;
  }, '');
}

/** A value in one line, cut short where it is long. */
export function valueText(value: unknown): string {
  return shortLine(typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing'), SHOWN);
}

/** A text without the characters that end a line or command a terminal, cut off after `most` characters. */
export function shortLine(text: string, most: number): string {
  const clean = text.slice(0, most + 1).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return clean.length > most ? `${clean.slice(0, most)}…` : clean;
}

/** What a schema found wrong with `raw`: each message says what is legal; that of unknown keys has a line for each. */
export function problemsOf(error: z.ZodError, raw: unknown): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      const texts = issue.message.split('\n');
      return issue.keys.map((key, n) => ({ path: [...issue.path, key], text: texts[n] ?? '' }));
    }
    const value = valueAt(raw, issue.path);
    const wrong = value === undefined ? 'missing' : `invalid value ${valueText(value)}`;
    return [{ path: issue.path, text: `${wrong}; expected ${issue.message}` }];
  });
}

/** The value at the end of a path; undefined where the path leads nowhere. */
export function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}
