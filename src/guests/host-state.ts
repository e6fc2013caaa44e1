import type { MacPrefix } from '../addr/mac-prefix.js';
import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import { NUD_NOARP } from '../kernel/constants.js';
import type { FdbEvent, KernelEvent } from '../kernel/events.js';
import { readFdb } from '../sources/fdb.js';
import { type GuestInterface, readLibvirt } from '../sources/libvirt.js';
import { readMacvlans } from '../sources/macvlan.js';
import type { Heard } from '../sources/heard.js';
import type { IgnoreReason, Sighting, Source } from '../sources/sighting.js';
import { isGuestPort } from '../topology/guest-port.js';
import type { Exit } from '../topology/exits.js';
import { Topology } from '../topology/topology.js';
import { exitKey } from './exit-key.js';
import { HeardBook } from './heard-book.js';
import { Memory } from './memory.js';
import { PortQuota, type QuotaReason } from './port-quota.js';
import { Reflections } from './reflections.js';
import { type GuestSnapshot, recall, type Snapshot, snapshotBonds, snapshotGuests } from './snapshot.js';
import { portStands } from './standing.js';
import { GuestTable } from './table.js';
import { type Evidence, judge, seenElsewhere, type Verdict } from './verdict.js';

/** Why a source's row was passed over, for those who count. */
export interface Ignored {
  readonly source: Source;
  readonly reason: IgnoreReason | 'table-full' | 'reflection';
}

/** What the host state may hold and remember. */
export interface HostLimits {
  /** How many MAC addresses of guests are held at most; and how many of others. */
  readonly limit: number;
  /** How many are learned at most behind one port. */
  readonly perPort: number;
  /** How long a guest that fell silent is remembered, in seconds. */
  readonly remember: number;
}

/** Everything we know of this host, folded from kernel events: its devices, and who is behind them. */
export class HostState {
  readonly topology = new Topology();
  private readonly table: GuestTable;
  private readonly memory: Memory;
  private readonly book: HeardBook;
  private readonly quota: PortQuota;
  private readonly evictions: QuotaReason[] = [];
  private readonly reflections = new Reflections();
  private stale: Set<Mac> | 'all' = 'all';
  private guestInterfaces: readonly GuestInterface[] = [];
  private names: ReadonlyMap<Mac, string> = new Map();
  private changed = 0;

  /** @param refused addresses that are never announced */
  constructor(
    private readonly limits: HostLimits,
    private readonly refused: readonly MacPrefix[],
  ) {
    this.table = new GuestTable(2 * limits.limit);
    this.memory = new Memory(limits.limit);
    this.book = new HeardBook(limits.limit);
    this.quota = new PortQuota({ total: limits.limit, perPort: limits.perPort });
  }

  /**
   * Takes in one event.
   * @param now monotonic clock, seconds
   * @returns why a source's row was passed over, if it was
   */
  apply(event: KernelEvent, now: number): Ignored | null {
    if (event.type === 'fdb') return this.applyFdb(event, now);
    const renamed = event.type === 'link' && this.topology.link(event.ifindex)?.name !== event.name;
    if (this.topology.apply(event)) this.touchAll();
    else if (renamed) this.readLibvirt();
    return null;
  }

  /** Takes in the interfaces of the guests that libvirt runs here now, in place of those of the last call. */
  setGuestInterfaces(interfaces: readonly GuestInterface[]): void {
    this.guestInterfaces = interfaces;
    this.names = new Map(interfaces.map(({ mac, domain }) => [mac, domain]));
    this.readLibvirt();
  }

  private applyFdb(event: FdbEvent, now: number): Ignored | null {
    const sighting = readFdb(event);
    if (typeof sighting === 'string') return { source: 'fdb', reason: sighting };
    if (event.gone) {
      if (this.table.remove(sighting)) this.depart(sighting, now);
      return null;
    }
    const held = this.table.held(sighting);
    if (held && this.isReflection(held, sighting, now)) return { source: 'fdb', reason: 'reflection' };
    if (!(event.state & NUD_NOARP) && !this.admit(sighting)) return { source: 'fdb', reason: 'table-full' };
    const added = this.table.add(sighting);
    if (added === 'full') return { source: 'fdb', reason: 'table-full' };
    if (added === 'changed') this.arrive(sighting, held, now);
    return null;
  }

