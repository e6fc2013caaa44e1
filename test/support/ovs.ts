/** A host with Open vSwitch: the kernel's devices, the switch's configuration and its MAC tables, all by name. */
import type { Mac } from '../../src/addr/mac.js';
import { HostState } from '../../src/guests/host-state.js';
import type { Verdict } from '../../src/guests/verdict.js';
import type { LinkDetails, LinkEvent } from '../../src/kernel/events.js';
import type { OvsBond, OvsBridge, OvsInterface, OvsPort, OvsVlans } from '../../src/sources/ovs/config.js';
import { OFPORT_LOCAL } from '../../src/sources/ovs/config.js';
import type { Tag } from '../../src/frames/ethernet.js';
import { FakeHost } from './host.js';
import { guestSettings } from './settings.js';

export const GUEST = '52:54:00:00:00:01' as Mac;

const ALL: OvsVlans = { mode: 'trunk', tag: null, trunks: [], cvlans: [], ethertype: 0x8100 };
export const vlans = {
  all: ALL,
  access: (tag: number): OvsVlans => ({ ...ALL, mode: 'access', tag }),
  trunk: (...trunks: number[]): OvsVlans => ({ ...ALL, trunks }),
  nativeTagged: (tag: number, ...trunks: number[]): OvsVlans => ({ ...ALL, mode: 'native-tagged', tag, trunks }),
  nativeUntagged: (tag: number, ...trunks: number[]): OvsVlans => ({ ...ALL, mode: 'native-untagged', tag, trunks }),
  tunnel: (tag: number, ethertype: 0x8100 | 0x88a8 = 0x88a8, ...cvlans: number[]): OvsVlans => ({
    ...ALL,
    mode: 'dot1q-tunnel',
    tag,
    ethertype,
    cvlans,
  }),
};

/** An interface of the switch; system, up and with carrier unless a test says otherwise. */
export function iface(name: string, more: Partial<OvsInterface> = {}): OvsInterface {
  const standing = { ifindex: null, ofport: numberOf(name), peer: null, mac: null, up: true, lowerUp: true };
  return { uuid: `interface ${name}`, name, type: 'system', ...standing, ...more };
}

const numbers = new Map<string, number>();

function numberOf(name: string): number {
  const number = numbers.get(name) ?? numbers.size + 1;
  numbers.set(name, number);
  return number;
}

export function port(name: string, how: OvsVlans = ALL, more: Partial<OvsInterface> = {}): OvsPort {
  return { uuid: `port ${name}`, name, vlans: how, interfaces: [iface(name, more)], bond: null };
}

export const patch = (name: string, peer: string, how: OvsVlans = ALL): OvsPort =>
  port(name, how, { type: 'patch', peer });

/** The port of the bridge itself, of the bridge's name. */
export const local = (name: string, how: OvsVlans = ALL): OvsPort =>
  port(name, how, { type: 'internal', ofport: OFPORT_LOCAL });

export function ovsBond(name: string, members: string[], bond: Partial<OvsBond> = {}, how: OvsVlans = ALL): OvsPort {
  const interfaces = members.map((member) => iface(member));
  const active = interfaces[0]?.uuid ?? null;
  const settings = { mode: 'active-backup' as const, active, lacp: 'off' as const, updelay: 0, ...bond };
  return { uuid: `port ${name}`, name, vlans: how, interfaces, bond: settings };
}

export function bridge(name: string, ports: OvsPort[], more: Partial<OvsBridge> = {}): OvsBridge {
  return { uuid: `bridge ${name}`, name, programmed: false, macAgingTime: 300, macTableSize: 8192, ports, ...more };
}

/** A row: MAC, port, VLAN, age in seconds (null: static). */
export type Row = readonly [mac: string, port: string, vlan: number, age?: number | null];

/** With the datapath in the kernel the switch's ports are enslaved to a device of its own, with the other to none. */
export type Datapath = 'kernel' | 'userspace';

export class OvsHost {
  readonly kernel = new FakeHost();
  state: HostState;
  now = 0;
  private bridges: readonly OvsBridge[] = [];

