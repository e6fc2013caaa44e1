import assert from 'node:assert/strict';
import type { BondheraldError } from '../../../src/errors.js';

/** A class of errors. */
type ErrorClass = abstract new (...values: never[]) => BondheraldError;

/** A message is for one line of a log: no longer than that, and nothing in it that ends a line or moves a cursor. */
export function assertOneLine(message: string, most = 1000): void {
  assert.doesNotMatch(message, /[\p{Cc}\u2028\u2029]/u, 'a message that is not one line');
  assert.ok(message.length > 0 && message.length <= most, `a message of ${message.length} characters`);
}

/**
 * What `act` gives; undefined when it ends with one of the documented errors. Every other one goes through.
 * @param most how long its message may be
 */
export function only<T>(classes: readonly ErrorClass[], act: () => T, most?: number): T | undefined {
  try {
    return act();
  } catch (error) {
    documented(classes, error, most);
    return undefined;
  }
}

/** The same for what takes its time. */
export async function onlyAsync<T>(classes: readonly ErrorClass[], act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    documented(classes, error);
    return undefined;
  }
}

function documented(classes: readonly ErrorClass[], error: unknown, most?: number): void {
  if (!classes.some((each) => error instanceof each)) throw error;
  assertOneLine((error as Error).message, most);
}
