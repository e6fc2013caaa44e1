import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { AnnounceConfig } from '../../../src/config/config.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import type { SyscallError } from '../../../src/errors.js';
import type { Verdict } from '../../../src/guests/verdict.js';
import { Announcements } from '../../../src/wire/announcements.js';
import { controlWords, EPOCH } from '../../../src/wire/batch-memory.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import type { DueFrame } from '../../../src/plan/turns.js';
import { Events } from '../../../src/tasks/events.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import type { SlicePort } from '../../../src/wire/slice-port.js';
import type { FirstRound } from '../../../src/wire/thread-messages.js';
import { dissect } from '../../support/dissect.js';
import { FakeClock } from '../../support/fake-clock.js';

export const BOND = asBond(4);
export const mac = (n: number): Mac => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}` as Mac;
export const FOREVER = 1000;

/** What the kernel says to the next calls: how many frames it takes, an errno, or null for all. */
type Kernel = (call: number, count: number) => number | string | null;

export class World {
  readonly clock = new FakeClock();
  readonly bonds = new Map<BondId, BondGuests>();
  readonly events = new Events<DaemonEvents>();
  /** What the kernel took: kind and address, and when. */
  readonly wire: { at: number; bond: number; what: string }[] = [];
  readonly told: string[] = [];
  readonly outAfter: [number, number][] = [];
  readonly orders: unknown[] = [];
  readonly announcements: Announcements;
  kernel: Kernel = () => null;
  beforeSend: () => void = () => undefined;
  slave: number | null = 2;
  openError: SyscallError | null = null;
  calls = 0;
  open = 0;

  constructor(guests: number, settings: Partial<AnnounceConfig> = {}) {
    this.bonds.set(BOND, this.guestsOf(BOND, guests));
    const { events } = this;
    events.on('announceable', (bond, key) => this.announcements.joined(bond, key));
    events.on('firstRoundOut', (bond, seconds) => void this.outAfter.push([bond, seconds]));
    events.on('refused', (_, kind, code, frames) => void this.told.push(`${frames} ${kind} ${code}`));
    events.on('due', (...order) => void this.orders.push(order));
    events.on('ended', (bond, { result, sent, refused }) =>
      this.told.push(`${bond} ${result} ${Object.values(sent).join()} ${refused}`),
    );
    const tools = {
      clock: this.clock,
      chance: () => 0,
      openPort: (bond: number) => this.port(bond),
      addressesOf: (_: number, { mac: whose }: { mac: Mac }) => [
        { ip: `10.0.0.${parseInt(whose.slice(-2), 16)}` as Ip, router: false, lastSeen: 0, withheld: null },
      ],
      events,
    };
    const config = { ...ANNOUNCE_DEFAULTS, ...settings };
    this.announcements = new Announcements(
      config,
      this.bonds,
      { ...tools, reportsOf: () => [] },
      () => this.slave,
      String,
    );
  }

  guestsOf(bond: number, count: number): BondGuests {
    const guests = new BondGuests(100_000, undefined, (key) => this.events.emit('announceable', asBond(bond), key));
    for (let n = 1; n <= count; n++) guests.update(mac(n), [this.verdict(n, asBond(bond))]);
    guests.batch.publish();
    return guests;
  }

  verdict(n: number, bond = BOND): Verdict {
    return { mac: mac(n), bond, tags: [], source: 'fdb', device: 7, lastSeen: null, suppressed: null, entry: null };
  }

  /** The failover thread has sent the first `turns` frames. */
  failover(turns: number, more: Partial<FirstRound> = {}): void {
    const bond = more.bond ?? BOND;
    const guests = this.bonds.get(bond);
    const epoch = guests ? Atomics.add(controlWords(guests.batch.memory), EPOCH, 1) + 1 : 0;
    const portion = { edition: 1, start: 0, count: guests?.batch.size ?? 0, turns };
    this.announcements.failover({
      bond, slave: 2, cause: 'failover', arrived: this.clock.now, sent: turns, errors: {}, portion, epoch, damped: null,
      firstFrame: 0, lastFrame: 0, ...more,
    }); // prettier-ignore
  }

  /** The failover thread has seen another failover; its message is on its way. */
  detect(): void {
    const guests = this.bonds.get(BOND);
    if (guests) Atomics.add(controlWords(guests.batch.memory), EPOCH, 1);
  }

  what(bond = BOND): string[] {
    return this.wire.filter((frame) => frame.bond === bond).map(({ what }) => what);
  }

  private port(bond: number): SlicePort {
    if (this.openError) throw this.openError;
    this.open++;
    return {
      capacity: 8,
      send: (frames, mayGo) => {
        this.beforeSend();
        return mayGo() ? this.send(bond, frames) : null;
      },
      close: () => void this.open--,
    };
  }

  private send(bond: number, frames: readonly DueFrame[]): number | string {
    const taken = this.kernel(this.calls++, frames.length) ?? frames.length;
    for (const { bytes } of typeof taken === 'number' ? frames.slice(0, taken) : []) {
      const { src, arp } = dissect(bytes);
      const what = `${arp?.op === 3 ? 'rarp' : 'garp'} ${parseInt(src.slice(-2), 16)}`;
      this.wire.push({ at: this.clock.now, bond, what });
    }
    return taken;
  }
}

export const ONE_ROUND = { schedule: [0] };
export const rarps = (...guests: number[]): string[] => guests.map((n) => `rarp ${n}`);
