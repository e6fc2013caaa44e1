import { valueText } from '../config/problems.js';
import { ControlMessageError } from '../errors.js';

/** Takes a value out of a JSON document. @throws ControlMessageError naming `path` when it has another shape */
export type Check<T> = (value: unknown, path: string) => T;

/** The type that a check gives. */
export type Checked<C> = C extends Check<infer T> ? T : never;

function fail(path: string, wanted: string): never {
  throw new ControlMessageError(`${path}: expected ${wanted}`);
}

export const flag: Check<boolean> = (value, path) => (typeof value === 'boolean' ? value : fail(path, 'true or false'));

export function text(maxLength: number): Check<string> {
  return (value, path) =>
    typeof value === 'string' && value.length <= maxLength
      ? value
      : fail(path, `a string of at most ${maxLength} characters`);
}

/** A text that `parse` can read. @param wanted what it gives */
export function parsed<T>(parse: (text: string) => T | undefined, wanted: string): Check<T> {
  return (value, path) => (typeof value === 'string' ? parse(value) : undefined) ?? fail(path, wanted);
}

export function integer(min: number, max: number): Check<number> {
  return (value, path) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? value
      : fail(path, `a whole number from ${min} to ${max}`);
}

/** A number that need not be whole. */
export function quantity(min: number, max: number): Check<number> {
  return (value, path) =>
    typeof value === 'number' && value >= min && value <= max ? value : fail(path, `a number from ${min} to ${max}`);
}

export function literal<const T>(...values: readonly T[]): Check<T> {
  return (value, path) => {
    const found = values.find((candidate) => candidate === value);
    return found === undefined ? fail(path, values.map((each) => JSON.stringify(each)).join(' or ')) : found;
  };
}

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === null ? null : check(value, path));
}

/** A value that may be left out, which is the same as null. */
export function optional<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === undefined ? null : nullable(check)(value, path));
}

/** A value that others leave out, who mean `usual` by that. */
export function orElse<T>(usual: T, check: Check<T>): Check<T> {
  return (value, path) => (value === undefined ? usual : check(value, path));
}

export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) =>
    Array.isArray(value) ? value.map((item, index) => check(item, `${path}[${index}]`)) : fail(path, 'a list');
}

/** An object with any keys and values of one shape. */
export function recordOf<T>(check: Check<T>): Check<Readonly<Record<string, T>>> {
  return (value, path) => {
    const pairs = Object.entries(plainObject(value, path));
    return Object.fromEntries(pairs.map(([key, item]) => [key, check(item, `${path}[${valueText(key)}]`)]));
  };
}

type ObjectOf<S> = { readonly [K in keyof S]: Checked<S[K]> };

/** An object with these keys and no others. */
export function object<S extends Record<string, Check<unknown>>>(shape: S): Check<ObjectOf<S>> {
  return (value, path) => {
    const given = plainObject(value, path);
    const stray = Object.keys(given).find((key) => !Object.hasOwn(shape, key));
    if (stray !== undefined) throw new ControlMessageError(`${path}: unknown key ${valueText(stray)}`);
    const pairs = Object.entries(shape).map(([key, check]) => [
      key,
      check(Object.hasOwn(given, key) ? given[key] : undefined, `${path}.${key}`),
    ]);
    return Object.fromEntries(pairs) as ObjectOf<S>;
  };
}

/** Any object, its values unseen yet. */
export const plainObject: Check<Record<string, unknown>> = (value, path) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail(path, 'an object');
