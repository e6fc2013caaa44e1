import type { Mac } from '../addr/mac.js';
import { NUD_NOARP } from '../kernel/constants.js';
import type { FdbEvent } from '../kernel/events.js';
import { readFdb } from '../sources/fdb.js';
import type { IgnoreReason, Sighting, Source } from '../sources/sighting.js';
import type { Exit } from '../topology/keys.js';
import { isGuestPort } from '../topology/guest-port.js';
import { leadsStraightOut } from '../topology/leads-out.js';
import { type BondId, isOverlay } from '../topology/bond-id.js';
import type { Topology } from '../topology/topology.js';
import type { Changes } from './changes.js';
import { type Memory, type Remembered, samePort } from './memory.js';
import { PortQuota, type QuotaLimits, type QuotaReason } from './port-quota.js';
import { Reflections } from './reflections.js';
import { behind, innerBridge } from './standing.js';
import type { GuestTable } from './table.js';
import { seenElsewhere } from './verdict.js';

/** Why a source's row was passed over, for those who count. */
export interface Ignored {
  readonly source: Source;
  readonly reason: IgnoreReason | 'table-full' | 'reflection';
}

/** When a row is of: monotonic clock, seconds. */
export interface RowTimes {
  /** The administrator's word: no limit holds for it. */
  readonly fixed: boolean;
  /** When the MAC was heard there. */
  readonly at: number;
  /** Until when it may have been where it was before. */
  readonly left: number;
}

/** What the rows are kept in. */
export interface Places {
  readonly topology: Topology;
  /** Where MACs are. */
  readonly table: GuestTable;
  /** Where they were. */
  readonly memory: Memory;
  readonly changes: Changes;
  /** Whether the guest's port of a sighting stands, so that the guest may be assumed behind it. */
  readonly stands: (sighting: Sighting) => boolean;
  /** Is told of a MAC that had to make room, and of which nothing is known any more. */
  readonly forgotten: (mac: Mac) => void;
  readonly spokeAt: SpokeAt;
}

/** @returns when a MAC was last heard leaving by a way: monotonic clock, seconds; -Infinity for never */
export type SpokeAt = (mac: Mac, way: Exit) => number;

/**
 * A guest that comes back is heard leaving and learned on its port by the same frame. The two are read from different
 * sockets: a bridge's word may come so much later, in seconds.
 */
const WORD_BEHIND_FRAME = 0.5;

/**
 * What bridges learn: follows the rows of their forwarding databases from port to port, remembers where a row was when
 * it goes, tells reflections from moves, and keeps the limits. Bounded by table, memory and quota.
 */
export class Learned {
  private readonly quota: PortQuota;
  private readonly reflections = new Reflections();
  private readonly evictions: QuotaReason[] = [];

  constructor(
    private readonly places: Places,
    private limits: QuotaLimits,
  ) {
    this.quota = new PortQuota(limits);
  }

  /** Other limits, for newcomers. */
  configure(limits: QuotaLimits): void {
    this.limits = limits;
    this.quota.configure(limits);
  }

  /**
   * Takes in a row that came, changed or went.
   * @param now monotonic clock, seconds
   * @returns why it was passed over, if it was
   */
  apply(event: FdbEvent, now: number): Ignored | null {
    const sighting = readFdb(event);
    if (typeof sighting === 'string') return { source: 'fdb', reason: sighting };
    if (!event.gone) {
      const left = this.leftUplink(sighting, now);
      return this.learn(sighting, { fixed: (event.state & NUD_NOARP) !== 0, at: now, left });
    }
    this.unlearn(sighting, now);
    return null;
  }

  /**
   * Until when a MAC may have been where a bridge had it, when the bridge's word that it is elsewhere is read `now`: at a
   * return from an uplink to a guest's port, until the frame left that brought it here.
   */
  private leftUplink(sighting: Sighting, now: number): number {
    const { topology, table, spokeAt } = this.places;
    const held = table.held(sighting);
    if (!held || held.device === sighting.device || !isGuestPort(topology, sighting.device)) return now;
    const spoke = Math.max(-Infinity, ...seenElsewhere(topology, held).map((way) => spokeAt(held.mac, way)));
    return now - spoke <= WORD_BEHIND_FRAME ? Math.min(spoke, now) : now;
  }

  /** Takes in a row that came or changed. @returns why it was passed over, if it was */
  learn(sighting: Sighting, { fixed, at, left }: RowTimes): Ignored | null {
    const { source } = sighting;
    const { table } = this.places;
    const held = table.held(sighting);
    if (held && this.isReflection(held, sighting, at)) {
      table.add(held); // so that a dump that tells of the reflection confirms the guest
      return { source, reason: 'reflection' };
    }
    if (!fixed && !this.admit(sighting)) {
      // Wherever it is now, the bridge has it there no more. Who took the address of a silent guest takes no more than that.
      if (held) this.unlearn(held, left);
      this.keepQuota(sighting.mac);
      return { source, reason: 'table-full' };
    }
    const added = table.add(sighting);
    if (added === 'full') return { source, reason: 'table-full' };
    if (added === 'changed') this.arrive(sighting, held, left);
    return null;
  }