  /** A static row is the administrator's word and has no limit; a learned one is the guest's. */
  private admit({ mac, device }: Sighting): boolean {
    if (!isGuestPort(this.topology, device)) return true;
    const isPresent = (each: Mac): boolean => this.table.sightings(each).some((row) => row.device === device);
    const eviction = this.quota.admit(mac, device, isPresent);
    if (!eviction) return true;
    this.evictions.push(eviction.reason);
    if (eviction.mac === mac) return false;
    for (const row of this.table.sightings(eviction.mac)) if (row.device === eviction.port) this.table.remove(row);
    this.memory.forget(eviction.mac, (row) => row.device === eviction.port);
    this.touch(eviction.mac);
    return true;
  }

  /** The addresses that had to go, or were turned away, since the last call: why. */
  takeEvictions(): readonly QuotaReason[] {
    return this.evictions.splice(0);
  }

  /** A MAC has a new row. From one guest's port to another it is followed; from or to an uplink is remembered. */
  private arrive(sighting: Sighting, held: Sighting | undefined, now: number): void {
    const atGuestPort = isGuestPort(this.topology, sighting.device);
    if (held && !(atGuestPort && isGuestPort(this.topology, held.device))) this.memory.departed(held, now);
    if (atGuestPort) {
      this.memory.forget(
        sighting.mac,
        ({ bridge, vlan, device }) =>
          bridge === sighting.bridge && vlan === sighting.vlan && isGuestPort(this.topology, device),
      );
    }
    this.keepQuota(sighting.mac);
    this.touch(sighting.mac);
  }

  private keepQuota(mac: Mac): void {
    const remembered = this.memory.of(mac).map(({ sighting }) => sighting);
    this.quota.keep(mac, new Set([...this.table.sightings(mac), ...remembered].map(({ device }) => device)));
  }

  private depart(sighting: Sighting, now: number): void {
    this.memory.departed(sighting, now);
    this.touch(sighting.mac);
  }

  private isReflection(held: Sighting, moved: Sighting, now: number): boolean {
    const bonds = seenElsewhere(this.topology, moved).map(({ bond }) => bond);
    if (bonds.length === 0 || !isGuestPort(this.topology, held.device)) return false;
    return this.reflections.moved({ from: held, to: moved, bonds }, now);
  }

  /**
   * Takes in what was heard on a bond. What comes in counts for the MACs that we know to be here: they have moved, or
   * their addresses have; the rest of the network is none of our business.
   * @param at monotonic clock, seconds
   */
  heard(bond: number, heard: Heard, at: number): void {
    const known = this.table.sightings(heard.mac).length + this.memory.of(heard.mac).length > 0;
    const foreign = heard.direction === 'in' && (!known || this.reflections.isRecent(bond, at));
    if (foreign) this.book.releaseClaims(bond, heard);
    else if (this.book.take(bond, heard, at)) this.touch(heard.mac);
  }

  /** The name of the guest that libvirt says has this MAC. */
  nameOf(mac: Mac): string | null {
    return this.names.get(mac) ?? null;
  }

  /** The addresses that a MAC has claimed on its way out, and when last. */
  addressesOf(mac: Mac, way: Pick<Exit, 'bond' | 'tags'>): ReadonlyMap<Ip, number> {
    const key = exitKey(way);
    return this.book.of(mac).find((place) => exitKey(place) === key)?.addresses ?? new Map<Ip, number>();
  }

  /**
   * A bond has failed over. Guests that a bridge has learned on it since are reflections of their own frames.
   * @param arrived when the kernel told of it: monotonic clock, seconds
   */
  failedOver(bond: number, arrived: number): void {
    for (const mac of this.book.forgetIncoming(bond, arrived)) this.touch(mac);
    for (const { from, to } of this.reflections.failedOver(bond, arrived)) {
      if (this.table.held(to)?.device !== to.device) continue;
      this.table.add(from);
      this.memory.forget(from.mac, (sighting) => sighting === to || sighting === from);
      this.touch(from.mac);
    }
  }

  /** The rows that reflections have taken from guests since the last call, to be put back into the bridges. */
  takeReflected(): readonly Sighting[] {
    return this.reflections.takeHealable();
  }

