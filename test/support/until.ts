import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait, and for what. */
export interface UntilOptions {
  /** What is awaited, for the message when it does not come. */
  what: string;
  /** In ms; 5,000 by default. */
  timeout?: number;
  /** Time between two looks, in ms; 10 by default. */
  every?: number;
}

/** By how much everything takes longer here: an emulated machine is told so by who starts it (test/lab/files.ts). */
const PATIENCE = Number(process.env.PATIENCE ?? '1');

/**
 * Looks until `look` gives something other than false, null or undefined, and resolves with it.
 * Rejects when the time is up, saying what was awaited.
 */
export async function until<T>(
  look: () => T | Promise<T>,
  { what, timeout = 20_000, every = 10 }: UntilOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const patience = timeout * PATIENCE;
  const deadline = performance.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) return seen as Exclude<T, false | null | undefined>;
    if (performance.now() > deadline) throw new Error(`waited ${patience} ms in vain: ${what}`);
    await sleep(every);
  }
}