  /** A row went. */
  unlearn(sighting: Sighting, now: number): void {
    if (this.places.table.remove(sighting)) this.depart([sighting], now);
  }

  /** After a dump of the kernel's bridges: rows that it did not repeat are gone. */
  finishDump(now: number): void {
    this.depart(this.places.table.finishDump('fdb'), now);
  }

  /** A dump has shown that ports are gone: so are the rows on them, also one that it confirmed as the other side of a reflection. */
  dropHomeless(now: number): void {
    const { table, topology } = this.places;
    const isHomeless = ({ source, device }: Sighting): boolean => source === 'fdb' && !topology.link(device);
    const homeless = [...table.macs()].flatMap((mac) => table.sightings(mac).filter(isHomeless));
    const gone = homeless.filter((row) => table.remove(row));
    this.depart(gone, now);
  }

  /**
   * Bridges list rows no more, and the table neither. The MACs may have fallen silent, or be gone: that is for the memory
   * to know, all of it, before the quota is told who is where.
   */
  private depart(rows: readonly Sighting[], now: number): void {
    this.settle(new Set(rows.flatMap((row) => [row.mac, ...this.remember(row, now)])));
  }

  /** What is known of these MACs is another than before. */
  private settle(macs: Iterable<Mac>): void {
    for (const mac of macs) {
      this.keepQuota(mac);
      this.places.changes.touch(mac);
    }
  }

  /** @returns the MACs that are forgotten for it */
  private remember(sighting: Sighting, now: number): readonly Mac[] {
    return this.isWorthKeeping(sighting) ? this.places.memory.departed(sighting, now) : [];
  }

  /**
   * A guest whose port does not stand is gone for good: another may be behind the port when it stands again. A MAC that
   * was on an uplink lives elsewhere, also while the uplink is not in the bridge.
   */
  private isWorthKeeping(sighting: Sighting): boolean {
    const { topology, stands } = this.places;
    return leadsStraightOut(topology, sighting.device) || stands(sighting);
  }

  /** Whether a bridge lists the MAC, or did. */
  private isKnown(mac: Mac): boolean {
    return this.places.table.sightings(mac).length + this.places.memory.of(mac).length > 0;
  }

  /** Whether the MAC is, or was, on this side of the bonds. */
  isGuest(mac: Mac): boolean {
    const { topology, table, memory } = this.places;
    const isHere = ({ bridge, device }: Sighting): boolean => bridge === null || isGuestPort(topology, device);
    return table.sightings(mac).some(isHere) || memory.of(mac).some(({ sighting }) => isHere(sighting));
  }

  /** When a bridge last gave up a place of a MAC: it may have been on the uplink until then. */
  leftAt(mac: Mac): number {
    return Math.max(-Infinity, ...this.places.memory.of(mac).map(({ lastSeen }) => lastSeen));
  }

  /** The addresses that had to go, or were turned away, since the last call: why. */
  takeEvictions(): readonly QuotaReason[] {
    return this.evictions.splice(0);
  }

  /** The rows that reflections have taken from guests since the last call, to be put back into the kernel's bridges. */
  takeReflected(): readonly Sighting[] {
    return this.reflections.takeHealable().filter(({ source }) => source === 'fdb');
  }

  /** Whether `bond` has failed over so short a while ago that what comes in by it may be a reflection. */
  mayReflect(bond: BondId, now: number): boolean {
    return this.reflections.isRecent(bond, now);
  }

  /** A bond has failed over. Guests that a bridge has learned on it since are reflections of their own frames. */
  failedOver(bond: BondId, arrived: number): void {
    const { table, memory } = this.places;
    for (const { from, to } of this.reflections.failedOver(bond, arrived)) {
      const undoes = table.held(to)?.device === to.device;
      if (!undoes || !this.places.stands(from)) continue;
      if (!this.admit(from)) continue; // another has taken its room since
      this.reflections.heal(from);
      table.add(from);
      const others = memory.forget(from.mac, (sighting) => samePort(sighting, to) || samePort(sighting, from));
      this.settle([from.mac, ...others]);
    }
  }

  /** Forgets those who were last seen before `time`. */
  expire(time: number): void {
    this.settle(this.places.memory.expire(time));
  }

