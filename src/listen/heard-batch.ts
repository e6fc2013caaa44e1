import type { Heard, HeardIgnoreReason } from '../sources/heard.js';
import type { HeardBatch } from './snoop-messages.js';

/** Collects what frames say. Bounded by the number of frames that its owner adds before it drains the batch. */
export class BatchOfHeard {
  private readonly heard = new Map<string, Heard>();
  private readonly ignored = new Map<HeardIgnoreReason, number>();
  private arpLeft = 0;

  add(what: Heard | HeardIgnoreReason): void {
    if (typeof what === 'string') {
      this.ignored.set(what, (this.ignored.get(what) ?? 0) + 1);
      return;
    }
    if (what.arp && what.direction === 'out') this.arpLeft++;
    const key = keyOf(what);
    this.heard.delete(key); // when two claim one address in turn, the last must come last
    this.heard.set(key, what);
  }

  /** @returns what was added since the last call; null for nothing */
  drain(): HeardBatch | null {
    const { heard, ignored, arpLeft } = this;
    if (heard.size === 0 && ignored.size === 0) return null;
    const batch = { heard: [...heard.values()], ignored: Object.fromEntries(ignored), arpLeft };
    heard.clear();
    ignored.clear();
    this.arpLeft = 0;
    return batch;
  }
}

function keyOf({ mac, tags, direction, claims, releases, router, raSent, rsSent, arp }: Heard): string {
  const stack = tags.map(({ tpid, vid }) => `${tpid}.${vid}`).join();
  return `${mac} ${direction} ${stack} ${claims.join()} ${releases.join()} ${router} ${raSent} ${rsSent} ${arp}`;
}
