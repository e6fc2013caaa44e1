import { asBond } from '../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import type { Mac } from '../../src/addr/mac.js';
import { HostState } from '../../src/guests/host-state.js';
import type { Direction, Heard } from '../../src/sources/snoop.js';
import { BOND, type Hypervisor, plainBridge } from '../lab/net/hypervisor.js';
import { FakeHost } from './host.js';
import { guestSettings } from './settings.js';

export const GUEST = '52:54:00:00:00:01' as Mac;
/** For so long silent guests are remembered, in seconds. */
export const REMEMBER = 100;

/** An ARP frame that says nothing of an address. */
export const SAYS_NOTHING = {
  ...{ claims: [], confirms: [], releases: [], router: null, raSent: false, rsSent: false },
  ...{ arp: true, proof: true },
};

/** A host whose guest has been learned behind a port, and time that passes when told. */
export class Story {
  readonly host: FakeHost;
  readonly state: HostState;
  now = 0;

  constructor(attach: (hv: Hypervisor) => void = plainBridge(2), change: Parameters<typeof guestSettings>[0] = {}) {
    this.state = new HostState(guestSettings({ total: 10, perPort: 4, remember: REMEMBER, ...change }));
    this.host = new FakeHost(attach);
    this.take(...this.host.dump());
    this.state.takeStale();
  }

  take(...events: Parameters<HostState['apply']>[0][]): void {
    for (const event of events) this.state.apply(event, this.now);
  }

  /** A frame of the guest passes the bond. */
  heard(direction: Direction, changes: Partial<Heard> = {}): void {
    const heard = { mac: GUEST, tags: [], direction, ...SAYS_NOTHING, ...changes };
    this.state.heard(asBond(this.host.index(BOND)), heard, this.now);
  }

  learned(port: string, vlan?: number): void {
    this.take(this.host.fdb(GUEST, port, vlan === undefined ? {} : { vlan }));
  }

  agedOut(port: string, vlan?: number): void {
    this.take(this.host.fdb(GUEST, port, { gone: true, ...(vlan === undefined ? {} : { vlan }) }));
  }

  /** The guest's addresses on the bond, each with why it is not announced and with its Router flag. */
  addresses({ mac = GUEST, vids = [] as number[] } = {}): unknown[] {
    this.state.takeStale();
    const way = { bond: asBond(this.host.index(BOND)), tags: vids.map((vid) => ({ tpid: 0x8100, vid })) };
    return this.state.addressesOf(mac, way, this.now).map(({ ip, router, withheld }) => [ip, withheld ?? router]);
  }

  /** Why the guest is not announced; null when it is, undefined when nobody knows it. */
  get verdict(): string | null | undefined {
    this.state.takeStale();
    const [verdict, ...more] = this.state.verdicts(GUEST);
    assert.deepEqual(more, []);
    return verdict?.suppressed;
  }
}
