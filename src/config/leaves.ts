/** The kinds of values that the file may hold. The message of each says what is legal: "expected …". */
import * as z from 'zod';
import { nearest } from './nearest.js';

// A file is read once: code made for many would cost more than it saves.
z.config({ jitless: true });

/** A value that `read` can read; it gives undefined for one that is not legal. */
export function leaf<T>(legal: string, read: (value: unknown) => T | undefined): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: legal });
    return z.NEVER;
  });
}

/** A text that `read` can read. */
export function text<T>(legal: string, read: (value: string) => T | undefined): z.ZodType<T> {
  return leaf(legal, (value) => (typeof value === 'string' ? read(value) : undefined));
}

/** One of these words or values. */
export function oneOf<const V extends readonly (string | boolean)[]>(...values: V): z.ZodType<V[number]> {
  const legal = `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return leaf<V[number]>(legal, (value) => values.find((each) => each === value));
}

export const flag = oneOf(true, false);

/** A number from `min` to `max`. @param unit what it counts, with a blank before it */
export function number(min: number, max: number, unit = ''): z.ZodType<number> {
  return leaf(`a number from ${min} to ${max}${unit}`, (value) =>
    typeof value === 'number' && value >= min && value <= max ? value : undefined,
  );
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number, unit = ''): z.ZodType<number> {
  return leaf(`a whole number from ${min} to ${max}${unit}`, (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined,
  );
}

/** A duration between two others; read as seconds. */
export function duration(min: string, max: string): z.ZodType<number> {
  const [least = 0, most = 0] = [min, max].map(parseDuration);
  return text(`a duration from ${min} to ${max}, such as 500ms, 1.1s, 5m, 24h or 1d`, (value) => {
    const seconds = parseDuration(value);
    return seconds !== undefined && seconds >= least && seconds <= most ? seconds : undefined;
  });
}

/** How many items a list may have, and of what. */
interface ListOptions<T> {
  readonly of: string;
  readonly min?: number;
  readonly max: number;
  /** Two items of one key are a repetition; null for an item that may stand there often. */
  readonly key?: (item: T) => string | null;
}

/** A list without repetitions. */
export function list<T>(item: z.ZodType<T>, { of, min = 0, max, key = String }: ListOptions<T>): z.ZodType<T[]> {
  const legal = `a list of ${min === 0 ? 'at most' : `${min} to`} ${max} ${of}`;
  return z
    .array(item, { error: legal })
    .min(min, legal)
    .max(max, legal)
    .refine((items) => repetition(items, key) === undefined, {
      when: ({ value }) => Array.isArray(value), // an item that is not legal must not hide one that is there twice
      error: ({ input }) => `no duplicates: item [${repetition(input as T[], key)}] repeats another`,
    });
}

/** @returns where the first repetition stands; undefined for none */
function repetition<T>(items: readonly T[], key: (item: T) => string | null): number | undefined {
  const seen = new Set<string>();
  for (const [n, item] of items.entries()) {
    const name = item === z.NEVER || item === undefined ? null : key(item);
    if (name !== null && seen.has(name)) return n;
    if (name !== null) seen.add(name);
  }
  return undefined;
}

/** A section: these keys, and no others. */
export function section<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const keys = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, keys)).join('\n')
        : `a section with the keys ${keys.join(', ')}`,
  });
}

function unknownKey(key: string, keys: readonly string[]): string {
  const meant = nearest(key, keys);
  return meant === undefined
    ? `unknown key; expected one of ${keys.join(', ')}`
    : `unknown key; did you mean ${meant}?`;
}

/** A word in place of what the other schema reads. Its message must speak of both. */
export function orWord<const W extends string, T>(word: W, other: z.ZodType<T>): z.ZodType<W | T> {
  return z.unknown().transform((value, context): W | T => {
    if (value === word) return word;
    const result = other.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const { path } = issue;
      if (issue.code === 'unrecognized_keys') {
        context.issues.push({ ...issue, input: value as Record<string, unknown> });
      } else {
        const message = path.length === 0 ? `${word}, or ${issue.message}` : issue.message;
        context.issues.push({ code: 'custom', path, message, input: value });
      }
    }
    return z.NEVER;
  });
}

const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|[smhd])/g;

/** `500ms`, `1.1s`, `5m`, `24h`, `1d`, `1h30m`, in seconds; undefined for another text, as a number without unit. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(PART)) seconds += Number(amount) * SECONDS[unit as keyof typeof SECONDS];
  return Number.isFinite(seconds) ? Number(seconds.toFixed(6)) : undefined; // 1.1s is 1.1, not 1.1000000000000001
}
