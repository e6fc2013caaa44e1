import { NTF_SELF, NUD_NOARP, NUD_PERMANENT } from '../kernel/constants.js';
import type { FdbEvent } from '../kernel/events.js';
import type { IgnoreReason, Sighting, Source } from '../sources/sighting.js';
import { flawOfMac, type Mac } from '../addr/mac.js';
import { exitKey } from '../frames/ethernet.js';
import type { Heard } from '../sources/snoop.js';
import type { BondId, Exit } from '../topology/bond-id.js';
import { leadsStraightOut } from '../topology/guest-port.js';
import type { AbsentPorts } from '../topology/absent-ports.js';
import { type PortFacts, portFacts } from '../topology/port-facts.js';
import type { PvidMove } from '../topology/pvid-moves.js';
import { spokenRows } from '../topology/spoken-rows.js';
import type { Succession, Successors } from '../topology/successors.js';
import type { Topology } from '../topology/topology.js';
import type { HeardBook } from './heard-book.js';
import type { CutReason, Cuts } from './cuts.js';
import { PortQuota, type QuotaLimits } from '../sources/port-quota.js';
import { type Healable, type Move, Reflections } from './reflections.js';
import type { Speakers } from './speakers.js';
import { behind } from './standing.js';
import { type Changes, type GuestTable, type Memory, type Remembered, samePort } from './table.js';

/** Why a source's row was passed over, for those who count. */
export interface Ignored {
  readonly source: Source;
  readonly reason: IgnoreReason | 'table-full' | 'reflection';
}

/** When a row is of: monotonic clock, seconds. */
interface RowTimes {
  /** Set by the administrator: no limit holds for it. */
  readonly fixed: boolean;
  /** When the MAC was heard there. */
  readonly at: number;
  /** Until when it may have been where it was before. */
  readonly left: number;
}

/** What the rows are kept in. */
export interface Parts {
  readonly topology: Topology;
  /** Where MACs are. */
  readonly table: GuestTable;
  /** Where they were. */
  readonly memory: Memory;
  readonly book: HeardBook;
  readonly changes: Changes;
  /** Who had to go because of a limit. */
  readonly cuts: Cuts;
  /** Whether the guest's port of a sighting stands, so that the guest may be assumed behind it. */
  readonly stands: (sighting: Sighting) => boolean;
  /** The ports that have left their bridges, and may be back. */
  readonly absent: AbsentPorts;
  /** Which bridges were made anew. */
  readonly successors: Successors;
  /** Those whom a bridge lists without room for them here are no strangers. */
  readonly speakers: Speakers;
}

/** A guest that comes back is heard and learned by one frame, read from two sockets: so many seconds apart, at most. */
const MESSAGE_BEHIND_FRAME = 0.5;

/**
 * What bridges learn: follows the rows of their forwarding databases from port to port, remembers where a row was when
 * it goes, tells reflections from moves, and keeps the limits. Bounded by table, memory and quota.
 */
export class Learned {
  readonly quota: PortQuota;
  readonly reflections = new Reflections();
  private readonly evictions: CutReason[] = [];

  constructor(
    private readonly parts: Parts,
    limits: QuotaLimits,
  ) {
    this.quota = new PortQuota(limits);
  }

  /** Applies a row that came, changed or went at `now`. @returns why it was passed over, if it was */
  apply(event: FdbEvent, now: number): Ignored | null {
    const read = readFdb(event);
    if (typeof read === 'string') return { source: 'fdb', reason: read };
    const sighting: Sighting = (event.state & NUD_NOARP) === 0 ? read : { ...read, fixed: true };
    if (!event.gone) {
      if (event.locked) return this.shutOut(sighting);
      if (this.parts.table.absorb(sighting)) return null;
      const left = this.leftUplink(sighting, now);
      return this.learn(sighting, { fixed: sighting.fixed === true, at: now, left });
    }
    this.unlearn(sighting, now);
    return null;
  }

  /**
   * A locked port drops the frames of a MAC until someone lets it in (802.1X, MAC authentication bypass), and lists it so
   * that one can see whom it keeps out: it is nobody's guest there, nor is it any more.
   */
  private shutOut(sighting: Sighting): Ignored {
    const { table, memory } = this.parts;
    table.remove(sighting);
    const others = memory.forget(sighting.mac, (each) => samePort(each, sighting));
    this.settle([sighting.mac, ...others]);
    return { source: 'fdb', reason: 'locked' };
  }

