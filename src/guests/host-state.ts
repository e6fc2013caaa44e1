import type { Config } from '../config/config.js';
import type { Mac } from '../addr/mac.js';
import { NUD_REACHABLE } from '../kernel/constants.js';
import type { KernelEvent, NeighbourEvent } from '../kernel/events.js';
import type { Heard } from '../sources/snoop.js';
import type { GuestInterface } from '../sources/guest-interfaces.js';
import type { OvsConfig } from '../sources/ovs/config.js';
import type { Sighting } from '../sources/sighting.js';
import type { BondId, Exit } from '../topology/bond-id.js';
import { exitsOfDevice } from '../topology/exits.js';
import { isHostsVoice } from '../topology/host-voice.js';
import { snapshotBonds } from '../topology/named-devices.js';
import { portFacts } from '../topology/port-facts.js';
import { AbsentPorts } from '../topology/absent-ports.js';
import { spokenRows } from '../topology/spoken-rows.js';
import { Successors } from '../topology/successors.js';
import { Topology } from '../topology/topology.js';
import { type GuestAddress, isHostsFrame, knownAddresses } from './addresses.js';
import { Cuts, hasRoom, tooManyStatic } from './cuts.js';
import { Declared } from './declared.js';
import type { Healable } from './reflections.js';
import { type EvictionReason, HeardBook, noteSaid, type Said } from './heard-book.js';
import { passedInFront } from './in-front.js';
import { type Ignored, Learned } from './learned.js';
import { OvsGuests } from './ovs-guests.js';
import { type GuestSettings, guestSettings, Policy, StaticGuests } from './policy.js';
import { type GuestSnapshot, recallAll, type Snapshot, snapshotGuests, snapshotSome } from './snapshot.js';
import { Speakers, type SpeakerReason } from './speakers.js';
import { ShapeFollower } from './shape-follower.js';
import { type Evidence, portStands } from './standing.js';
import { StillGuests } from '../topology/still-guests.js';
import { furtherPlaces } from '../shares.js';
import { Changes, GuestTable, Memory } from './table.js';
import { judge, type Verdict } from './verdict.js';

/** What of a frame does not count that a guest cannot have sent. */
const NOT_THE_GUESTS = { proof: false, claims: [], confirms: [], router: null, raSent: false } as const;
/** A frame and the kernel's word on its address are read at most so far apart, in seconds. */
const APART = 2;
/** Who is heard and never announced for that alone is named so long after his last frame, in seconds. */
const NAMED_FOR = 3600;

/** Everything we know of this host, folded from kernel events: its devices, and who is behind them. */
export class HostState {
  readonly topology = new Topology();
  /** What has changed: for who judges, and for who saves. */
  readonly changed = new Changes();
  private readonly successors = new Successors();
  /** Which limits are met, by whom, and who is not announced for that. */
  readonly cuts = new Cuts();
  private readonly table: GuestTable;
  private readonly memory: Memory;
  readonly book: HeardBook;
  private readonly learned: Learned;
  private readonly speakers: Speakers;
  readonly declared: Declared;
  private readonly shape: ShapeFollower;
  /** null as long as libvirt has nobody paused. */
  private still: StillGuests | null = null;
  private readonly statics: StaticGuests;
  private policy: Policy;
  readonly ovs: OvsGuests;
  /** Whether the devices of Open vSwitch are known. Before, guests behind them cannot be restored. */
  knowsOvs = false;
  /** Whether all that may be announced have a place; from who knows. */
  hasPlaces = (): boolean => true;
  /** While a dump is read: what it has not told yet is no news. */
  private dumping = false;
  /** The latest time of which anything was told: monotonic clock, seconds. */
  private latest = -Infinity;

  constructor(private settings: GuestSettings) {
    const { total, perPort, addressesPerGuest } = settings.limits;
    const { topology, changed: changes, cuts } = this;
    const isGuests = (sighting: Sighting): boolean => portFacts(topology, sighting).isGuests;
    const table = (this.table = new GuestTable(2 * total, isGuests, (row) =>
      this.cuts.count(tooManyStatic(row), row.mac),
    ));
    const memory = (this.memory = new Memory(total, isGuests, (place) =>
      this.cut(place.mac, `${place.bridge} ${place.vlan}`, place.device),
    ));
    const book = (this.book = new HeardBook(
      { macs: total, addresses: addressesPerGuest },
      (mac) => changes.touch(mac),
      (mac, exit) => this.cut(mac, exit),
      (mac) => changes.note(mac),
    ));
    const speakers = (this.speakers = new Speakers(total));
    const stands = (sighting: Sighting): boolean => portStands(topology, sighting, this.evidence(sighting.mac));
    const parts = { topology, table, memory, book, changes, cuts, stands, speakers };
    const anew = { absent: new AbsentPorts(), successors: this.successors };
    const learned = (this.learned = new Learned({ ...parts, ...anew }, { total, perPort }));
    this.ovs = new OvsGuests(topology, table, learned);
    const declared = (this.declared = new Declared(topology, table, changes, settings.sources.hostAddresses));
    this.shape = new ShapeFollower({ ...parts, ...anew, learned, declared });
    this.statics = new StaticGuests(settings.static);
    this.policy = new Policy(settings);
  }

