/** A host with many guests for the real parts of the daemon, without a kernel: what it costs is the daemon's own work. */
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { readConfig } from '../../../src/config/read-config.js';
import { Announcer } from '../../../src/daemon/announcer.js';
import { newHostState } from '../../../src/guests/host-state.js';
import type { KernelEvent } from '../../../src/kernel/events.js';
import { monotonic } from '../../../src/sys/clock.js';
import type { StartThread } from '../../../src/sys/process/thread.js';
import { Events } from '../../../src/tasks/events.js';
import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import type { BondGuests } from '../../../src/wire/bond-guests.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { FakeHost } from '../../support/host.js';
import { SAYS_NOTHING } from '../../support/story.js';
import { macOf } from '../macs.js';

/** A port may have 64 by default, and a bridge 1,024 ports. */
const GUESTS_A_PORT = 48;

const { config } = readConfig(null);

/** What one piece of work took of the main thread, in ms: in all, and its longest part without a turn for others. */
export interface Work {
  readonly total: number;
  readonly longest: number;
}

export class BusyHost {
  readonly fake = new FakeHost();
  readonly state = newHostState(config);
  readonly bonds = new Map<BondId, BondGuests>();
  readonly events = new Events<DaemonEvents>();
  readonly bond: BondId;
  private readonly soon: (() => void)[] = [];
  private readonly announcer: Announcer;

  /** @param bonds the guests are shared out among so many, each with a bridge of its own */
  constructor(
    readonly guests: number,
    bonds = 1,
  ) {
    const { fake } = this;
    this.bond = asBond(fake.index('bond0'));
    for (let n = 0; n < bonds; n++) this.addBridge(n);
    const rows: KernelEvent[] = [];
    for (let n = 0; n < guests; n++) {
      const [bridge, port] = [n % bonds, `tap${n % bonds}.${Math.floor(n / bonds / GUESTS_A_PORT)}`];
      if (Math.floor(n / bonds) % GUESTS_A_PORT === 0) this.addPort(port, bridge);
      rows.push(fake.fdb(macOf(n), port));
    }
    this.take(...fake.dump(), ...rows);
    for (let n = 0; n < guests; n++) this.hear(n, `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, n % bonds);
    const startThread = (() => ({ post: () => undefined })) as unknown as StartThread;
    const clock = { monotonic, soon: (task: () => void) => void this.soon.push(task) };
    this.announcer = new Announcer(this.state, this.bonds, config, this.events, startThread, clock);
    this.events.on('guestsChanged', () => this.announcer.refresh());
    this.work(() => undefined);
  }

  private addBridge(n: number): void {
    const { fake } = this;
    if (n > 0) fake.add(`bond${n}`, fake.get('bond0').details);
    fake.add(`br${n}`, { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 });
    fake.change(`bond${n}`, { master: fake.index(`br${n}`), bridgePortState: 3 });
  }

  addPort(name: string, bridge: number): void {
    this.fake.add(name, { type: 'other', kind: 'tun' });
    this.fake.change(name, { master: this.fake.index(`br${bridge}`), bridgePortState: 3 });
  }

  take(...events: readonly KernelEvent[]): void {
    for (const event of events) this.state.apply(event, monotonic());
  }

  /** A guest says that it has an address. */
  hear(n: number, ip: string, bond = 0): void {
    const said = { ...SAYS_NOTHING, mac: macOf(n) as Mac, tags: [], direction: 'out' as const, claims: [ip as Ip] };
    this.state.heard(asBond(this.fake.index(`bond${bond}`)), said, monotonic());
  }

  /** Something happens: what the announcer makes of it, to the end. */
  work(happens: () => void): Work {
    const first = timed(happens) + timed(() => this.announcer.refresh());
    let [total, longest] = [first, first];
    for (let task = this.soon.shift(); task; task = this.soon.shift()) {
      const took = timed(task);
      total += took;
      longest = Math.max(longest, took);
    }
    return { total, longest };
  }

  /** Until somebody new is announced, in ms. @param happens what he comes with */
  untilAnnounced(happens: () => void): number {
    let isOut = false;
    this.events.on('announceable', () => (isOut = true));
    const took = timed(() => {
      happens();
      this.announcer.refresh();
    });
    if (!isOut) throw new Error('the newcomer is not announced');
    this.work(() => undefined);
    return took;
  }
}

/** How long an act takes, in ms. */
export function timed(act: () => void): number {
  const began = performance.now();
  act();
  return performance.now() - began;
}
