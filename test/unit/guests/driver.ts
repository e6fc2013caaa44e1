/** Plays commands to the program by way of HostState's public methods. The only file of the property test that knows it. */
import { asBond } from '../../../src/topology/bond-id.js';
import type { Ip } from '../../../src/addr/ip.js';
import { type Mac, parseMacPrefix } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import type { Snapshot } from '../../../src/guests/snapshot.js';
import type { GuestSettings } from '../../../src/guests/policy.js';
import type { Verdict } from '../../../src/guests/verdict.js';
import type { KernelEvent, LinkDetails, VlanRange } from '../../../src/kernel/events.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';
import type { Command, HeardOf, LinkChange, RowOf } from './commands.js';
import type { Saying } from './model.js';
import { type Device, MACS, MAX_IPS, type PortVlan, WORLDS, type WorldName } from './worlds.js';

const TPID = 0x8100;
const REFUSED = [parseMacPrefix('00:00:5e:00:01/40')].filter((prefix) => prefix !== undefined);
const ip = (n: number): Ip => `192.0.2.${n}` as Ip;
const tag = (vid: number): { tpid: number; vid: number } => ({ tpid: TPID, vid });
const SILENT = { router: null, raSent: false, rsSent: false, arp: true };
type Interface = Readonly<Record<'mac' | 'target', string>>;

/** What is said of a MAC on one way out, and the port that is named for it. */
export interface Judged extends Saying {
  readonly port: string | null;
}

/** What the program may hold, and how long it remembers the silent, in seconds. */
export interface Limits {
  readonly total: number;
  readonly perPort: number;
  readonly remember: number;
}

export class Driver {
  private readonly kernel = new FakeHost();
  private readonly devices: readonly Device[];
  /** Of all the devices that there ever were. */
  private readonly names = new Map<number, string>();
  private interfaces: readonly Interface[] = [];
  private still: readonly Interface[] = [];
  private state: HostState;
  /** The MACs of rows for which there was no room. */
  readonly turnedAway = new Set<string>();
  /** Since the last look: then everybody is judged anew. */
  private restarted = false;

  constructor(
    world: WorldName,
    private readonly limits: Limits,
    private readonly exclude: GuestSettings['exclude'] = { macs: [], vlans: [], ports: [] },
  ) {
    this.devices = WORLDS[world]();
    for (const device of this.devices.filter(({ name }) => name !== 'bond0')) this.make(device);
    for (const device of this.devices) this.join(device);
    this.state = this.begin(0, []);
  }

  private begin(now: number, rows: readonly RowOf[]): HostState {
    this.state = new HostState(guestSettings({ ...this.limits, exclude: this.exclude, virtualRouters: REFUSED }));
    this.take([...this.kernel.dump(), ...rows.flatMap((row) => this.row(row))], now);
    this.tellInterfaces();
    return this.state;
  }

  private make({ name, kind, over, aware, address }: Device): void {
    const lower = over === null ? null : this.kernel.index(over);
    const ifindex = this.kernel.add(name, detailsOf(name, kind, aware), { lower, address: address as Mac | null });
    this.names.set(ifindex, name);
  }

  private join({ name, master, vlans }: Device): KernelEvent[] {
    if (master === null) return [this.kernel.get(name)];
    const link = this.kernel.change(name, { master: this.kernel.index(master), bridgePortState: 3 });
    return [link, this.kernel.setVlans(name, vlans.map(rangeOf))];
  }

  private take(events: readonly KernelEvent[], now: number): void {
    for (const event of events) {
      const ignored = this.state.apply(event, now);
      if (event.type === 'fdb' && ignored?.reason === 'table-full') this.turnedAway.add(event.mac);
    }
  }

  play(command: Command, now: number): void {
    if (command.do === 'learn') this.take(this.row(command), now);
    else if (command.do === 'age') this.take(this.row(command, true), now);
    else if (command.do === 'link') this.take([...this.flush(command.rows), ...this.change(command)], now);
    else if (command.do === 'gone') this.take(this.remove(command), now);
    else if (command.do === 'back') this.take(this.comeBack(command.port), now);
    else if (command.do === 'heard') this.hear(command, now);
    else if (command.do === 'failover') this.failOver(command, now);
    else if (command.do === 'expire') this.state.expire(now);
    else if (command.do === 'libvirt') this.tellInterfaces(command.interfaces, command.still);
    else if (command.do === 'resync') this.resync(command, now);
    else if (command.do === 'restart') this.restart(command, now);
  }

  private row({ mac, port, vlan }: RowOf, gone = false): KernelEvent[] {
    const bridge = this.bridgeOf(port);
    if (!bridge) return [];
    return [this.kernel.fdb(mac, port, { gone, vlan: bridge.aware ? vlan : null })];
  }

