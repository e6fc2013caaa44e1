import { describe, dissect, ETHERTYPE } from '../../support/dissect.js';
import type { Capture, CapturedFrame } from './capture.js';
import type { Guest } from './hypervisor.js';

/** Filter of a capture that is to see announcements only, tagged or not. */
export const RARP_FILTER = 'rarp or (vlan and rarp) or (vlan and vlan and rarp)';

/** A RARP frame as `MAC [vid vid]`, its tags the outermost first, those of 802.1ad marked. */
function label(mac: string, tags: readonly { tpid: number; vid: number }[]): string {
  return `${mac} [${tags.map(({ tpid, vid }) => (tpid === 0x88a8 ? `ad:${vid}` : `${vid}`)).join(' ')}]`;
}

/** What must be announced for these guests: each that can be reached, once, with its tags. Sorted. */
export function expected(guests: readonly Guest[]): string[] {
  return guests.flatMap(({ mac, wire }) => (wire === null ? [] : [label(mac, wire)])).sort();
}

/** The RARP frames among `frames`, in the same form. Sorted. */
export function announced(frames: readonly CapturedFrame[]): string[] {
  return rarps(frames)
    .map(({ src, tags }) => label(src, tags))
    .sort();
}

/** The RARP frames among `frames`, taken apart. */
export function rarps(frames: readonly CapturedFrame[]): ReturnType<typeof dissect>[] {
  return frames.map(({ bytes }) => dissect(bytes)).filter(({ etherType }) => etherType === ETHERTYPE.rarp);
}

/** Waits for `count` RARP frames beyond those that are there, and for what comes right behind them. */
export async function nextRound(capture: Capture, count: number, timeout = 10_000): Promise<CapturedFrame[]> {
  const before = capture.frames.length;
  const seen = (): CapturedFrame[] => capture.frames.slice(before);
  await capture.waitFor(() => rarps(seen()).length >= count, { timeout }).catch(() => undefined);
  await capture.settled();
  return seen();
}

/** The frames one a line in tcpdump's manner, for a test's output. */
export function listing(frames: readonly CapturedFrame[]): string {
  return frames.map(({ bytes }) => describe(bytes)).join('\n');
}
