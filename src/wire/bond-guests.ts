import type { Mac } from '../addr/mac.js';
import type { SuppressReason, Verdict } from '../guests/verdict.js';
import type { Place } from '../plan/turns.js';
import type { Source } from '../sources/sighting.js';
import { encodeRarp } from '../frames/arp.js';
import { frameKey, stackKey, type Tag } from '../frames/ethernet.js';
import type { BatchMemory } from './batch-memory.js';
import { BatchWriter } from './batch-writer.js';
import { FairShares } from './fair-shares.js';
import { SmallMap } from '../addr/small-map.js';

/** A guest as a bond's batch knows it. */
interface Entry {
  readonly source: Source;
  readonly suppressed: SuppressReason | null;
}

/** All there are: one for each source and reason. */
const ENTRIES = new Map<string, Entry>();

function entryOf(source: Source, suppressed: SuppressReason | null): Entry {
  const key = `${source} ${suppressed}`;
  const entry = ENTRIES.get(key) ?? { source, suppressed };
  ENTRIES.set(key, entry);
  return entry;
}

/**
 * Keeps the batch of one bond in step with the verdicts on its guests. Bounded by `capacity`; a place of a guest beyond it
 * is not announced, and counted as one too many: of whoever has most.
 */
export class BondGuests {
  readonly batch: BatchWriter;
  /** By MAC, then by the key of the frame. */
  private readonly entries = new Map<Mac, SmallMap<string, Entry>>();
  /** Whose the frames of the batch are, by their keys. */
  private readonly places = new Map<string, Place>();
  private readonly stackCounts = new StackCounts();
  /** null as long as no MAC has several places, and all have room. */
  private fair: FairShares | null = null;
  // Counted as they come and go: a scrape must not walk through 50,000 guests.
  private readonly bySource = new Map<Source, number>();
  private readonly byReason = new Map<SuppressReason, number>();
  /** How many were heard leaving, are explained by nothing else, and are not announced. */
  private unexplained = 0;

  /**
   * @param announceable called for each guest that becomes so, with the key of its frame
   * @param onCut called for each that has several places, and one of them not, because the batch is full
   * @param hurry has a MAC judged that is judged late, before anything is said of it
   */
  constructor(
    capacity: number,
    memory?: BatchMemory,
    private readonly announceable: (key: string) => void = () => undefined,
    private readonly onCut: (mac: Mac, key: string) => void = () => undefined,
    private readonly hurry: (mac: Mac) => void = () => undefined,
  ) {
    this.batch = new BatchWriter(capacity, memory);
  }

  /** Whether there is room for more. */
  get hasRoom(): boolean {
    return this.batch.size < this.batch.capacity;
  }

  /** Replaces what is known of `mac`: its verdicts for this bond, none when it is gone. */
  update(mac: Mac, verdicts: readonly Verdict[]): void {
    const held = this.entries.get(mac);
    if (!held && verdicts.length === 0) return;
    const judged = new Map(verdicts.map((verdict) => [frameKey(verdict), verdict]));
    for (const key of held?.keys() ?? []) if (judged.get(key)?.suppressed !== null) this.withdraw(key);
    const kept = new Set([...judged.keys()].filter((key) => this.places.has(key)));
    this.hold(mac, [...kept]);
    this.countEach(held?.values() ?? [], -1);
    const added: string[] = [];
    const entries = new SmallMap<string, Entry>();
    for (const [key, verdict] of judged) {
      const suppressed = verdict.suppressed ?? this.announce(key, verdict, kept.size + added.length);
      if (suppressed === null && !kept.has(key)) added.push(key);
      entries.set(key, entryOf(verdict.source, suppressed));
    }
    if (added.length > 0) this.hold(mac, [...kept, ...added]);
    this.countEach(entries.values(), 1);
    if (entries.size > 0) this.entries.set(mac, entries);
    else this.entries.delete(mac);
    for (const key of added) this.announceable(key);
    this.admitWaiting();
  }

  /**
   * The keys of the frames, the first of each MAC before its further ones. Goes on over changes: one that is added
   * meanwhile comes as well, one that is removed does not.
   */
  keys(): Iterable<string> {
    return this.fair ? this.firstsFirst() : this.places.keys();
  }

  private *firstsFirst(): Generator<string> {
    const further: string[] = [];
    for (const key of this.places.keys()) {
      if (this.batch.isFirst(key)) yield key;
      else further.push(key);
    }
    for (const key of further) if (this.places.has(key)) yield key;
  }

