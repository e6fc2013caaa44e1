import { decodeEthernet, retag } from '../frames/ethernet.js';
import { encodeRarp, ETH_P_RARP } from '../frames/arp.js';
import { FrameError } from '../errors.js';
import { LruMap } from '../lru-map.js';

/** So many frames are held; of more, the oldest go. */
const CAPACITY = 4096;

/**
 * Frames of a moment ago, to know them again: by all that they say, whatever padding and priority tag a switch gave
 * them. Holds CAPACITY frames. Times are in seconds on the monotonic clock.
 */
export class FrameBook {
  private readonly times = new LruMap<string, number>(CAPACITY);

  /** @param window for how long a frame is known again, in seconds */
  constructor(private readonly window: number) {}

  note(frame: Uint8Array, at: number): void {
    const key = keyOf(frame);
    if (key !== null) this.times.set(key, at);
  }

  has(frame: Uint8Array, at: number): boolean {
    const key = keyOf(frame);
    const noted = key === null ? undefined : this.times.get(key);
    return noted !== undefined && at - noted <= this.window;
  }
}

/** Whether a frame is a RARP as Open vSwitch, QEMU and we send it: about its own sender, and nothing else in it. */
export function isPlainRarp(frame: Uint8Array): boolean {
  const key = keyOf(frame);
  if (key === null) return false;
  const { etherType, source, tags } = decodeEthernet(frame);
  return etherType === ETH_P_RARP && key === keyOf(encodeRarp(source, tags));
}

/** null for bytes that are no frame. */
function keyOf(frame: Uint8Array): string | null {
  try {
    const tags = decodeEthernet(frame).tags.filter(({ vid }) => vid !== 0);
    return Buffer.from(retag(frame, tags)).toString('latin1');
  } catch (error) {
    if (error instanceof FrameError) return null;
    throw error;
  }
}
