import { BROADCAST_MAC } from '../addr/mac.js';
import { FrameError } from '../errors.js';
import { ETH_P_ARP } from '../frames/arp.js';
import { decodeEthernet, encodeEthernet, stackKey, type Tag } from '../frames/ethernet.js';
import { ETH_P_IP } from '../frames/ipv4.js';
import { LruMap } from '../lru-map.js';

/** How a frame passed the active link: it left by it, or came in. */
type Passage = 'out' | 'in';

/** A broadcast is on every link within so many seconds, however late a thread reads it; and a loss of frames is known. */
const SETTLED_AFTER = 2.5;

/** So many broadcasts wait to be found again, and so many that came in by standby links: of more, the oldest are no evidence. */
const BROADCASTS = 2048;

/** So many links and stacks of tags there is evidence of: all VLANs of three links, and those that stack. */
const EVIDENCE = 16_384;

/** In so many VLANs the same broadcast is told apart on a link. */
const STACKS = 8;

/** What is known of one stack of tags on one standby link. Times are in seconds on the monotonic clock. */
export interface Evidence {
  readonly link: number;
  /** As on the wire, the outermost first; without priority tags. */
  readonly tags: readonly Tag[];
  /** When a broadcast that passed the active link was last heard on this one too, with the same tags; null: never. */
  readonly carriedAt: number | null;
  /** How many passed the active link since, and were not heard here. */
  readonly missed: number;
  /** How many of these had come in by the active link, which carries that VLAN then. */
  readonly missedIn: number;
  readonly firstMissed: number | null;
  readonly lastMissed: number | null;
  /** When a broadcast, whosever, was last heard here with these tags; null: never. */
  readonly heardAt: number | null;
  /** With which tags the last of the missed was heard here instead; null: with none. */
  readonly instead: readonly Tag[] | null;
}

const NOTHING = { missed: 0, missedIn: 0, firstMissed: null, lastMissed: null, instead: null };

/** What an ARP or DHCP broadcast says, whatever padding a switch gave it, and its tags. */
interface Said {
  readonly what: string;
  readonly tags: readonly Tag[];
  readonly stack: string;
}

interface Broadcast extends Said {
  readonly at: number;
  readonly passage: Passage;
  /** When it was heard with the same tags, by the link. */
  readonly found: Map<number, number>;
  /** It is kept a while longer, to know those of another VLAN that say the same. */
  settled: boolean;
}

/** In which stacks of tags a broadcast was heard on a link, and when last. */
type Heard = ReadonlyMap<string, { readonly tags: readonly Tag[]; readonly at: number }>;

/**
 * Looks whether broadcasts that pass the active link of a bond are heard on its standby links too. Only ARP and DHCP count,
 * of which no two in different VLANs are alike: RARPs and queries of groups may be. What is not heard while frames of the
 * standby link are lost says nothing.
 */
export class CrossCheck {
  /** Those that passed the active link, the oldest first, by what they say and their tags. */
  private readonly passing = new LruMap<string, Broadcast>(BROADCASTS);
  /** By the link and what the broadcast says. */
  private readonly heardThere = new LruMap<string, Heard>(BROADCASTS);
  /** By the link and the stack of tags, as `heardAt`. */
  private readonly evidence = new LruMap<string, Evidence>(EVIDENCE);
  private readonly heardAt = new LruMap<string, number>(EVIDENCE);
  /** Since when each link is listened on, and until when frames of it were lost. */
  private readonly links = new Map<number, { readonly since: number; lossy: number }>();
  private readonly news = new Set<string>();
  private active: number | null = null;

  /** Which links are listened on from now on, beside the active one. What was known holds as long as that is the same. */
  follow(active: number | null, links: readonly number[], now: number): void {
    if (active !== this.active) this.forget();
    this.active = active;
    for (const link of this.links.keys()) if (!links.includes(link)) this.forgetLink(link);
    for (const link of links) if (!this.links.has(link)) this.links.set(link, { since: now, lossy: -Infinity });
  }

  /** A frame passed the active link. */
  passed(bytes: Uint8Array, passage: Passage, now: number): void {
    const said = this.links.size > 0 ? read(bytes) : null;
    if (!said || this.passing.has(said.what + said.stack)) return;
    const found = new Map<number, number>();
    for (const link of this.links.keys()) {
      const at = this.heardThere.get(`${link} ${said.what}`)?.get(said.stack)?.at;
      if (at !== undefined && now - at <= SETTLED_AFTER) found.set(link, at);
    }
    this.passing.set(said.what + said.stack, { ...said, at: now, passage, found, settled: false });
  }