  /** Whose frame has this key, and how it leaves; null when it is not announced. */
  place(key: string): Place | null {
    const place = this.places.get(key);
    if (place) this.hurry(place.mac);
    return this.places.get(key) ?? null;
  }

  /** The RARP frame under a key; null when it is not announced. */
  rarp(key: string): Uint8Array | null {
    return this.place(key) && this.batch.bytes(key);
  }

  /** @param count how many places the MAC has */
  private announce(key: string, { mac, tags }: Verdict, count: number): SuppressReason | null {
    if (this.places.has(key)) return null;
    if (!this.hasRoom) this.takeFrom(this.fairly.loser(count));
    if (this.hasRoom) this.put(key, { mac, tags }, count === 0);
    else {
      this.fairly.wait(key, { mac, tags });
      if (count > 0) this.onCut(mac, key);
      return 'too-many';
    }
    return null;
  }

  private put(key: string, place: Place, first: boolean): void {
    this.batch.put(key, encodeRarp(place.mac, place.tags), first);
    this.places.set(key, place);
    this.stackCounts.count(place.tags, 1);
    this.fair?.leave(key);
  }

  private withdraw(key: string): void {
    this.batch.remove(key);
    const place = this.places.get(key);
    if (place) this.stackCounts.count(place.tags, -1);
    this.places.delete(key);
    this.fair?.leave(key);
  }

  /** A MAC has these places. One of them is among those that go first. */
  private hold(mac: Mac, keys: readonly string[]): void {
    const [key] = keys;
    if (key !== undefined && !keys.some((each) => this.batch.isFirst(each))) this.batch.promote(key);
    if (keys.length > 1) this.fairly.hold(mac, keys.length);
    else this.fair?.hold(mac, keys.length);
  }

  private get fairly(): FairShares {
    return (this.fair ??= new FairShares(this.batch.capacity));
  }

  /** The MAC gives up the place that it came to last. */
  private takeFrom(mac: Mac | undefined): void {
    const announced = mac === undefined ? [] : this.announcedOf(mac);
    const key = announced.pop();
    const place = this.places.get(key ?? '');
    if (mac === undefined || key === undefined || !place) return;
    this.withdraw(key);
    this.fairly.wait(key, place);
    this.hold(mac, announced);
    this.judgeAgain(mac, key, 'too-many');
    this.onCut(mac, key);
  }

  private admitWaiting(): void {
    for (const [key, place] of this.fair?.waiting() ?? []) {
      if (!this.hasRoom) return;
      const { mac } = place;
      this.put(key, place, false);
      this.judgeAgain(mac, key, null);
      this.hold(mac, this.announcedOf(mac));
      this.announceable(key);
    }
  }

  private announcedOf(mac: Mac): string[] {
    return [...(this.entries.get(mac) ?? [])].flatMap(([key, { suppressed }]) => (suppressed === null ? [key] : []));
  }

  private judgeAgain(mac: Mac, key: string, suppressed: SuppressReason | null): void {
    const entries = this.entries.get(mac);
    const entry = entries?.get(key);
    if (!entries || !entry) return;
    const judged = entryOf(entry.source, suppressed);
    entries.set(key, judged);
    this.countEach([entry], -1);
    this.countEach([judged], 1);
  }

  /** With which tags frames of guests leave, and those of how many. */
  stacks(): Iterable<StackCount> {
    return this.stackCounts.all();
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

  private countEach(entries: Iterable<Entry>, by: 1 | -1): void {
    for (const { source, suppressed } of entries) {
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

/** How many guests leave with a stack of tags. */
export interface StackCount {
  readonly tags: readonly Tag[];
  readonly guests: number;
}

/** Counts guests by the stack of tags that their frames leave with. Bounded by the guests that are counted. */
export class StackCounts {
  private readonly counts = new Map<string, StackCount>();

  /** @param by 1 for a guest that comes, -1 for one that goes */
  count(tags: readonly Tag[], by: 1 | -1): void {
    const key = stackKey(tags);
    const guests = (this.counts.get(key)?.guests ?? 0) + by;
    if (guests > 0) this.counts.set(key, { tags, guests });
    else this.counts.delete(key);
  }

  all(): Iterable<StackCount> {
    return this.counts.values();
  }
}