  private flush(rows: readonly RowOf[] = []): KernelEvent[] {
    return rows.flatMap((row) => this.row(row, true));
  }

  private has(name: string): boolean {
    return this.kernel.dump().some((event) => event.type === 'link' && event.name === name);
  }

  /** The bridge that a device is a port of now; undefined where it is none, or is not there. */
  bridgeOf(port: string): Device | undefined {
    if (!this.has(port)) return undefined;
    const { master } = this.kernel.get(port);
    return this.devices.find(({ name, kind }) => kind === 'bridge' && this.kernel.index(name) === master);
  }

  private change({ port, up, carrier, state, joined, vlans, address }: LinkChange): KernelEvent[] {
    if (!this.has(port)) return [];
    const { up: wasUp, lowerUp, bridgePortState } = this.kernel.get(port);
    if (vlans) return [this.kernel.setVlans(port, vlans.map(rangeOf))];
    const { master = null } = this.devices.find(({ name }) => name === port) ?? {};
    const joins = joined && master !== null ? this.kernel.index(master) : null;
    const masters = joined === undefined ? {} : { master: joins };
    const addresses = address === undefined ? {} : { address: address as Mac };
    const flags = { up: up ?? wasUp, lowerUp: carrier ?? lowerUp, bridgePortState: state ?? bridgePortState };
    return [this.kernel.change(port, { ...flags, ...masters, ...addresses })];
  }

  private remove({ port, flushFirst, rows }: { port: string; flushFirst: boolean; rows: readonly RowOf[] }) {
    if (!this.has(port)) return [];
    const flush = this.flush(rows);
    const gone = this.kernel.remove(port);
    return flushFirst ? [...flush, gone] : [gone, ...flush];
  }

  private comeBack(port: string): KernelEvent[] {
    const device = this.devices.find(({ name }) => name === port);
    if (!device || this.has(port)) return [];
    this.make(device);
    return this.join(device);
  }

  private hear({ mac, bond, tags, direction, proof, ...said }: HeardOf, now: number): void {
    const { claims, confirms, releases, ago } = said;
    const addresses = { claims: claims.map(ip), confirms: confirms.map(ip), releases: releases.map(ip) };
    const heard = { mac: mac as Mac, tags: tags.map(tag), direction, proof, ...addresses, ...SILENT };
    this.state.heard(asBond(this.kernel.index(bond)), heard, now - ago);
  }

  private failOver({ bond, ago }: { bond: string; ago: number }, now: number): void {
    this.state.failedOver(asBond(this.kernel.index(bond)), now - ago);
  }

  /** The kernel has told all that it knew until now. */
  settle(now: number): void {
    this.state.settle(now, now);
  }

  private tellInterfaces(interfaces = this.interfaces, still = this.still): void {
    [this.interfaces, this.still] = [interfaces, still];
    const named = ({ mac, target }: Interface) => ({ domain: `${mac} of ${target}`, mac: mac as Mac, target });
    this.state.setGuestInterfaces(interfaces.map(named), still.map(named));
  }

  private resync({ gone, rows }: { gone: readonly string[]; rows: readonly RowOf[] }, now: number): void {
    for (const port of gone) if (this.has(port)) this.kernel.remove(port);
    this.state.startDump();
    this.take([...this.kernel.dump(), ...rows.flatMap((row) => this.row(row))], now);
    this.state.finishDump(now);
  }

  private restart({ gone, rows }: { gone: readonly string[]; rows: readonly RowOf[] }, now: number): void {
    this.state.takeStale(); // in the daemon this has always happened by the time that it is saved
    const { guests } = this.state.snapshot(now);
    const saved = JSON.parse(JSON.stringify([...guests])) as typeof guests;
    for (const port of gone) if (this.has(port)) this.kernel.remove(port);
    this.begin(now, rows).restore(saved, now);
    this.state.takeStale(); // the daemon judges everyone before it listens
    this.restarted = true;
  }

  /** The names of those who are to be judged anew, as the program has it. */
  takeStale(): ReadonlySet<string> | 'all' {
    const { macs, all } = this.state.takeChanges();
    if (all) this.judgeAll();
    const isAll = all || this.restarted;
    this.restarted = false;
    return isAll ? 'all' : new Set([...macs, ...this.state.takeChanges().macs]);
  }

  /** The daemon judges them in slices, and has done so by the time that it is asked. */
  private judgeAll(): void {
    for (const mac of new Set([...MACS, ...this.state.macs()])) this.state.judgeAnew(mac as Mac);
  }