  /** A broadcast came in by a standby link. */
  heard(link: number, bytes: Uint8Array, now: number): void {
    const said = this.links.has(link) ? read(bytes) : null;
    if (!said) return;
    const { what, tags, stack } = said;
    this.heardAt.set(`${link}${stack}`, now);
    this.passing.get(what + stack)?.found.set(link, now);
    const key = `${link} ${what}`;
    const others = [...(this.heardThere.get(key) ?? [])].slice(1 - STACKS);
    this.heardThere.set(key, new Map([...others, [stack, { tags, at: now }]]));
  }

  /** Frames that came in by a standby link were lost lately, up to now. @param link null: by any of them */
  lost(link: number | null, now: number): void {
    for (const [each, held] of this.links) if (link === null || each === link) held.lossy = now;
  }

  /** Judges the broadcasts that every link should have heard by now. To be called each second, after `lost`. */
  settle(now: number): void {
    const due = [...this.passing.values()].filter(({ at, settled }) => !settled && at + SETTLED_AFTER <= now);
    for (const [link, { since, lossy }] of this.links) {
      const alike = new Map<string, number>();
      for (const { what, found } of this.passing.values())
        if (!found.has(link)) alike.set(what, (alike.get(what) ?? 0) + 1);
      for (const broadcast of due) {
        const at = broadcast.found.get(link);
        if (at !== undefined) this.note(link, broadcast, { ...NOTHING, carriedAt: at });
        else if (Math.max(since, lossy) < broadcast.at - SETTLED_AFTER)
          this.missed(link, broadcast, alike.get(broadcast.what) === 1);
      }
    }
    for (const each of due) each.settled = true;
    for (const [key, { at }] of this.passing) if (at + 2 * SETTLED_AFTER <= now) this.passing.delete(key);
  }

  /** What has changed since the last call. */
  takeNews(): Evidence[] {
    const news = [...this.news].flatMap((key) => this.evidence.get(key) ?? []);
    this.news.clear();
    return news;
  }

  /** @param unique whether no other that was missed says the same */
  private missed(link: number, broadcast: Broadcast, unique: boolean): void {
    const { what, stack, passage, at } = broadcast;
    const held = this.evidence.get(`${link}${stack}`);
    const elsewhere = [...(this.heardThere.get(`${link} ${what}`) ?? [])].filter(
      ([other, heard]) => Math.abs(heard.at - at) <= SETTLED_AFTER && !this.passing.has(what + other),
    );
    this.note(link, broadcast, {
      missed: (held?.missed ?? 0) + 1,
      missedIn: (held?.missedIn ?? 0) + (passage === 'in' ? 1 : 0),
      firstMissed: held?.firstMissed ?? at,
      lastMissed: at,
      instead: unique && elsewhere.length === 1 ? (elsewhere[0]?.[1].tags ?? null) : null,
    });
  }

  private note(link: number, { tags, stack }: Broadcast, change: Partial<Evidence>): void {
    const key = `${link}${stack}`;
    const held = this.evidence.get(key) ?? { ...NOTHING, carriedAt: null };
    this.evidence.set(key, { ...held, ...change, link, tags, heardAt: this.heardAt.get(key) ?? null });
    this.news.add(key);
  }

  private forget(): void {
    for (const each of [this.passing, this.heardThere, this.evidence, this.heardAt, this.links, this.news])
      each.clear();
  }

  /** What was heard on it goes with it, so that nothing of before is taken for what is heard after. */
  private forgetLink(link: number): void {
    this.links.delete(link);
    for (const [key, each] of this.evidence) if (each.link === link) this.evidence.delete(key);
    this.heardThere.clear();
    this.heardAt.clear();
  }
}

function read(bytes: Uint8Array): Said | null {
  try {
    const frame = decodeEthernet(bytes);
    if (frame.destination !== BROADCAST_MAC) return null;
    if (frame.etherType !== ETH_P_ARP && frame.etherType !== ETH_P_IP) return null;
    const tags = frame.tags.filter(({ vid }) => vid !== 0);
    const what = Buffer.from(encodeEthernet({ ...frame, tags: [] })).toString('latin1');
    return { what, tags, stack: stackKey(tags) };
  } catch (error) {
    if (error instanceof FrameError) return null;
    throw error;
  }
}
