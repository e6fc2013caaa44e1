import { dissect, ETHERTYPE } from '../../support/dissect.js';
import { until } from '../../support/until.js';
import type { Capture, CapturedFrame } from './capture.js';
import type { Guest } from './hypervisor.js';

/** Filter of a capture that is to see announcements only, tagged or not. */
export const RARP_FILTER = 'rarp or (vlan and rarp) or (vlan and vlan and rarp)';

/** A RARP frame as `MAC [vid vid]`, its tags the outermost first, those of 802.1ad marked. */
function label(mac: string, tags: readonly { tpid: number; vid: number }[]): string {
  return `${mac} [${tags.map(({ tpid, vid }) => (tpid === 0x88a8 ? `ad:${vid}` : `${vid}`)).join(' ')}]`;
}

/** A station of the host itself, which is announced like a guest. */
type Station = Pick<Guest, 'mac' | 'wire'>;

/** What must be announced for these guests: each that can be reached, once, with its tags. Sorted. */
export function expected(guests: readonly Station[]): string[] {
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

/**
 * Waits for `count` frames beyond those that are there, and for what comes right behind them. Resolves with fewer when
 * they do not come in time (ms): what is missing is for the test to say.
 */
export async function nextRound(capture: Capture, count: number, timeout = 10_000): Promise<CapturedFrame[]> {
  const before = capture.frames.length;
  const what = `${count} frames`;
  await until(() => capture.frames.length >= before + count, { what, timeout, every: 2 }).catch(() => undefined);
  await capture.settled();
  return capture.frames.slice(before);
}