  /**
   * Other settings hold from now on, for guests known and to come. Limits turn nobody out who is known; that of all
   * MACs stays as it was from the beginning, because memory was laid out for it.
   * @param bonds the names of those to watch
   */
  configure(settings: GuestSettings, bonds: 'auto' | readonly string[]): void {
    const { limits, sources } = settings;
    const { total } = this.settings.limits;
    if (this.settings.sources.snoop && !sources.snoop) {
      this.book.forgetAddresses();
      this.speakers.clear();
    }
    this.settings = { ...settings, limits: { ...limits, total } };
    this.learned.quota.limits = { total, perPort: limits.perPort };
    this.book.limits = { macs: total, addresses: limits.addressesPerGuest };
    this.declared.announcesOwn = sources.hostAddresses;
    this.statics.configure(settings.static);
    this.policy = new Policy(settings);
    this.topology.watchOnly(bonds);
    this.changed.touchAll();
  }

  /** Takes in one event. @param now monotonic clock, seconds @returns why a source's row was passed over, if it was */
  apply(event: KernelEvent, now: number): Ignored | null {
    this.latest = Math.max(this.latest, now);
    if (event.type === 'fdb') return this.learned.apply(event, now);
    if (event.type === 'neighbour') this.applyNeighbour(event, now);
    else if (event.type === 'address' || event.type === 'forwarding') {
      for (const [mac, ip] of this.declared.applyAddress(event)) this.book.doubt(mac, ip, now - APART);
    } else this.shape.apply(event, now);
    return null;
  }

  /** The host has spoken with a neighbour: it confirms an address, but the table is no proof of one. */
  private applyNeighbour({ gone, ifindex, address, mac, state }: NeighbourEvent, now: number): void {
    if (gone || mac === null || !(state & NUD_REACHABLE) || !this.settings.sources.neighbour) return;
    for (const exit of exitsOfDevice(this.topology, ifindex)) this.book.confirm(exit, mac, address, now);
  }

  /**
   * Takes in what Open vSwitch's database says, in place of what it said before, when the kernel's devices are known.
   * @param now monotonic clock, seconds
   */
  setOvs(config: OvsConfig, now: number): void {
    this.knowsOvs = true;
    if (this.ovs.setConfig(config, now)) this.changed.touchAll();
  }

  /**
   * Takes in the interfaces of the guests that libvirt runs here now, in place of those of the last call.
   * @param still those of guests that stand still, and that therefore send nothing
   * @param standby those in whose place the guest has hardware to use
   */
  setGuestInterfaces(
    interfaces: readonly GuestInterface[],
    still: readonly GuestInterface[] = [],
    standby: readonly GuestInterface[] = [],
  ): void {
    if (still.length > 0) this.still ??= new StillGuests();
    for (const mac of this.still?.set(still, (each) => this.declared.runs(each)) ?? []) this.changed.touch(mac);
    if (still.length === 0) this.still = null;
    this.declared.setInterfaces(interfaces, standby, this.latest);
  }

  /** The addresses that had to go, or were turned away, since the last call: why. */
  takeEvictions(): readonly (EvictionReason | SpeakerReason)[] {
    const { learned, book, speakers, cuts } = this;
    return [...learned.takeEvictions(), ...book.takeEvictions(), ...speakers.takeEvictions(), ...cuts.takeCounted()];
  }

  /** A MAC is in so many VLANs that one had to go. @param limit how many places there are for all, where that is another */
  cut(mac: Mac, vlan: string, port = this.portOf(mac), limit = furtherPlaces(this.settings.limits.total)): void {
    this.cuts.count({ reason: 'vlans', port, mac, limit }, vlan);
  }

  private portOf(mac: Mac): number | null {
    const rows = [...this.table.sightings(mac), ...this.memory.of(mac).map(({ sighting }) => sighting)];
    return rows.find((row) => this.isHere(row))?.device ?? null;
  }

  /** Those that are met since the last call, and those that have room again. To be called now and then. */
  lookAtLimits(now: number): ReturnType<Cuts['look']> {
    const { learned, book, memory, hasPlaces } = this;
    const room = { quota: learned.quota, hasPlaces, isFull: book.isFull || memory.isFull };
    return this.cuts.look((cut) => hasRoom(cut, { ...room, hasFolded: this.table.hasFolded }), now);
  }

