import { glyphs, paint, type Look } from './look.js';

/** Packets sent to a guest at about one moment, and how many of them arrived. */
export interface Sample {
  /** In ms since the cut. */
  at: number;
  sent: number;
  arrived: number;
}

/** What a line shows: from when to when, in ms since the cut, and how much of it in one cell. */
export interface Scale {
  from: number;
  to: number;
  cellMs: number;
}

const ROUND_STEPS = [5, 10, 20, 25, 40, 50, 100, 125, 200, 250, 500, 1000];
/** A packet that comes late does not make a cell look like an outage. */
const AS_GOOD_AS_ALL = 0.95;
/** Counters read while packets flow are up to 20 ms behind. */
const AS_GOOD_AS_ALL_SO_FAR = 0.7;

/** The finest scale of round steps that shows all of it in so many cells. */
export function scaleFor(from: number, to: number, cells: number): Scale {
  const cellMs = ROUND_STEPS.find((step) => (to - from) / step <= cells) ?? Math.ceil((to - from) / cells);
  return { from, to, cellMs };
}

/** The cell that shows a moment. */
export function cellOf(at: number, { from, cellMs }: Scale): number {
  return Math.floor((at - from) / cellMs);
}

export function cellCount({ from, to, cellMs }: Scale): number {
  return Math.ceil((to - from) / cellMs);
}

/** The share of the packets of each cell that arrived; null where none was sent, before the first and after the last. */
export function shares(samples: readonly Sample[], scale: Scale): (number | null)[] {
  const cells = Array.from({ length: cellCount(scale) }, () => ({ sent: 0, arrived: 0 }));
  for (const { at, sent, arrived } of samples) {
    const cell = cells[cellOf(at, scale)];
    if (cell === undefined) continue;
    cell.sent += sent;
    cell.arrived += arrived;
  }
  const last = cells.findLastIndex((cell) => cell.sent > 0);
  let before: number | null = null;
  return cells.map(({ sent, arrived }, index) => {
    if (index > last) return null;
    // A moment in which nothing was sent says nothing; it must not look like an outage.
    if (sent > 0) before = Math.min(1, arrived / sent);
    return before;
  });
}

/** One guest's line: a cell is as full as its packets arrived, and a dot where none did. `rough`: the run goes on. */
export function timeLine(samples: readonly Sample[], scale: Scale, look: Look, rough = false): string {
  const all = rough ? AS_GOOD_AS_ALL_SO_FAR : AS_GOOD_AS_ALL;
  const { levels, dark } = glyphs(look);
  const cells = shares(samples, scale).map((share) => {
    if (share === null) return ' ';
    if (share >= all) return levels.at(-1) ?? '';
    return share === 0 ? dark : (levels[Math.min(Math.ceil(share * levels.length), levels.length - 1) - 1] ?? '');
  });
  // Neighbours of one colour are painted together, or the escapes would outweigh the picture.
  const runs = cells.join('').match(darkOrNot(dark)) ?? [];
  return runs.map((run) => paint(look, run.startsWith(dark) ? 'red' : 'green', run)).join('');
}

function darkOrNot(dark: string): RegExp {
  return dark === '.' ? /\.+|[^.]+/g : /·+|[^·]+/g;
}

/** The marks above the lines: where the link was cut and where the bond switched, and what they mean. */
export function markers(switchedAt: number | null, scale: Scale, look: Look): string {
  const { cut, switched } = glyphs(look);
  const at = cellOf(0, scale);
  const gap = switchedAt === null ? 0 : Math.max(1, cellOf(switchedAt, scale) - at);
  const legend = switchedAt === null ? ' link cut' : ` link cut, bond on up2 ${switchedAt.toFixed(0)} ms later`;
  const marks = switchedAt === null ? cut : cut + ' '.repeat(gap - 1) + switched;
  return ' '.repeat(at) + paint(look, 'yellow', marks + legend);
}

/** The scale under the lines, with a mark every so many ms. */
export function axis(scale: Scale, everyMs: number, unit: 's' | 'ms', look: Look): string {
  let text = '';
  for (let at = Math.ceil(scale.from / everyMs) * everyMs; at <= scale.to; at += everyMs) {
    const column = cellOf(at, scale);
    const value = unit === 's' ? at / 1000 : at;
    const label = at === 0 ? '0' : `${value} ${unit}`;
    if (column < text.length || column + label.length > cellCount(scale) + label.length) continue;
    text = text.padEnd(column) + label;
  }
  return paint(look, 'dim', text);
}