  /** @param attach adds the kernel's devices; a name beginning with tap is a tap */
  constructor(
    bridges: readonly OvsBridge[],
    private readonly options: {
      readonly datapath?: Datapath;
      readonly attach?: (kernel: FakeHost) => void;
      readonly settings?: Parameters<typeof guestSettings>[0];
    } = {},
  ) {
    options.attach?.(this.kernel);
    if (options.datapath === 'kernel') this.kernel.add('ovs-system', { type: 'other', kind: 'openvswitch' });
    for (const { interfaces, bond } of bridges.flatMap(({ ports }) => ports)) {
      for (const each of interfaces) this.plug(each);
      if (bond) for (const { name } of interfaces) this.release(name);
    }
    this.state = this.begin(bridges);
  }

  /** The kernel has a device for each interface, but for those of other kinds and those that are elsewhere. */
  private plug({ name, type, up }: OvsInterface): void {
    if (type === 'internal' && !name.startsWith('qr-')) {
      const kind = this.options.datapath === 'kernel' ? 'openvswitch' : 'tun';
      this.kernel.add(name, { type: 'other', kind }, { address: '02:00:00:00:00:0a' as Mac });
    }
    if (type !== 'system') return;
    if (name.startsWith('tap')) this.kernel.add(name, { type: 'other', kind: 'tun' }, { up, lowerUp: up });
    if (this.options.datapath === 'kernel' && this.has(name)) {
      this.kernel.change(name, { master: this.kernel.index('ovs-system') });
    }
  }

  private has(name: string): boolean {
    return this.kernel.dump().some((event) => event.type === 'link' && event.name === name);
  }

  /** A link that the host's own bond has at first. */
  private release(name: string): void {
    if (name !== 'up1' && name !== 'up2') return;
    const master = this.options.datapath === 'kernel' ? this.kernel.index('ovs-system') : null;
    this.kernel.change(name, { master, bondSlaveActive: null });
    this.kernel.change('bond0', { details: { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 } });
  }

  begin(bridges = this.bridges): HostState {
    this.state = new HostState(guestSettings({ remember: 1000, ...this.options.settings }));
    this.take(...this.kernel.dump());
    this.config(...bridges);
    return this.state;
  }

  take(...events: Parameters<HostState['apply']>[0][]): void {
    for (const event of events) this.state.apply(event, this.now);
  }

  change(name: string, change: Partial<LinkEvent>): void {
    this.take(this.kernel.change(name, change));
  }

  add(name: string, details: LinkDetails, more: Partial<LinkEvent> = {}): void {
    this.kernel.add(name, details, more);
    this.take(this.kernel.get(name));
  }

  config(...bridges: OvsBridge[]): void;
  config(...bridges: readonly OvsBridge[]): void {
    this.bridges = bridges;
    this.state.setOvs({ bridges }, this.now);
  }

  /** All the rows of a bridge. @returns why rows were passed over */
  rows(name: string, ...rows: Row[]): unknown[] {
    const of = (port: string): number => {
      const found = this.bridges
        .flatMap(({ ports }) => ports.flatMap(({ interfaces }) => interfaces))
        .find((each) => each.name === port);
      if (!found) throw new Error(`no interface ${port}`);
      return found.ofport ?? 0;
    };
    const told = rows.map(([mac, from, vlan, age = 0]) => ({ mac: mac as Mac, ofport: of(from), vlan, age }));
    return this.state.ovs.setTable(`bridge ${name}`, told, this.now).map(({ reason }) => reason);
  }

  nameOf(ifindex: number | null): string {
    return this.state.topology.link(ifindex)?.name ?? '-';
  }

  /** What is said of a MAC: bond and tags, how it enters, and why it is not announced. */
  say(mac: string = GUEST): string[] {
    this.state.takeStale();
    return this.state.verdicts(mac as Mac).map((verdict) => this.describe(verdict));
  }

  private describe({ bond, tags, entry, suppressed }: Verdict): string {
    const way = [this.nameOf(bond), ...tags.map(tagText)].join('/');
    const from = entry ? ` from ${[this.nameOf(entry.port), ...entry.tags.map(tagText)].join('/')}` : '';
    return `${way}${from}${suppressed === null ? '' : ` (${suppressed})`}`;
  }
}

function tagText({ tpid, vid }: Tag): string {
  return tpid === 0x8100 ? `${vid}` : `${tpid.toString(16)}.${vid}`;
}