  /**
   * Takes in what was heard on a bond. What comes in counts for the MACs that we know to be here: they have moved, or
   * their addresses have; the rest of the network is none of our business.
   * @param at monotonic clock, seconds
   */
  heard(bond: BondId, heard: Heard, at: number): void {
    if (!this.settings.sources.snoop) return; // from a thread that has not stopped yet
    const { mac, direction } = heard;
    const { topology, table, memory } = this;
    // Open vSwitch's own RARPs are no proof: a guest is proved to a bond in front by what claims an address.
    for (const front of this.knowsOvs ? passedInFront({ topology, table, memory }, bond, heard) : [])
      this.heard(front, { ...heard, proof: heard.proof && heard.claims.length > 0 }, at);
    if (direction === 'echo') return this.learned.echoed(mac, bond, at);
    const reflected = direction === 'in' && this.learned.reflections.isRecent(bond, at);
    if (!reflected && this.settings.static.length > 0) this.statics.heard(bond, heard);
    const known = this.isGuest(mac) || (this.speakers.held.size > 0 && this.speakers.has(mac));
    const { own } = this.declared;
    const isHosts = (): boolean => own.byDevice.size > 0 && isHostsVoice(topology, own, table.sightings(mac), heard);
    const isGuests = direction === 'in' || !(this.standsStill(mac) || isHosts());
    const said = isGuests ? { ...heard, direction } : { ...heard, ...NOT_THE_GUESTS, direction };
    if (!reflected) noteSaid(this.speakers, bond, said, at);
    if (reflected || (direction === 'in' && !known)) return this.book.releaseClaims(bond, heard, reflected);
    const left = this.memory.of(mac).length > 0 ? this.learned.leftBefore(said, bond, at) : -Infinity;
    if (this.book.apply(bond, said, at, { known, left })) this.changed.touch(mac);
  }

  /** Whether the MAC is only where libvirt says that its guest stands still: a frame of it is not the guest's then. */
  private standsStill(mac: Mac): boolean {
    const ports = this.still?.portsOf(mac, this.topology) ?? [];
    const isElsewhere = (row: Sighting): boolean =>
      this.isHere(row) && !ports.some(({ device }) => device === row.device);
    return ports.length > 0 && !this.table.sightings(mac).some(isElsewhere);
  }

  /** Whether somebody was heard leaving of whom no source has told yet. */
  get isUnsettled(): boolean {
    return this.speakers.pending.size > 0 && !this.dumping;
  }

  /**
   * The kernel has told all that it knew at `time`: who was heard leaving before, and is still unknown, is a guest by
   * that. To be called when that is so. @param now both: monotonic clock, seconds
   */
  settle(time: number, now: number): void {
    if (this.dumping) return;
    const isOwn = (said: Said): boolean => isHostsFrame(this.topology, this.declared.own, said);
    for (const mac of this.speakers.settle(Math.min(time, this.ovs.knownUntil(now)), isOwn)) {
      this.book.adopt(mac);
      this.changed.touch(mac);
    }
  }

  /** Whether the MAC is, or was, on this side of the bonds. */
  private isGuest(mac: Mac): boolean {
    const isHere = (sighting: Sighting): boolean => this.isHere(sighting);
    return this.table.sightings(mac).some(isHere) || this.memory.of(mac).some(({ sighting }) => isHere(sighting));
  }

  private isHere(sighting: Sighting): boolean {
    return sighting.bridge === null || portFacts(this.topology, sighting).isGuests;
  }

  /** The addresses of a MAC at one exit. @param now monotonic clock, seconds */
  addressesOf(mac: Mac, exit: Exit, now: number): readonly GuestAddress[] {
    const { topology, book, table, declared } = this;
    const statics = this.settings.static.length > 0 ? this.statics : null;
    return knownAddresses({ topology, book, statics, table, own: declared.own }, mac, exit, now);
  }

  /**
   * A bond has failed over. Guests that a bridge has learned on it since are reflections of their own frames.
   * @param arrived when the kernel's message arrived: monotonic clock, seconds
   */
  failedOver(bond: BondId, arrived: number): void {
    for (const mac of this.book.forgetIncoming(bond, arrived)) this.changed.touch(mac);
    this.learned.failedOver(bond, arrived);
  }

  /** Whether a bond failed over so short a while ago that what was on its way then may come back. */
  isReflecting(bond: BondId, now: number): boolean {
    return this.learned.reflections.isRecent(bond, now);
  }

  /** The rows that reflections have taken from guests since the last call, to be put back into the bridges. */
  takeReflected(): readonly Healable[] {
    return this.learned.takeReflected();
  }

  /** Before a fresh dump of everything. */
  startDump(): void {
    this.dumping = true;
    this.topology.startDump();
    this.table.startDump('fdb');
    this.declared.own.startDump();
  }

