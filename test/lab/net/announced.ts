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

/** The second round comes no earlier than 1.1 s after the first, in ms and with room for a busy machine. */
const FIRST_ROUND_MS = 900;

/** Of the frames of an announcement, those of its first round. */
export function firstRound(frames: readonly CapturedFrame[]): CapturedFrame[] {
  const began = frames[0]?.time ?? 0;
  return frames.filter(({ time }) => time < began + FIRST_ROUND_MS);
}

/**
 * Waits for `count` frames beyond those that are there, and for what comes right behind them; the rounds after the first
 * are left out. Resolves with fewer when they do not come in time (ms): what is missing is for the test to say.
 */
export async function nextRound(capture: Capture, count: number, timeout = 10_000): Promise<CapturedFrame[]> {
  const before = capture.frames.length;
  const what = `${count} frames`;
  await until(() => capture.frames.length >= before + count, { what, timeout, every: 2 }).catch(() => undefined);
  await capture.settled();
  return firstRound(capture.frames.slice(before));
}