  /**
   * Until when a MAC may have been where a bridge had it, when the bridge's message that it is elsewhere is read `now`: at a
   * return from an uplink to a guest's port, until the frame left that brought it here.
   */
  private leftUplink(sighting: Sighting, now: number): number {
    const { table, book } = this.parts;
    const held = table.held(sighting);
    if (!held || held.device === sighting.device || !this.port(sighting).isGuests) return now;
    const spoke = Math.max(
      -Infinity,
      ...this.port(held).outside.map((exit) => book.at(held.mac, exit)?.proof ?? -Infinity),
    );
    return now - spoke <= MESSAGE_BEHIND_FRAME ? Math.min(spoke, now) : now;
  }

  /**
   * When a bridge last gave up a port of a MAC, at a frame of it that passed a bond at `at`. Where the bridge's message that
   * the MAC is back from an uplink was read before the frame that brought it back, the return is as old as that frame.
   */
  leftBefore({ mac, direction, proof, tags }: Heard, bond: BondId, at: number): number {
    const { memory } = this.parts;
    for (const { sighting, lastSeen } of direction === 'out' && proof ? memory.of(mac) : [])
      if (lastSeen > at && lastSeen - at <= MESSAGE_BEHIND_FRAME && this.cameBack(sighting, { bond, tags }))
        memory.departed(sighting, at);
    return Math.max(-Infinity, ...memory.of(mac).map(({ lastSeen }) => lastSeen));
  }

  /** Whether a MAC that was on an uplink to this exit is on a guest's port of the same bridge now. */
  private cameBack(uplink: Sighting, exit: Exit): boolean {
    const now = this.parts.table.held(uplink);
    const leadsThere = this.port(uplink).outside.some((each) => exitKey(each) === exitKey(exit));
    return leadsThere && now !== undefined && this.port(now).isGuests;
  }

  /** Applies a row that came or changed. @returns why it was passed over, if it was */
  learn(sighting: Sighting, { fixed, at, left }: RowTimes): Ignored | null {
    const { source } = sighting;
    const { table } = this.parts;
    const held = table.held(sighting);
    if (held && this.isReflection(held, sighting, fixed, at)) {
      table.add(held); // so that a dump that tells of the reflection confirms the guest
      return { source, reason: 'reflection' };
    }
    if (!fixed && !this.admit(sighting)) {
      // Wherever it is now, the bridge has it there no more. Who took the address of a silent guest takes no more than that.
      if (held) this.unlearn(held, left);
      this.keepQuota(sighting.mac);
      return this.refuse(sighting);
    }
    const added = table.add(sighting);
    if (added === 'full') return this.refuse(sighting);
    this.parts.speakers.refused.delete(sighting.mac);
    if (added === 'changed') this.arrive(sighting, held, left);
    return null;
  }

  private refuse({ source, mac }: Sighting): Ignored {
    this.parts.speakers.refuse(mac);
    this.parts.changes.touch(mac);
    return { source, reason: 'table-full' };
  }

  /** A row went. */
  unlearn(sighting: Sighting, now: number): void {
    const { table, speakers } = this.parts;
    speakers.refused.delete(sighting.mac);
    const listed = table.listed(sighting);
    if (table.remove(sighting)) this.depart([listed], now);
  }

  /** After a dump of the kernel's bridges: rows that it did not repeat are gone. */
  finishDump(now: number): void {
    this.depart(this.parts.table.finishDump('fdb'), now);
  }

  /** A dump has shown that ports are gone: so are the rows on them, also one that it confirmed as the other side of a reflection. */
  dropHomeless(now: number): void {
    const { table, topology } = this.parts;
    const isHomeless = ({ source, device }: Sighting): boolean => source === 'fdb' && !topology.link(device);
    const homeless = [...table.macs()].flatMap((mac) => table.sightings(mac).filter(isHomeless));
    this.depart(
      homeless.filter((row) => table.remove(row)),
      now,
    );
  }

  /** Rows went. The memory has to know of all of them before the quota learns who is where. */
  private depart(rows: readonly Sighting[], now: number): void {
    this.settle(
      new Set(rows.flatMap((row) => [row.mac, ...this.spoken(row).flatMap((each) => this.remember(each, now))])),
    );
  }

  /** Of a row that stands for many, those that say where its MAC speaks. */
  private spoken(row: Sighting): readonly Sighting[] {
    const { topology, book } = this.parts;
    return row.vlans ? spokenRows(topology, [row], book.of(row.mac)) : [row];
  }

  /** What is known of these MACs is another than before. */
  private settle(macs: Iterable<Mac>): void {
    for (const mac of macs) {
      this.keepQuota(mac);
      this.parts.changes.touch(mac);
    }
  }

  /** @returns the MACs that are forgotten for it */
  private remember(sighting: Sighting, now: number): readonly Mac[] {
    const { memory, successors } = this.parts;
    const bridge = sighting.bridge === null ? null : successors.current(sighting.bridge);
    const place = bridge === sighting.bridge ? sighting : { ...sighting, bridge };
    return this.isWorthKeeping(place) ? memory.departed(place, now) : [];
  }