  /** Devices are gone, or have no carrier: whoever was silent behind them is, though another may be there in a moment. */
  portsFell(devices: Iterable<number>): void {
    const { topology } = this.places;
    const fallen = new Set([...devices].filter((device) => !leadsStraightOut(topology, device)));
    if (fallen.size > 0) this.forgetAll((sighting) => fallen.has(sighting.device));
  }

  /** Forgets who was where nothing can be assumed any more: after a change of the host's shape. */
  dropFallen(): void {
    this.forgetAll((sighting) => !this.isWorthKeeping(sighting));
  }

  /** Forgets the places that `unwanted` picks, of whomever they are. */
  private forgetAll(unwanted: (sighting: Sighting) => boolean): void {
    const { memory } = this.places;
    for (const mac of [...memory.macs()]) {
      this.settle(memory.forget(mac, unwanted));
      this.keepQuota(mac);
    }
  }

  /** Takes in what was remembered before. What a bridge lists now counts more. */
  restore(places: readonly Remembered[]): void {
    const { memory } = this.places;
    const counts = (sighting: Sighting): boolean => !this.isFollowed(sighting) && this.isWorthKeeping(sighting);
    const restored = places.filter(({ sighting }) => counts(sighting));
    memory.restore(restored);
    for (const { sighting } of restored) {
      if (!this.admit(sighting)) this.settle(memory.forget(sighting.mac, (each) => each === sighting));
    }
  }

  /** Whether the bridge that knew the MAC behind a guest's port lists it behind one now. */
  private isFollowed(before: Sighting): boolean {
    const { topology, table } = this.places;
    const held = table.held(before);
    return held !== undefined && isGuestPort(topology, held.device) && isGuestPort(topology, before.device);
  }

  /**
   * A static row is the administrator's word and has no limit; a learned one is the guest's, or the network's. A patch
   * port has all the guests of another bridge behind it: those that it knows are counted there, and for the others
   * there is as much room as its ports would have.
   */
  private admit({ mac, device, bridge }: Sighting): boolean {
    const { topology, table, memory, changes } = this.places;
    if (!isGuestPort(topology, device)) return this.isKnown(mac) || table.size - this.quota.size < this.limits.total;
    const inner = isOverlay(bridge ?? 0) ? innerBridge(topology, device) : null;
    if (inner && behind(topology, inner, { sightings: table.sightings(mac) }).length > 0) return true; // counted there
    const isPresent = (each: Mac): boolean => table.sightings(each).some((row) => row.device === device);
    const guests = inner ? guestPorts(topology, inner.bridge) : 1;
    const eviction = this.quota.admit(mac, device, isPresent, guests * this.limits.perPort);
    if (!eviction) return true;
    this.evictions.push(eviction.reason);
    if (eviction.mac === mac) return false;
    for (const row of table.sightings(eviction.mac)) if (row.device === eviction.port) table.remove(row);
    const others = memory.forget(eviction.mac, (row) => row.device === eviction.port);
    for (const each of [eviction.mac, ...others]) changes.touch(each); // of the newcomer there is no row yet
    if (!this.isKnown(eviction.mac)) this.places.forgotten(eviction.mac);
    return true;
  }

  /** A MAC has a new row. From one guest's port to another it is followed; from or to an uplink is remembered. */
  private arrive(sighting: Sighting, held: Sighting | undefined, now: number): void {
    const { topology, memory } = this.places;
    const { mac, bridge, vlan } = sighting;
    const atGuestPort = isGuestPort(topology, sighting.device);
    const stays = held && isGuestPort(topology, held.device);
    const isThere = (each: Sighting): boolean =>
      each.bridge === bridge && each.vlan === vlan && isGuestPort(topology, each.device);
    const left = held && !(atGuestPort && stays) ? this.remember(held, now) : [];
    const replaced = atGuestPort ? memory.forget(mac, isThere) : [];
    if (held && atGuestPort && !stays) this.reflections.came(mac, now);
    this.settle([mac, ...left, ...replaced]);
  }

  private keepQuota(mac: Mac): void {
    const { table, memory } = this.places;
    const remembered = memory.of(mac).map(({ sighting }) => sighting);
    this.quota.keep(mac, new Set([...table.sightings(mac), ...remembered].map(({ device }) => device)));
  }

  private isReflection(held: Sighting, moved: Sighting, now: number): boolean {
    const { topology, stands } = this.places;
    const bonds = seenElsewhere(topology, moved).map(({ bond }) => bond);
    if (bonds.length === 0 || !stands(held)) return false;
    return this.reflections.moved({ from: held, to: moved, bonds }, now);
  }
}

function guestPorts(topology: Topology, bridge: number): number {
  return topology.memo(`guest ports ${bridge}`, () => {
    const ports = topology.slavesOf(bridge).filter(({ ifindex }) => isGuestPort(topology, ifindex));
    return Math.max(1, ports.length);
  });
}
