/**
 * A host made of kernel events: the same `ip` and `bridge` lines that build the lab's hypervisor, carried out here as
 * the kernel would tell of them. So a shape is tried on a real kernel and without one.
 */
import { BOND, Hypervisor } from '../lab/net/hypervisor.js';
import type { Mac } from '../../src/addr/mac.js';
import type {
  BridgePortEvent,
  FdbEvent,
  KernelEvent,
  LinkDetails,
  LinkEvent,
  VlanRange,
} from '../../src/kernel/events.js';

const FORWARDING = 3;
const PROTOCOLS: Readonly<Record<string, number>> = { '802.1Q': 0x8100, '802.1ad': 0x88a8 };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The devices of a host, and the events that tell of them. */
export class FakeHost {
  private readonly links = new Map<string, Mutable<LinkEvent>>();
  private readonly vlans = new Map<string, VlanRange[]>();
  private next = 1;

  /** A host with an active-backup bond over two links, the first active; then whatever `attach` adds. */
  constructor(attach: (hv: Hypervisor) => void = () => undefined) {
    this.add('up1', { type: 'other', kind: null });
    this.add('up2', { type: 'other', kind: null });
    this.add(BOND, { type: 'bond', mode: 1, activeSlave: this.index('up1'), arpInterval: 0 });
    for (const slave of ['up1', 'up2'])
      this.change(slave, { master: this.index(BOND), bondSlaveActive: slave === 'up1' });
    const hv = new Hypervisor();
    attach(hv);
    for (const line of hv.ipLines) this.ip(line);
    for (const line of hv.bridgeLines) this.bridge(line);
  }

  add(name: string, details: LinkDetails, more: Partial<LinkEvent> = {}): number {
    const ifindex = this.next++;
    const empty = {
      address: null,
      master: null,
      lower: null,
      bondSlaveActive: null,
      bridgePortState: null,
    };
    this.links.set(name, {
      type: 'link',
      ifindex,
      name,
      up: true,
      lowerUp: true,
      running: true,
      details,
      ...empty,
      ...more,
    });
    return ifindex;
  }

  /** The ifindex of a device. Throws if there is none. */
  index(name: string): number {
    return this.get(name).ifindex;
  }

  get(name: string): LinkEvent {
    const link = this.links.get(name);
    if (!link) throw new Error(`this host has no ${name}`);
    return link;
  }

  /** Changes a device. @returns the kernel's message about it */
  change(name: string, change: Partial<LinkEvent>): LinkEvent {
    const link = { ...this.get(name), ...change };
    this.links.set(name, link);
    return link;
  }

  remove(name: string): KernelEvent {
    const ifindex = this.index(name);
    this.links.delete(name);
    return { type: 'linkGone', ifindex };
  }

  /** The bridge's word on one of its ports, or on itself. */
  port(name: string): BridgePortEvent {
    const { ifindex, bridgePortState } = this.get(name);
    return { type: 'bridgePort', ifindex, state: bridgePortState ?? FORWARDING, vlans: this.vlans.get(name) ?? [] };
  }

  setVlans(name: string, vlans: VlanRange[]): BridgePortEvent {
    this.vlans.set(name, vlans);
    return this.port(name);
  }

  /** A row of the forwarding database. */
  fdb(mac: string, port: string, more: Partial<FdbEvent> = {}): FdbEvent {
    const { ifindex, master } = this.get(port);
    const row = { port: ifindex, bridge: master, vlan: null, state: 2, flags: 0, gone: false };
    return { type: 'fdb', mac: mac as Mac, ...row, ...more };
  }

  /** Everything that a dump of links and bridge ports would say. */
  dump(): KernelEvent[] {
    const ports = [...this.links.keys()].filter((name) => this.isPort(name) || this.isBridge(name));
    return [...this.links.values(), ...ports.map((name) => this.port(name))];
  }

  private isPort(name: string): boolean {
    return this.get(name).bridgePortState !== null;
  }

  private isBridge(name: string): boolean {
    return this.get(name).details.type === 'bridge';
  }

  private isAware(name: string): boolean {
    const { details } = this.get(name);
    return details.type === 'bridge' && details.vlanFiltering;
  }

  /** One line of `ip -batch`, of those that Hypervisor writes. */
  ip(line: string): void {
    const words = line.split(' ');
    const after = (word: string): string | undefined => words[words.indexOf(word, 2) + 1];
    const has = (word: string): boolean => words.includes(word, 2);
    if (line.startsWith('link add')) return this.addLine(words, after, has);
    const name = words[2] ?? '';
    if (has('netns')) this.remove(name);
    else if (has('master')) this.enslave(name, after('master') ?? '');
    else if (has('up')) this.change(name, { up: true });
    else throw new Error(`what does this mean: ${line}`);
  }

  private addLine(words: string[], after: (word: string) => string | undefined, has: (word: string) => boolean): void {
    const name = (words[2] === 'name' ? words[3] : words[4] === 'name' ? words[5] : words[2]) ?? '';
    const type = after('type') ?? '';
    const lower = has('link') ? this.index(after('link') ?? '') : null;
    if (type === 'bridge') this.addBridge(name, after('vlan_filtering') === '1', after('vlan_protocol'));
    else if (type === 'vlan')
      this.add(name, { type, id: Number(after('id')), protocol: tpid(after('protocol')) }, { lower });
    else if (type === 'veth') this.addVeth(name, has('netns') ? null : words[words.indexOf('peer') + 2]);
    else if (type === 'macvlan' || type === 'macvtap')
      this.add(name, { type: 'other', kind: type }, { lower, address: (after('address') ?? null) as Mac | null });
    else throw new Error(`what does this mean: ${words.join(' ')}`);
  }

  private addBridge(name: string, vlanFiltering: boolean, protocol: string | undefined): void {
    this.add(name, { type: 'bridge', vlanFiltering, vlanProtocol: tpid(protocol) });
    if (vlanFiltering) this.vlans.set(name, nativeOne());
  }

  private addVeth(name: string, peer: string | undefined | null): void {
    const ifindex = this.add(name, { type: 'other', kind: 'veth' });
    if (peer) this.change(name, { lower: this.add(peer, { type: 'other', kind: 'veth' }, { lower: ifindex }) });
  }

  private enslave(name: string, bridge: string): void {
    this.change(name, { master: this.index(bridge), bridgePortState: FORWARDING });
    if (this.isAware(bridge)) this.vlans.set(name, nativeOne());
  }

  /** One line of `bridge -batch`: `vlan add|del dev NAME vid VID[-LAST] [pvid] [untagged] [self]`. */
  bridge(line: string): void {
    const [, verb, , name = '', , vid = '', ...flags] = line.split(' ');
    const [from = NaN, to = from] = vid.split('-').map(Number);
    const rest = (this.vlans.get(name) ?? []).filter(({ first }) => first !== from);
    const range = {
      first: from,
      last: to,
      untagged: flags.includes('untagged'),
      pvid: flags.includes('pvid'),
    };
    this.vlans.set(name, verb === 'add' ? [...rest, range] : rest);
  }
}

const nativeOne = (): VlanRange[] => [{ first: 1, last: 1, untagged: true, pvid: true }];

function tpid(protocol = '802.1Q'): number {
  return PROTOCOLS[protocol] ?? 0;
}
