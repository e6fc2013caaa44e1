/**
 * A bond's announcements in virtual time: the failover thread's half, which sends the first round, and the main
 * thread's, which sends the rest, as the daemon connects them. Only the kernel, the clock and chance are replaced.
 */
import type { Ip } from '../../src/addr/ip.js';
import type { Mac } from '../../src/addr/mac.js';
import type { AnnounceConfig, FrameKind } from '../../src/config/config.js';
import type { Tag } from '../../src/frames/ethernet.js';
import type { Address, ReportsOf } from '../../src/plan/turns.js';
import { Events } from '../../src/tasks/events.js';
import { asBond } from '../../src/topology/bond-id.js';
import type { DaemonEvents } from '../../src/wire/events.js';
import type { PacketSender } from '../../src/sys/packets/packet-sender.js';
import { Announcements } from '../../src/wire/announcements.js';
import { controlWords, EPOCH } from '../../src/wire/batch-memory.js';
import { BondGuests } from '../../src/wire/bond-guests.js';
import type { AnnouncementTools } from '../../src/wire/bond-announcements.js';
import { type Moment, ReadyFirstRound } from '../../src/wire/first-round.js';
import type { SlicePort } from '../../src/wire/slice-port.js';
import type { FirstRound, RoundOutcome } from '../../src/wire/thread-messages.js';
import { ANNOUNCE_DEFAULTS } from './announce-defaults.js';
import { dissect, ETHERTYPE } from './dissect.js';
import { AddressSpace } from './batch-memory.js';
import { FakeClock } from './fake-clock.js';
import { seeded } from './seeded.js';

export interface SentFrame {
  at: number;
  kind: FrameKind | 'guest-arp';
  /** The guest's key, and the address. */
  id: string;
  /** A gratuitous ARP in the form of a reply. */
  reply?: true;
  /** The number of the failover that it is sent for. */
  run: number;
}

const BOND = asBond(4);
const SLAVE = 2;
const CAPACITY = 6000;
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const macOf = (n: number): Mac => `52:54:00:00:${hex(n >> 8)}:${hex(n & 0xff)}` as Mac;

export const guestKey = (n: number): string => `${macOf(n)} ${BOND}`;

export interface SimulationOptions {
  settings?: Partial<AnnounceConfig>;
  seed?: number;
  /** Frames a turn. */
  slice?: number;
  /** So many guests at most. */
  capacity?: number;
  /** What guests report of their multicast groups; nothing by default. */
  reportsOf?: ReportsOf;
}

export class Simulation {
  readonly sent: SentFrame[] = [];
  /** When failovers were announced, and which were not. */
  readonly announced: number[] = [];
  readonly damped: number[] = [];
  /** The addresses of those that are announced, by their keys. */
  readonly guests = new Map<string, Address[]>();
  /** How each announcement ended. */
  readonly results: string[] = [];
  /** How many frames of those offered the kernel takes, or the errno. */
  kernel: (offered: readonly SentFrame[]) => number | string = (offered) => offered.length;
  readonly #clock = new FakeClock();
  readonly #events = new Events<DaemonEvents>();
  readonly #bond: BondGuests;
  readonly #first: ReadyFirstRound;
  readonly #announcements: Announcements;
  readonly #control: Int32Array;
  #open = 0;

