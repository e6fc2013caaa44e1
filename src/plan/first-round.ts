import { encodeRarp } from '../frames/rarp.js';
import { exitKey } from '../guests/exit-key.js';
import type { Verdict } from '../guests/verdict.js';

/** A frame of the first round. */
export interface PlannedFrame {
  /** Identifies the frame within its bond: a MAC and the tags it leaves with. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Identifies a verdict's frame. */
export function frameKey(verdict: Verdict): string {
  return `${verdict.mac} ${exitKey(verdict)}`;
}

/** The frame that announces a guest in the first round: RARP, for every MAC and stack of tags. */
export function planFirstRound(verdict: Verdict): PlannedFrame {
  return { key: frameKey(verdict), bytes: encodeRarp(verdict.mac, verdict.tags) };
}
