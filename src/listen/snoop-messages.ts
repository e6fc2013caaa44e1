import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import { stackKey, type Tag } from '../frames/ethernet.js';
import type { Question } from '../plan/turns.js';
import type { BondId } from '../topology/bond-id.js';
import { SnoopThreadError } from '../errors.js';
import type { Hearing } from '../sources/hearing.js';
import type { Evidence } from '../standby/cross-check.js';
import type { Heard, HeardGroups, HeardIgnoreReason } from '../sources/snoop.js';
import { moduleUrl } from '../sys/program.js';
import type { WantedHearing } from './bond-listener.js';

/** The thread that listens on bonds, for a ThreadHandle. */
export const LISTENING_THREAD = {
  name: 'the listening thread',
  url: moduleUrl('listen/snoop-thread.js'),
  failure: SnoopThreadError,
};

/** From the daemon to the listening thread. `watch` is answered. */
export type ToSnoopThread =
  | {
      readonly type: 'watch';
      readonly bond: BondId;
      /** For a bond of Open vSwitch, which is no device itself: the devices that it is heard on; else null. */
      readonly members: readonly number[] | null;
      readonly active: number | null;
      readonly wanted: WantedHearing;
    }
  /** Another member of a bond of Open vSwitch is the active one. */
  | { readonly type: 'active'; readonly bond: BondId; readonly active: number | null }
  /** We are about to send these frames by a bond, or to have Open vSwitch send them. */
  | {
      readonly type: 'sending';
      readonly bond: BondId;
      readonly frames: readonly Uint8Array[];
      /** By a bond of Open vSwitch in front of this one: they leave without our mark. */
      readonly relayed?: true;
    }
  /** These links of the bond are not active, and are listened on from now on; none once the bond is forgotten. */
  | {
      readonly type: 'standby';
      readonly bond: BondId;
      readonly active: number | null;
      readonly links: readonly number[];
    }
  | { readonly type: 'forget'; readonly bond: BondId }
  /** A batch has been dealt with: another may come. */
  | { readonly type: 'taken' };

/** What one bond was heard of in one turn of the thread. */
interface HeardBatch {
  /** Each thing once, however often it was heard; in the order in which they were heard last. */
  readonly heard: readonly Heard[];
  /** Which addresses stations outside asked for, each once. */
  readonly asked: readonly Question[];
  /** How many ARP frames left, those included that said the same. */
  readonly arpLeft: number;
  /** In the order in which they were heard. */
  readonly groups: readonly HeardGroups[];
  readonly ignored: Readonly<Partial<Record<HeardIgnoreReason | 'groups-flood', number>>>;
}

/** From the listening thread to the daemon. */
export type FromSnoopThread =
  /** The bond is heard in another way from now on. */
  | { readonly type: 'hearing'; readonly bond: BondId; readonly hearing: Hearing }
  /** `at`: when the thread read the frames, monotonic clock, seconds: some ms after they passed, more in a flood. */
  | ({ readonly type: 'heard'; readonly bond: BondId; readonly at: number } & HeardBatch)
  /** What is new of the links of a bond that are not active. */
  | { readonly type: 'standby'; readonly bond: BondId; readonly evidence: readonly Evidence[] }
  /** A link that is not active cannot be listened on. */
  | { readonly type: 'standbyDeaf'; readonly bond: BondId; readonly link: number; readonly reason: string }
  /** So many frames came faster than they were read. */
  | { readonly type: 'lost'; readonly count: number };

/** How many batches may be on their way to the daemon; then the thread waits, and the kernel drops and counts. */
export const MAX_BATCHES_ON_THEIR_WAY = 8;

/** So many groups and sources of one station are passed on in one turn: a frame full, and more than is kept of it. */
const GROUPS_OF_ONE = 512;

/** And so many of all stations: each costs the daemon's thread a microsecond or two. */
const GROUPS_OF_ALL = 1024;

/** Collects what frames say. Bounded by the number of frames that its owner adds before it drains the batch. */
export class BatchOfHeard {
  private readonly heard = new Map<string, Heard>();
  private readonly asked = new Map<string, Question>();
  private readonly ignored = new Map<keyof HeardBatch['ignored'], number>();
  private arpLeft = 0;
  private readonly groups: HeardGroups[] = [];
  private groupsOfAll = 0;
  private readonly groupsOf = new Map<Mac, number>();

  add(what: Heard | HeardGroups | HeardIgnoreReason): void {
    if (typeof what === 'string') return this.ignore(what);
    if ('groups' in what) return this.addGroups(what);
    if (what.arp && what.direction === 'out') this.arpLeft++;
    if (what.asks !== undefined && what.direction === 'in') this.ask(what.asks, what.tags);
    const key = keyOf(what);
    this.heard.delete(key); // when two claim one address in turn, the last must come last
    this.heard.set(key, what);
  }

  /** @returns what was added since the last call; null for nothing */
  drain(): HeardBatch | null {
    const { heard, asked, ignored, arpLeft } = this;
    if (heard.size === 0 && ignored.size === 0 && this.groups.length === 0) return null;
    const lists = { heard: [...heard.values()], asked: [...asked.values()], groups: this.groups.splice(0) };
    const batch = { ...lists, ignored: Object.fromEntries(ignored), arpLeft };
    heard.clear();
    asked.clear();
    ignored.clear();
    this.arpLeft = 0;
    this.groupsOfAll = 0;
    this.groupsOf.clear();
    return batch;
  }

  /** A station that reports more than its share in this turn is heard no further in it. */
  private addGroups(what: HeardGroups): void {
    const { mac, groups } = what;
    const records = groups.type === 'report' ? groups.records : [];
    const count = records.reduce((sum, { sources }) => sum + 1 + sources.length, 0);
    const ofOne = (this.groupsOf.get(mac) ?? 0) + count;
    this.groupsOf.set(mac, ofOne);
    if (ofOne > GROUPS_OF_ONE || this.groupsOfAll + count > GROUPS_OF_ALL) return this.ignore('groups-flood');
    this.groupsOfAll += count;
    this.groups.push(what);
  }

  private ignore(reason: keyof HeardBatch['ignored']): void {
    this.ignored.set(reason, (this.ignored.get(reason) ?? 0) + 1);
  }

  private ask(ip: Ip, tags: readonly Tag[]): void {
    this.asked.set(`${ip} ${stackKey(tags)}`, { ip, tags });
  }
}

/** Whom it asks for is told apart: what it says of its sender is the same. */
function keyOf({ mac, tags, direction, claims, confirms, releases, ...says }: Heard): string {
  const { router, raSent, rsSent, arp, proof } = says;
  const stack = stackKey(tags);
  const addresses = `${claims.join()} ${confirms.join()} ${releases.join()}`;
  return `${mac} ${direction} ${stack} ${addresses} ${router} ${raSent} ${rsSent} ${arp} ${proof}`;
}