  constructor(options: SimulationOptions = {}) {
    const { settings = {}, seed = 1, slice = 64, capacity = CAPACITY, reportsOf = () => [] } = options;
    this.#bond = new BondGuests(capacity, undefined, (key) => this.#events.emit('announceable', BOND, key));
    this.#control = controlWords(this.#bond.batch.memory);
    const config = { ...ANNOUNCE_DEFAULTS, ...settings };
    const { memory } = this.#bond.batch;
    const rate = config.kinds.includes('rarp') ? config.rate.rarp : null;
    this.#first = new ReadyFirstRound(() => this.#sender(), {
      memory,
      capacity,
      rate,
      damping: config.damping,
    });
    const tools: AnnouncementTools = {
      reportsOf,
      clock: this.#clock,
      chance: seeded(seed),
      openPort: () => this.#port(slice),
      addressesOf: (_, { mac }) => this.guests.get(`${mac} ${BOND}`) ?? [],
      events: this.#events,
    };
    this.#announcements = new Announcements(config, new Map([[BOND, this.#bond]]), tools, () => SLAVE, String);
    this.#events.on('announceable', (bond, key) => this.#announcements.joined(bond, key));
    this.#events.on('guestsChanged', () => void this.#bond.batch.publish());
    this.#events.on('due', (_bond, _slave, cause) => this.#handOver(cause, this.#first.release(this.#moment())));
    this.#events.on('ended', (_, { result }) => void this.results.push(result));
  }

  get now(): number {
    return this.#clock.now;
  }

  /** The number of the latest failover or release. */
  get run(): number {
    return Atomics.load(this.#control, EPOCH);
  }

  /** Whether an announcement lasts. */
  get running(): boolean {
    return this.#open > 0;
  }

  add(n: number, ...ips: string[]): void {
    this.guests.set(
      guestKey(n),
      ips.map((ip) => ({ ip: ip as Ip, router: false, lastSeen: this.now, withheld: null })),
    );
    const here = { bond: BOND, tags: [], source: 'fdb', device: 7, lastSeen: null, suppressed: null, entry: null };
    this.#bond.update(macOf(n), [{ mac: macOf(n), ...here, source: 'fdb' }]);
    this.#bond.batch.publish();
  }

  /** A guest that waits for its bridge's port to forward. */
  addWaiting(n: number): void {
    const here = { bond: BOND, tags: [], device: 7, lastSeen: null, entry: null };
    this.#bond.update(macOf(n), [{ mac: macOf(n), ...here, source: 'fdb', suppressed: 'uplink-not-forwarding' }]);
  }

  remove(n: number): void {
    this.guests.delete(guestKey(n));
    this.#bond.update(macOf(n), []);
    this.#bond.batch.publish();
  }

  failover(): void {
    this.#handOver('failover', this.#first.failover(this.#moment()));
  }

  /** A station outside asks for an address. */
  ask(ip: string, tags: readonly Tag[] = []): void {
    this.#announcements.asked(BOND, [{ ip: ip as Ip, tags }]);
  }

  guestArp(frames: number): void {
    for (let n = 0; n < frames; n++) this.sent.push({ at: this.now, kind: 'guest-arp', id: '', run: this.run });
    this.#announcements.arpLeft(BOND, frames, this.now);
  }

  /** Lets so many seconds pass, and has everything done that is due. */
  advance(seconds: number): void {
    this.#clock.advance(seconds);
  }

  /** So many seconds pass in which the main thread is busy with something else: what is due waits. */
  stall(seconds: number): void {
    this.#clock.now += seconds;
  }

  of(kind: SentFrame['kind'], run?: number): SentFrame[] {
    return this.sent.filter((frame) => frame.kind === kind && (run === undefined || frame.run === run));
  }

  #moment(): Moment {
    return { now: this.now, sinceArrival: () => 0, pause: () => undefined };
  }

  /** What the thread did reaches the main thread. */
  #handOver(cause: FirstRound['cause'], outcome: RoundOutcome | null): void {
    if (!outcome) return;
    (outcome.damped === null ? this.announced : this.damped).push(this.now);
    this.#announcements.failover({ bond: BOND, slave: SLAVE, cause, arrived: this.now, ...outcome });
  }

  #sender(): PacketSender {
    const space = new AddressSpace(this.#bond.batch.memory);
    return {
      send: (messages, count) => this.#offer(space.frames(messages, count)),
      close: () => undefined,
    };
  }

  #port(capacity: number): SlicePort {
    this.#open++;
    return {
      capacity,
      send: (frames, mayGo) => (mayGo() ? this.#offer(frames.map(({ bytes }) => bytes)) : null),
      close: () => void this.#open--,
    };
  }

  #offer(frames: readonly Uint8Array[]): number | string {
    const offered = frames.map((bytes) => ({ at: this.now, run: this.run, ...read(bytes) }));
    const taken = this.kernel(offered);
    if (typeof taken === 'number') this.sent.push(...offered.slice(0, taken));
    return taken;
  }
}

/** What a frame is, and whose. */
function read(bytes: Uint8Array): Pick<SentFrame, 'kind' | 'id' | 'reply'> {
  const { src, etherType, arp, payload } = dissect(bytes);
  const key = `${src} ${BOND}`;
  if (etherType === ETHERTYPE.rarp) return { kind: 'rarp', id: key };
  if (etherType === ETHERTYPE.ipv4 && payload[9] === 2)
    return { kind: 'mcast', id: `${key} ${payload.toString('hex', 24)}` };
  if (etherType === ETHERTYPE.arp && arp)
    return { kind: 'garp', id: `${key} ${arp.spa}`, ...(arp.op === 2 && { reply: true }) };
  // RFC 4861 section 4.4: after the IPv6 header's 40 bytes, type 136; the target is 8 bytes on.
  if (etherType !== ETHERTYPE.ipv6 || payload[40] !== 136) throw new Error('a frame of no kind that is announced');
  const words = Array.from({ length: 8 }, (_, n) => payload.readUInt16BE(48 + 2 * n).toString(16));
  return { kind: 'na', id: `${key} ${new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)}` };
}

/** The most frames in any stretch of `seconds`. */
export function mostWithin(times: readonly number[], seconds: number): number {
  let most = 0;
  let from = 0;
  for (let n = 0; n < times.length; n++) {
    while ((times[n] ?? 0) - (times[from] ?? 0) >= seconds) from++;
    most = Math.max(most, n - from + 1);
  }
  return most;
}
