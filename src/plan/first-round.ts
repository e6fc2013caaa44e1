import { encodeRarp } from '../frames/arp.js';
import type { Verdict } from '../guests/verdict.js';
import { frameKey } from '../frames/ethernet.js';

/** A frame of the first round. */
export interface PlannedFrame {
  /** Identifies the frame within its bond: a MAC and the tags it leaves with. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** The frame that announces a guest in the first round: RARP, for every MAC and stack of tags. */
export function planFirstRound(verdict: Verdict): PlannedFrame {
  return { key: frameKey(verdict), bytes: encodeRarp(verdict.mac, verdict.tags) };
}