  /**
   * A guest whose port does not stand is gone for good: another may be behind the port when it stands again, unless the
   * port has but left its bridge. A MAC that was on an uplink lives elsewhere, also while the uplink is not in the bridge.
   */
  private isWorthKeeping(sighting: Sighting): boolean {
    const { absent, stands, topology } = this.parts;
    return this.port(sighting).isUplink || stands(sighting) || absent.awaits(sighting, topology);
  }

  /** Whether a bridge lists the MAC, or did. */
  private isKnown(mac: Mac): boolean {
    return this.parts.table.sightings(mac).length + this.parts.memory.of(mac).length > 0;
  }

  /** The addresses that had to go, or were turned away, since the last call: why. */
  takeEvictions(): readonly CutReason[] {
    return this.evictions.splice(0);
  }

  /** The rows that reflections have taken from guests since the last call, to be put back into the kernel's bridges. */
  takeReflected(): readonly Healable[] {
    return this.reflections.takeHealable().filter(({ row }) => row.source === 'fdb');
  }

  /** A bond has failed over. Guests that a bridge has learned on it since are reflections of their own frames. */
  failedOver(bond: BondId, arrived: number): void {
    for (const { move, undone } of this.reflections.failedOver(bond, arrived)) {
      if (!undone) this.undo(move, true);
      else if (this.parts.table.held(move.from)?.device === move.from.device) this.reflections.heal(move, true);
    }
  }

  /** A frame of a MAC came back by a bond at `at`: where a bridge has it there since, it has learned it of the echo. */
  echoed(mac: Mac, bond: BondId, at: number): void {
    for (const move of this.reflections.echoed(mac, bond, at)) this.undo(move, this.reflections.isRecent(bond, at));
  }

  private undo(move: Move, misledSwitches: boolean): void {
    const { from, to } = move;
    const { table, memory } = this.parts;
    const undoes = table.held(to)?.device === to.device;
    if (!undoes || !this.parts.stands(from)) return;
    if (!this.admit(from)) return; // another has taken its room since
    this.reflections.heal(move, misledSwitches);
    table.add(from);
    const others = memory.forget(from.mac, (sighting) => samePort(sighting, to) || samePort(sighting, from));
    this.settle([from.mac, ...others]);
  }

  /** Forgets those who were last seen before `time`. */
  expire(time: number): void {
    this.settle(this.parts.memory.expire(time));
  }

  /**
   * A port puts untagged frames into another VLAN: who was silent behind it in the one before is in this one. The bridge
   * has forgotten its rows in the old one by then, where the port has left that (net/bridge/br_vlan.c: nbp_vlan_delete).
   */
  pvidMoved({ port, from, to: vlan }: PvidMove): void {
    const there = (sighting: Sighting): boolean => sighting.device === port && sighting.vlan === from;
    this.move(this.parts.memory.macsAt(port), (sighting) => (there(sighting) ? { ...sighting, vlan } : null));
  }

  /** A bridge has another ifindex now. Who was on an uplink of the one before lives elsewhere still. */
  bridgeMadeAnew({ from, to: bridge }: Pick<Succession, 'from' | 'to'>): void {
    const to = (sighting: Sighting) => (sighting.bridge === from ? { ...sighting, bridge } : null);
    this.move(this.parts.memory.macs(), to);
  }

  private move(macs: Iterable<Mac>, to: (sighting: Sighting) => Sighting | null): void {
    for (const mac of [...macs]) if (this.parts.memory.move(mac, to)) this.settle([mac]);
  }

  /** Devices are gone, have no carrier, or are in another bridge: whoever was silent behind them is, though another may be there in a moment. */
  portsFell(devices: Iterable<number>): void {
    const { topology, memory } = this.parts;
    const fallen = new Set([...devices].filter((device) => !leadsStraightOut(topology, device)));
    for (const device of fallen)
      for (const mac of [...memory.macsAt(device)]) this.forget(mac, (sighting) => fallen.has(sighting.device));
  }

  /** Forgets where a MAC was, and nothing can be assumed any more: after a change of the host's shape. */
  dropFallen(mac: Mac): void {
    if (this.parts.memory.of(mac).length > 0) this.forget(mac, (sighting) => !this.isWorthKeeping(sighting));
  }

  /** The same of all who were at a device. */
  dropFallenAt(device: number): void {
    for (const mac of [...this.parts.memory.macsAt(device)]) this.dropFallen(mac);
  }

