import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Growth } from './results.js';

/** From many to very many: what grows faster than the guests shows there. */
export const SIZES = [100, 1000, 10_000, 50_000] as const;

/** The part of a build that measures one size. */
const MEASURE = 'build/test/bench/growth/measure.js';

/**
 * What work of the main thread costs at each size, without a kernel: the daemon's own part.
 * @param against another checkout with a build, which is measured if it has this measure; null for none
 */
export function growth(sizes: readonly number[], quick: boolean, against: string | null): Growth[] {
  const here = fileURLToPath(new URL('growth/measure.js', import.meta.url));
  const measured = sizes.map((guests) => measure(here, guests, quick));
  const other = path.join(against ?? '', MEASURE);
  const others = against !== null && existsSync(other) ? sizes.map((guests) => measure(other, guests, quick)) : null;
  return Object.keys(measured[0] ?? {}).map((what) => ({
    what,
    sizes: [...sizes],
    figures: measured.map((each) => each[what] ?? NaN),
    others: others && others.map((each) => each[what] ?? NaN),
  }));
}

function measure(program: string, guests: number, quick: boolean): Record<string, number> {
  const args = ['--expose-gc', program, String(guests), ...(quick ? ['quick'] : [])];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 20 })) as Record<
    string,
    number
  >;
}

/** Figures below this are mostly the clock and the garbage collector: how they grow says nothing. */
const LEAST = 1;

/**
 * By which power of the number of guests a figure grows between neighbouring sizes; null where both are too small to tell.
 * 1 is in proportion, 2 with the square.
 */
export function exponents({ sizes, figures }: Pick<Growth, 'sizes' | 'figures'>): (number | null)[] {
  return figures.slice(1).map((figure, n) => {
    const [before = NaN, size = NaN, larger = NaN] = [figures[n], sizes[n], sizes[n + 1]];
    if (figure < LEAST) return null;
    return Math.log(figure / Math.max(before, LEAST / 10)) / Math.log(larger / size);
  });
}

/** Nothing is to grow faster than this. */
export const WORST = 1.1;
