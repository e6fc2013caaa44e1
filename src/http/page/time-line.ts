import { FRAME_KINDS, type FrameKind } from '../../config/config.js';
import type { FailoverRecord, RoundRecord } from '../../plan/failover-record.js';
import { duration } from '../../plan/words.js';
import { type Html, html } from './html.js';

/*
 * A failover as a picture: a lane for each kind of frame, a bar for each round, on a logarithmic axis, because the first
 * frame leaves within microseconds and the last half a minute later. Positions are in per cent: the picture is as wide as
 * the screen lets it, and its letters keep their size.
 */

const LANE = 20;
const TOP = 12;
const AXIS = TOP + FRAME_KINDS.length * LANE;
const HEIGHT = AXIS + 18;

/** The decades of the axis, as powers of ten of seconds: from 10 µs to 100 s, or further where there is need. */
const FIRST_DECADE = -5;
const LAST_DECADE = 2;
const MAX_DECADE = 6;

/** The picture of a failover; empty when nothing was sent. */
export function timeLine(record: FailoverRecord): Html {
  if (record.firstFrame === null) return html`<p class="empty">No frame was sent.</p>`;
  const end = Math.max(record.firstFrame, record.lastRarp ?? 0, ...record.rounds.map((round) => round.end));
  const last = Math.min(Math.max(LAST_DECADE, Math.ceil(Math.log10(end))), MAX_DECADE);
  const at = (seconds: number): string => position(seconds, last);
  const labels = FRAME_KINDS.map((kind) => html`<span>${kind.toUpperCase()}</span>`);
  return html`<div class="line">
    <div class="lanes" aria-hidden="true">${labels}</div>
    <svg role="img" width="100%" height="${HEIGHT}" aria-label="${description(record)}">
      ${axis(last, at)} ${FRAME_KINDS.map((kind, lane) => bars(record, kind, TOP + lane * LANE + LANE / 2, at))}
    </svg>
  </div>`;
}

function position(seconds: number, last: number): string {
  const share = (Math.log10(Math.max(seconds, 1e-9)) - FIRST_DECADE) / (last - FIRST_DECADE);
  return `${(2 + 96 * Math.max(0, Math.min(share, 1))).toFixed(2)}%`;
}

function axis(last: number, at: (seconds: number) => string): Html[] {
  const decades = Array.from({ length: last - FIRST_DECADE - 1 }, (_, n) => FIRST_DECADE + 1 + n);
  const start = html`<line class="start" x1="${at(0)}" x2="${at(0)}" y1="2" y2="${AXIS}" /><text
      class="main"
      x="${at(0)}"
      y="${HEIGHT - 4}"
      >0</text
    >`;
  return [
    start,
    ...decades.map((decade) => {
      const x = at(10 ** decade);
      const label = decadeLabel(decade);
      // A narrow screen has room for every third label.
      return html`<line x1="${x}" x2="${x}" y1="${TOP}" y2="${AXIS}" /><text
          class="${decade % 3 === 0 ? 'main' : 'fine'}"
          x="${x}"
          y="${HEIGHT - 4}"
          >${label}</text
        >`;
    }),
  ];
}

const decadeLabel = (decade: number): string => duration(10 ** decade).replace('1000 µs', '1 ms');

/** The bars of one kind. */
function bars(record: FailoverRecord, kind: FrameKind, y: number, at: (seconds: number) => string): Html[] {
  return record.rounds
    .filter(({ sent }) => sent[kind] > 0)
    .map((round) => spanOf(record, round, kind))
    .map(([from, to]) => html`<line class="${kind}" x1="${at(from)}" x2="${at(to)}" y1="${y}" y2="${y}" />`);
}

/** From when to when frames of a kind may have gone in a round. In the first, RARP goes before all else. */
function spanOf(
  record: FailoverRecord,
  { round, start, end }: RoundRecord,
  kind: FrameKind,
): [from: number, to: number] {
  if (round !== 1) return [start, end];
  const rarpOut = Math.max(start, record.firstRoundOut ?? record.lastRarp ?? start);
  return kind === 'rarp' ? [start, rarpOut] : [Math.min(Math.max(start, record.lastRarp ?? start), end), end];
}

function description({ firstFrame, rounds }: FailoverRecord): string {
  const last: RoundRecord | undefined = rounds.at(-1);
  return `Timeline: first frame after ${duration(firstFrame ?? 0)}, last frame after ${duration(last?.end ?? firstFrame ?? 0)}; see the figures below`;
}