  /** Forgets the places of a MAC that `unwanted` picks. */
  private forget(mac: Mac, unwanted: (sighting: Sighting) => boolean): void {
    const { memory } = this.parts;
    const before = memory.of(mac).length;
    this.settle(memory.forget(mac, unwanted));
    if (memory.of(mac).length < before) this.settle([mac]);
  }

  /** Takes in what was remembered before. What a bridge lists now counts more. */
  restore(places: readonly Remembered[]): void {
    const { table, memory } = this.parts;
    const restored = places.filter(({ sighting }) => {
      const held = table.held(sighting);
      const isFollowed = held && this.port(held).isGuests && this.port(sighting).isGuests;
      return !isFollowed && this.isWorthKeeping(sighting);
    });
    memory.restore(restored);
    for (const { sighting } of restored) {
      if (!this.admit(sighting)) this.settle(memory.forget(sighting.mac, (each) => each === sighting));
    }
  }

  /**
   * Whether there is room for a learned row. Behind a patch port are all guests of another bridge: those that it knows
   * are counted there, and for the others there is as much room as its ports would have.
   */
  private admit(sighting: Sighting): boolean {
    const { topology, table, memory, book, changes, cuts } = this.parts;
    const { mac, device } = sighting;
    const { isGuests, isOvs, inner: end } = this.port(sighting);
    if (!isGuests) return this.isKnown(mac) || table.size - this.quota.size < this.quota.limits.total;
    const inner = isOvs ? end : null;
    if (inner && behind(topology, inner, { sightings: table.sightings(mac) }).length > 0) return true; // counted there
    const isPresent = (each: Mac): boolean => table.sightings(each).some((row) => row.device === device);
    const eviction = this.quota.admit(mac, device, isPresent, (inner?.guestPorts ?? 1) * this.quota.limits.perPort);
    if (!eviction) return true;
    this.evictions.push(eviction.reason);
    cuts.note(eviction, eviction.mac);
    if (eviction.mac === mac) return false;
    this.parts.speakers.refuse(eviction.mac);
    for (const row of table.sightings(eviction.mac)) if (row.device === eviction.port) table.remove(row);
    const others = memory.forget(eviction.mac, (row) => row.device === eviction.port);
    for (const each of [eviction.mac, ...others]) changes.touch(each); // of the newcomer there is no row yet
    if (!this.isKnown(eviction.mac)) book.forget(eviction.mac);
    return true;
  }

  /** A MAC has a new row. From one guest's port to another it is followed; from or to an uplink is remembered. */
  private arrive(sighting: Sighting, held: Sighting | undefined, now: number): void {
    const { memory } = this.parts;
    const { mac, bridge, vlan } = sighting;
    const atGuestPort = this.port(sighting).isGuests;
    const stays = held && this.port(held).isGuests;
    const isThere = (each: Sighting): boolean =>
      each.bridge === bridge && each.vlan === vlan && this.port(each).isGuests;
    const left = held && !(atGuestPort && stays) ? this.remember(held, now) : [];
    const replaced = atGuestPort ? memory.forget(mac, isThere) : [];
    if (held && atGuestPort && !stays) this.reflections.came(mac, now);
    this.settle([mac, ...left, ...replaced]);
  }

  private port(sighting: Sighting): PortFacts {
    return portFacts(this.parts.topology, sighting);
  }

  private keepQuota(mac: Mac): void {
    const { table, memory } = this.parts;
    const remembered = memory.of(mac).map(({ sighting }) => sighting);
    this.quota.keep(mac, new Set([...table.sightings(mac), ...remembered].map(({ device }) => device)));
  }

  private isReflection(held: Sighting, moved: Sighting, fixed: boolean, now: number): boolean {
    const { outside } = this.port(moved);
    if (outside.length === 0 || !this.parts.stands(held)) return false;
    const cameIn = Math.max(...outside.map((exit) => this.parts.book.at(moved.mac, exit)?.in ?? -Infinity));
    const move = { from: held, to: moved, bonds: outside.map(({ bond }) => bond), fixed };
    return this.reflections.moved(move, cameIn, now);
  }
}

/**
 * What a row of a forwarding database says: learned ones and static ones (NUD_NOARP) count; NUD_PERMANENT marks the
 * host's own addresses (net/bridge/br_fdb.c:fdb_to_nud). Rows of uplinks say that a MAC is elsewhere.
 */
export function readFdb({ mac, port, bridge, vlan, state, flags }: FdbEvent): Sighting | IgnoreReason {
  if (bridge === null || flags & NTF_SELF) return 'device-row';
  if (state & NUD_PERMANENT) return 'local';
  return flawOfMac(mac) ?? { source: 'fdb', mac, device: port, bridge, vlan };
}
