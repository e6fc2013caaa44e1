import { AFTER_MS, BEFORE_MS } from '../window.js';
import type { GuestResult } from '../events.js';
import type { RunView } from '../story.js';
import { paint, type Look } from './look.js';
import { axis, markers, scaleFor, timeLine, type Scale } from './time-line.js';

const INDENT = 2;
const VERDICT = 'dark to the end'.length;

/** How the demo calls its two runs. */
export const TITLES = { without: '1. Without bondherald', with: '2. With bondherald' } as const;

/** A run as it stands: for each guest what arrived when, and its outage once that is known. */
export function runPanel(run: RunView, look: Look): string[] {
  const scale = scaleFor(-BEFORE_MS, AFTER_MS, cellsIn(run, look));
  const legend = ` (one cell: ${scale.cellMs} ms; full: all arrived, dot: nothing did)`;
  const room = TITLES[run.kind].length + legend.length <= look.columns;
  const title = paint(look, 'bold', TITLES[run.kind]) + (room ? paint(look, 'dim', legend) : '');
  return [title, ...lines(run, scale, axis(scale, 1000, 's', look), look)];
}

const CLOSE_BEFORE_MS = 100;
const CLOSE_CELL_MS = 20;

/** The same around the cut, enlarged. */
export function closeUp(run: RunView, look: Look): string[] {
  const to = Math.min(AFTER_MS, CLOSE_CELL_MS * cellsIn(run, look) - CLOSE_BEFORE_MS);
  const scale = { from: -CLOSE_BEFORE_MS, to, cellMs: CLOSE_CELL_MS };
  const title = paint(look, 'bold', '   The same, closer') + paint(look, 'dim', ` (one cell: ${CLOSE_CELL_MS} ms)`);
  return [title, ...lines(run, scale, axis(scale, 200, 'ms', look), look)];
}

function lines(run: RunView, scale: Scale, axisLine: string, look: Look): string[] {
  const width = nameWidth(run);
  const before = ' '.repeat(INDENT + width + 1);
  const guests = run.guests.map(({ name }, index) => {
    const result = run.result?.guests[index];
    const line = timeLine(run.samples[index] ?? [], scale, look, result === undefined);
    const verdict = result === undefined ? '' : '  ' + verdictOf(result, look);
    return `${' '.repeat(INDENT)}${name.padEnd(width)} ${line}${verdict}`;
  });
  const marks = run.cut ? markers(run.switchedAt, scale, look) : '';
  return [before + marks, ...guests, before + axisLine].map((line) => line.trimEnd());
}

function verdictOf({ outageMs, darkAtEnd }: GuestResult, look: Look): string {
  if (darkAtEnd) return paint(look, 'red', 'dark to the end');
  return paint(look, 'green', `${outageMs.toFixed(0)} ms dark`);
}

function nameWidth(run: RunView): number {
  return Math.max(0, ...run.guests.map(({ name }) => name.length));
}

function cellsIn(run: RunView, look: Look): number {
  return look.columns - INDENT - nameWidth(run) - 1 - 2 - VERDICT;
}