  /** After it: what it did not mention is gone. */
  finishDump(now: number): void {
    this.dumping = false;
    if (this.topology.finishDump()) {
      this.changed.touchAll();
      this.learned.dropHomeless(now);
    }
    this.declared.finishDump();
    this.learned.finishDump(now);
  }

  /** Forgets those who have been silent for too long. To be called now and then. */
  expire(now: number): void {
    this.latest = Math.max(this.latest, now);
    this.shape.expire(now);
    this.learned.expire(now - this.settings.remember);
    const { heardFor } = this.settings;
    const stands = ({ bond }: Exit): boolean =>
      this.topology.link(bond) !== undefined || this.successors.awaits(bond, now);
    const silent = this.speakers.expire(now - (heardFor > 0 ? heardFor : NAMED_FOR), stands);
    for (const mac of silent) this.changed.touch(mac);
  }

  /**
   * Whose verdicts may have changed since the last call.
   * @returns the MACs, those that are not known any more among them; or 'all', also those known only to the caller
   */
  takeStale(): ReadonlySet<Mac> | 'all' {
    this.readChanged();
    if (this.changed.isAll) for (const mac of [...this.memory.macs()]) this.learned.dropFallen(mac);
    const { macs, all } = this.changed.take();
    return all ? 'all' : macs;
  }

  /** As `takeStale`, for who takes his time: `macs` are to be judged now, and if `all`, the others by `judgeAnew`. */
  takeChanges(): ReturnType<Changes['take']> {
    this.readChanged();
    return this.changed.take();
  }

  private readChanged(): void {
    const { changed, learned, table, memory, declared } = this;
    if (changed.isAll || declared.ownPending || declared.interfacesPending) declared.read(changed.isAll);
    for (const device of changed.concerned) {
      for (const macs of [table.macsAt(device), memory.macsAt(device)]) for (const mac of macs) changed.touch(mac);
      learned.dropFallenAt(device);
    }
  }

  /** What is to be said of one MAC after the host's shape has changed: where it cannot be any more is forgotten first. */
  judgeAnew(mac: Mac): Verdict[] {
    this.learned.dropFallen(mac);
    return this.verdicts(mac);
  }

  /**
   * What is to be said of one MAC now; empty when it is behind no bond.
   * @param claimed exits by which an operator wants it announced
   */
  verdicts(mac: Mac, claimed: readonly Exit[] = []): Verdict[] {
    return judge(this.topology, mac, this.evidence(mac, claimed), this.policy);
  }

  private evidence(mac: Mac, claimed: readonly Exit[] = []): Evidence {
    const heard = this.book.of(mac);
    const sightings = this.table.sightings(mac);
    return {
      sightings: this.table.hasFolded ? spokenRows(this.topology, sightings, heard) : sightings,
      remembered: this.memory.of(mac),
      heard,
      configured: this.statics.claims(mac, this.topology),
      claimed,
      waitsAt: this.still?.waitingAt(mac, this.topology) ?? [],
      ...(this.declared.domains.size > 0 ? this.declared.evidence(mac, this.latest) : {}),
      speaking: (isKnown) =>
        heard.length + this.speakers.held.size > 0 ? this.speakers.judged(mac, heard, isKnown, this.latest) : [],
    };
  }

  macs(): Iterable<Mac> {
    return new Set(this.macsInTurn());
  }

  /** The same, some more than once. They may come and go between two steps. */
  *macsInTurn(): Generator<Mac> {
    for (const part of [this.table, this.memory, this.statics, this.speakers]) yield* part.macs();
  }

  /**
   * What is worth keeping. Its guests are read from this state as they are asked for.
   * @param macs of these alone; one of which nothing is worth keeping comes with nothing
   */
  snapshot(now: number, macs: Iterable<Mac> | 'all' = 'all'): Snapshot {
    const { topology, table, memory, book, speakers } = this;
    const parts = { topology, table, memory, book, speakers };
    const { total } = this.settings.limits;
    const guests = macs === 'all' ? snapshotGuests(parts, total, now) : snapshotSome(parts, macs, now);
    return { bonds: snapshotBonds(topology), guests };
  }

  /**
   * Remembers guests of a snapshot of this boot, as far as the devices that stand now are theirs. What a bridge lists
   * now, and what was heard since, counts more. To be called when the devices are known.
   */
  restore(guests: Iterable<GuestSnapshot>, now: number): void {
    const { topology, learned, book, speakers } = this;
    recallAll({ topology, learned, book, speakers }, [...guests], now);
    this.expire(now);
    this.changed.touchAll();
  }
}

/** An empty picture of the host, to be filled from the kernel. */
export function newHostState(config: Config): HostState {
  const host = new HostState(guestSettings(config));
  host.topology.watchOnly(config.bonds);
  return host;
}
