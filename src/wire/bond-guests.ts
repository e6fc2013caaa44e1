import type { Mac } from '../addr/mac.js';
import type { SuppressReason, Verdict } from '../guests/verdict.js';
import type { Place } from '../plan/turns.js';
import type { Source } from '../sources/sighting.js';
import { encodeRarp } from '../frames/arp.js';
import { frameKey } from '../frames/ethernet.js';
import type { BatchMemory } from './batch-memory.js';
import { BatchWriter } from './batch-writer.js';

/** A guest as a bond's batch knows it. */
interface Entry {
  readonly source: Source;
  readonly suppressed: SuppressReason | null;
}

/**
 * Keeps the batch of one bond in step with the verdicts on its guests. Bounded by `capacity`; a guest beyond it is
 * not announced, and counted as one too many.
 */
export class BondGuests {
  readonly batch: BatchWriter;
  /** By MAC, then by the key of the frame. */
  private readonly entries = new Map<Mac, Map<string, Entry>>();
  /** Whose the frames of the batch are, by their keys. */
  private readonly places = new Map<string, Place>();
  // Counted as they come and go: a scrape must not walk through 50,000 guests.
  private readonly bySource = new Map<Source, number>();
  private readonly byReason = new Map<SuppressReason, number>();
  /** How many were heard leaving, are explained by nothing else, and are not announced. */
  private unexplained = 0;

  /** @param announceable called for each guest that becomes so, with the key of its frame */
  constructor(
    capacity: number,
    memory?: BatchMemory,
    private readonly announceable: (key: string) => void = () => undefined,
  ) {
    this.batch = new BatchWriter(capacity, memory);
  }

  /** Replaces what is known of `mac`: its verdicts for this bond, none when it is gone. */
  update(mac: Mac, verdicts: readonly Verdict[]): void {
    const held = this.entries.get(mac);
    if (!held && verdicts.length === 0) return;
    const judged = new Map(verdicts.map((verdict) => [frameKey(verdict), verdict]));
    for (const key of held?.keys() ?? []) if (judged.get(key)?.suppressed !== null) this.withdraw(key);
    this.countEach(held, -1);
    const entries = new Map<string, Entry>();
    const added: string[] = [];
    for (const [key, verdict] of judged) {
      const isNew = !this.places.has(key);
      const suppressed = verdict.suppressed ?? this.announce(key, verdict);
      if (suppressed === null && isNew) added.push(key);
      entries.set(key, { source: verdict.source, suppressed });
    }
    this.countEach(entries, 1);
    if (entries.size > 0) this.entries.set(mac, entries);
    else this.entries.delete(mac);
    for (const key of added) this.announceable(key);
  }

  /** The keys of the frames. Goes on over changes: one that is added meanwhile comes as well, one that is removed does not. */
  keys(): Iterable<string> {
    return this.places.keys();
  }

  /** Whose frame has this key, and how it leaves; null when it is not announced. */
  place(key: string): Place | null {
    return this.places.get(key) ?? null;
  }

  private announce(key: string, { mac, tags }: Verdict): SuppressReason | null {
    if (this.places.has(key)) return null;
    if (!this.batch.put(key, encodeRarp(mac, tags))) return 'too-many';
    this.places.set(key, { mac, tags });
    return null;
  }

  private withdraw(key: string): void {
    this.batch.remove(key);
    this.places.delete(key);
  }

  macs(): Iterable<Mac> {
    return this.entries.keys();
  }

  /** Why a guest of this bond is not announced (null: it is): its verdict, or that there is no room for it. */
  reasonFor(verdict: Verdict): SuppressReason | null {
    return verdict.suppressed ?? this.entries.get(verdict.mac)?.get(frameKey(verdict))?.suppressed ?? null;
  }

  /** How many guests there are by source, announced or not. */
  countBySource(): ReadonlyMap<Source, number> {
    return this.bySource;
  }

  /** How many stations were heard leaving, are explained by no source, and are not announced. */
  countUnexplained(): number {
    return this.unexplained;
  }

  /** How many guests are not announced, by reason. */
  countSuppressed(): ReadonlyMap<SuppressReason, number> {
    return this.byReason;
  }

  /** The MACs of guests that are not announced for one of these reasons. Guests may come and go between two steps. */
  *leftOut(reasons: ReadonlySet<SuppressReason>): Generator<Mac> {
    for (const [mac, entries] of this.entries)
      if ([...entries.values()].some(({ suppressed }) => suppressed !== null && reasons.has(suppressed))) yield mac;
  }

  private countEach(entries: ReadonlyMap<string, Entry> | undefined, by: 1 | -1): void {
    for (const { source, suppressed } of entries?.values() ?? []) {
      addTo(this.bySource, source, by);
      if (suppressed !== null) addTo(this.byReason, suppressed, by);
      if (suppressed !== null && source === 'heard') this.unexplained += by;
    }
  }
}

/** Adds to a count; one that comes to nothing is forgotten. */
function addTo<K>(counts: Map<K, number>, key: K, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