  /** Before a fresh dump of everything. */
  startDump(): void {
    this.topology.startDump();
    this.table.startDump('fdb');
  }

  /** After it: what it did not mention is gone. */
  finishDump(now: number): void {
    if (this.topology.finishDump()) this.touchAll();
    for (const sighting of this.table.finishDump('fdb')) this.depart(sighting, now);
  }

  /** Forgets those who have been silent for too long. To be called now and then. */
  expire(now: number): void {
    for (const mac of this.memory.expire(now - this.limits.remember)) {
      this.keepQuota(mac);
      this.touch(mac);
    }
  }

  /**
   * Whose verdicts may have changed since the last call.
   * @returns the MACs, those that are not known any more among them; or 'all', also those known only to the caller
   */
  takeStale(): ReadonlySet<Mac> | 'all' {
    if (this.stale === 'all') this.readShape();
    const stale = this.stale;
    this.stale = new Set();
    return stale;
  }

  /**
   * What is to be said of one MAC now; empty when it is behind no bond.
   * @param claimed ways out that the operator says are this MAC's
   */
  verdicts(mac: Mac, claimed: readonly Exit[] = []): Verdict[] {
    return judge(this.topology, mac, this.evidence(mac, claimed), this.refused);
  }

  macs(): Iterable<Mac> {
    return new Set([...this.table.macs(), ...this.memory.macs()]);
  }

  /** Differs from an earlier value when something has changed since that a snapshot may tell. */
  get changes(): number {
    return this.changed;
  }

  /** What is worth keeping. Its guests are read from this state as they are asked for. */
  snapshot(now: number): Snapshot {
    const { topology, table, memory } = this;
    return {
      bonds: snapshotBonds(topology),
      guests: snapshotGuests({ topology, table, memory }, this.limits.limit, now),
    };
  }

  /**
   * Remembers guests of a snapshot of this boot, as far as the devices that stand now are theirs. What a bridge lists
   * now counts more. To be called when the devices are known.
   */
  restore(guests: Iterable<GuestSnapshot>, now: number): void {
    const places = [...guests].flatMap((guest) => recall(this.topology, guest, now));
    this.memory.restore(places.filter(({ sighting }) => !this.isFollowed(sighting)));
    this.expire(now);
    this.touchAll();
  }

  /** Whether the bridge that knew the MAC behind a guest's port lists it behind one now. */
  private isFollowed(before: Sighting): boolean {
    const held = this.table.held(before);
    return held !== undefined && isGuestPort(this.topology, held.device) && isGuestPort(this.topology, before.device);
  }

  private evidence(mac: Mac, claimed: readonly Exit[] = []): Evidence {
    const heard = this.book.of(mac);
    return { sightings: this.table.sightings(mac), remembered: this.memory.of(mac), heard, claimed };
  }

  /** What follows from the shape of the host: who sits on macvlans, and which silent guests have lost their port. */
  private readShape(): void {
    this.table.startDump('macvlan');
    for (const sighting of readMacvlans(this.topology.allLinks())) this.table.add(sighting);
    this.table.finishDump('macvlan');
    this.readLibvirt();
    for (const mac of [...this.memory.macs()]) {
      const evidence = this.evidence(mac);
      this.memory.forget(
        mac,
        (sighting) =>
          seenElsewhere(this.topology, sighting).length === 0 && !portStands(this.topology, sighting, evidence),
      );
      this.keepQuota(mac);
    }
  }

  /** libvirt names devices, and who has a name changes. */
  private readLibvirt(): void {
    this.table.startDump('libvirt');
    for (const sighting of readLibvirt(this.guestInterfaces, this.topology.allLinks(), (port) => this.pvidOf(port))) {
      if (this.table.add(sighting) === 'changed') this.touch(sighting.mac);
    }
    for (const { mac } of this.table.finishDump('libvirt')) this.touch(mac);
  }

  private pvidOf(port: number): number | null {
    return this.topology.port(port)?.vlans.find(({ pvid }) => pvid)?.first ?? null;
  }

  private touchAll(): void {
    this.stale = 'all';
    this.changed++;
  }

  private touch(mac: Mac): void {
    this.changed++;
    if (this.stale !== 'all') this.stale.add(mac);
  }
}