  /** What is to be kept: of whom that is another than at the last call, or everything. */
  unsaved(now: number): { readonly whole: boolean; readonly snapshot: Snapshot } {
    const macs = this.state.changed.unsaved.take();
    return { whole: macs === 'all', snapshot: this.state.snapshot(now, macs) };
  }

  /** Everything that is to be kept. */
  snapshot(now: number): Snapshot {
    return this.state.snapshot(now);
  }

  /** The rows that it wants back in the bridges. */
  takeHealed(): string[] {
    return this.state
      .takeReflected()
      .map(({ row: { mac, device, vlan } }) => `${mac} ${this.names.get(device)} ${vlan}`);
  }

  /** What it says of a MAC, in order of the ways. */
  sayings(mac: string): Saying[] {
    return this.judged(mac).map(({ way, source, lastSeen, suppressed }) => ({ way, source, lastSeen, suppressed }));
  }

  /** The same, with the ports. */
  judged(mac: string): Judged[] {
    const judged = this.verdicts(mac).map(({ bond, tags, source, device, lastSeen, suppressed }) => {
      const way = [this.bondName(bond), ...tags.map(({ vid }) => vid)].join('/');
      return { way, source, lastSeen, suppressed, port: this.names.get(device ?? 0) ?? null };
    });
    return judged.sort((a, b) => (a.way < b.way ? -1 : 1));
  }

  verdicts(mac: string): Verdict[] {
    return this.state.verdicts(mac as Mac);
  }

  /** The bonds that there are, by their names. */
  bonds(): Map<string, number> {
    const names = ['bond0', 'bond1'].filter((name) => this.has(name));
    return new Map(names.map((name) => [name, this.kernel.index(name)]));
  }

  /** The MAC of a macvtap; null for any other device. */
  macvtapMac(name: string): string | null {
    const isOne = this.devices.some((device) => device.name === name && device.kind === 'macvtap') && this.has(name);
    return isOne ? this.kernel.get(name).address : null;
  }

  /** The MACs that devices have: what they say, the host may have said. */
  deviceMacs(): string[] {
    return this.devices.flatMap(({ name }) => (this.has(name) ? (this.kernel.get(name).address ?? []) : []));
  }

  isUp(port: string): boolean {
    if (!this.has(port)) return false;
    const { up, lowerUp } = this.kernel.get(port);
    return up && lowerUp;
  }

  /** The VLANs of a port; null where its bridge knows none, or it is in no bridge. */
  membership(port: string): PortVlan[] | null {
    if (!this.bridgeOf(port)?.aware) return null;
    return (this.kernel.port(port).vlans ?? []).map(({ first, untagged }) => ({ vid: first, untagged }));
  }

  /** The MACs that bridges have taught it, and the ports that it names for them. */
  learned(): { mac: string; port: string | undefined }[] {
    const verdicts = MACS.flatMap((mac) => this.verdicts(mac));
    return verdicts
      .filter(({ source }) => source === 'fdb')
      .map(({ mac, device }) => ({ mac, port: this.names.get(device ?? 0) }));
  }

  macs(): string[] {
    return [...this.state.macs()];
  }

  addresses(mac: string, way: string): [number, number][] {
    const [bond = '', ...vids] = way.split('/');
    const place = { bond: asBond(this.kernel.index(bond)), tags: vids.map(Number).map(tag) };
    const held = new Map(this.state.addressesOf(mac as Mac, place, 0).map((each) => [each.ip, each.lastSeen]));
    const all = Array.from({ length: MAX_IPS }, (_, n) => n + 1);
    return all.flatMap((n): [number, number][] => (held.has(ip(n)) ? [[n, held.get(ip(n)) ?? NaN]] : []));
  }

  private bondName(ifindex: number): string {
    return ['bond0', 'bond1'].find((name) => this.has(name) && this.kernel.index(name) === ifindex) ?? `${ifindex}`;
  }

  /** Everything that it says, by MAC. */
  everything(): Map<string, Saying[]> {
    return new Map(MACS.map((mac) => [mac, this.sayings(mac)]));
  }
}

function detailsOf(name: string, kind: Device['kind'], aware: boolean): LinkDetails {
  if (kind === 'bond') return { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 };
  if (kind === 'bridge') return { type: 'bridge', vlanFiltering: aware, vlanProtocol: TPID };
  if (kind === 'vlan') return { type: 'vlan', id: Number(name.split('.')[1]), protocol: TPID };
  return { type: 'other', kind: kind === 'tap' ? 'tun' : kind };
}

function rangeOf({ vid, untagged }: PortVlan): VlanRange {
  return { first: vid, last: vid, untagged, pvid: untagged };
}
