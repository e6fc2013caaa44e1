/**
 * Who is announced and who is not, written once more from the rules of the design: plain lists, searched from end to
 * end, and nothing shared with the program. Without bounds: worlds are small.
 */
import type { Command, HeardOf, Interfaces, LinkChange, RowOf } from './commands.js';
import { ModelBook } from './model-book.js';
import { ModelHost, type OpenOrNot, type Place, type Way } from './model-host.js';
import { returnedBy } from './model-returns.js';
import { leavesByAnother } from './model-ways.js';
import { MACS, SHARED_MAC, type WorldName } from './worlds.js';

/** What is said of a MAC on one way out. */
export interface Saying {
  readonly way: Way;
  readonly source: string;
  readonly lastSeen: number | null;
  readonly suppressed: string | null;
}

type Candidate = Saying & { readonly port: string };
type Interface = Readonly<Record<'mac' | 'target', string>>;
const SOURCES = ['libvirt', 'fdb', 'macvlan'];
const WINDOW = 2;

interface Move {
  readonly from: Place;
  readonly to: Place;
  readonly way: Way;
  readonly at: number;
  /** Whether the MAC had come here from elsewhere just before. */
  readonly isNewcomers: boolean;
  undone: boolean;
}

const bondOf = (way: Way): string => way.split('/')[0] ?? way;

export class Model {
  readonly host: ModelHost;
  book = new ModelBook();
  /** What the bridges list now. */
  rows: Place[] = [];
  /** Where MACs were. */
  past: (Place & { readonly at: number })[] = [];
  private moves: Move[] = [];
  /** When an echo of a MAC last came in by a bond, by both. */
  private echoes = new Map<string, number>();
  /** When MACs came to a guest's port from elsewhere: what they do next is no reflection. */
  private newcomers = new Map<string, number>();
  interfaces: readonly Interface[] = [];
  /** Whose guests stand still, and whether libvirt ever said before that they run there. */
  private still: readonly (Interface & { readonly ran: boolean })[] = [];
  /** The rows that are to be put back into bridges, since they were last asked for. */
  healed: Place[] = [];

  constructor(
    world: WorldName,
    private readonly remember: number,
  ) {
    this.host = new ModelHost(world);
  }

  play(command: Command, now: number): void {
    if (command.do === 'learn') this.learn(command, now);
    else if (command.do === 'age') this.age(command, now);
    else if (command.do === 'link') this.change(command, now);
    else if (command.do === 'gone') this.lose([command.port], now);
    else if (command.do === 'back') this.host.setPresent(command.port, true);
    else if (command.do === 'heard') this.hear(command, now);
    else if (command.do === 'failover') this.failOver(command.bond, now - command.ago);
    else if (command.do === 'expire') this.expire(now);
    else if (command.do === 'libvirt') this.hearLibvirt(command);
    else if (command.do === 'resync') this.resync(command.gone, command.rows, now);
    else if (command.do === 'restart') this.restart(command.gone, command.rows, now);
    this.settle();
  }

  private hearLibvirt({ interfaces, still }: Interfaces): void {
    const sameOf = (one: Interface) => (each: Interface) => each.mac === one.mac && each.target === one.target;
    const ran = (each: Interface): boolean => this.still.find(sameOf(each))?.ran ?? this.interfaces.some(sameOf(each));
    this.still = still.map((each) => ({ ...each, ran: ran(each) }));
    this.interfaces = interfaces;
  }

  /** Whose port is gone, down or without carrier is forgotten, for another may be behind it next time. */
  private settle(): void {
    this.past = this.past.filter((place) => this.host.isUplinks(place) || !this.host.fell(place));
  }

  /** The program is asked. Who is not in his bridge and VLAN any more is forgotten, unless he is back by now or may be yet. */
  look(): void {
    this.past = this.past.filter((place) => this.isWorthKeeping(place));
  }

  private isWorthKeeping(place: Place): boolean {
    return this.host.isUplinks(place) || this.host.stands(place) || this.host.isAway(place);
  }

  private change(command: LinkChange, now: number): void {
    const left = command.joined === false ? this.rows.filter(({ port }) => port === command.port) : [];
    this.depart(left, now);
    this.host.change(command, now);
  }

  private learn({ mac, port, vlan }: RowOf, now: number): void {
    const place = this.host.place(mac, port, vlan);
    if (!place) return;
    const held = this.rows.find((row) => sameVlan(row, place));
    if (held && samePlace(held, place)) return;
    if (held && this.isReflection(held, place, now)) return;
    this.rows = [...this.rows.filter((row) => row !== held), place];
    const followed = held !== undefined && this.host.isGuests(held) && this.host.isGuests(place);
    if (held && !followed) this.leave(held, this.movedAt(held, place, now));
    if (held && !this.host.isGuests(held) && this.host.isGuests(place)) this.come(held, this.movedAt(held, place, now));
    if (this.host.isGuests(place)) {
      this.past = this.past.filter((each) => !(sameVlan(each, place) && !this.host.isUplinks(each)));
    }
  }

  /** Who comes back is heard and learned by the same frame, but the bridge's word may be read up to half a second later. */
  private movedAt(from: Place, to: Place, now: number): number {
    const way = this.host.isUplinks(from) && this.host.isGuests(to) ? this.host.wayOfPlace(from) : null;
    const spoke = way === null ? -Infinity : this.book.lastProof(to.mac, way);
    return spoke >= now - 0.5 ? Math.min(now, spoke) : now;
  }

  private come({ mac }: Place, at: number): void {
    const mayBeEcho = this.moves.some((move) => !move.isNewcomers && move.to.mac === mac && at - move.at <= WINDOW);
    if (!mayBeEcho) this.newcomers.set(mac, at);
  }

  /** Within a short while after a failover, or an echo of it, a move from a guest's port to the bond is its own frame coming back. */
  private isReflection(from: Place, to: Place, now: number): boolean {
    const way = this.host.isUplinks(to) ? this.host.wayOfPlace(to) : null;
    if (way === null || !this.host.stands(from)) return false;
    const isNewcomers = now - (this.newcomers.get(from.mac) ?? -Infinity) <= 60;
    const isRecent = !isNewcomers && this.book.hasJustFailedOver(way, now);
    const echo = this.echoes.get(`${to.mac} ${bondOf(way)}`) ?? -Infinity;
    const undone = isRecent || (now - echo <= 60 && this.book.lastHeard(to.mac, way, 'in') <= echo);
    if (isRecent || (undone && now - echo <= 0.5)) this.healed.push(from);
    if (!isRecent) this.moves.push({ from, to, way, at: now, isNewcomers, undone });
    return undone;
  }

  private leave(row: Place, now: number): void {
    if (this.isWorthKeeping(row))
      this.past = [...this.past.filter((each) => !samePlace(each, row)), { ...row, at: now }];
  }

  private depart(gone: readonly Place[], now: number): void {
    this.rows = this.rows.filter((row) => !gone.includes(row));
    for (const row of gone) this.leave(row, now);
  }

  private age({ mac, port, vlan }: RowOf, now: number): void {
    const place = this.host.place(mac, port, vlan);
    const gone = this.rows.filter((row) => place && samePlace(row, place));
    this.depart(gone, now);
  }

  private lose(ports: readonly string[], now: number): void {
    const lost = ports.filter((port) => this.host.find(port));
    const gone = this.rows.filter(({ port }) => lost.includes(port));
    this.depart(gone, now);
    for (const port of lost) this.host.setPresent(port, false);
  }

  private hear(heard: HeardOf, now: number): void {
    const { mac } = heard;
    if (heard.direction === 'echo') return this.hearEcho(heard, now);
    const notTheGuests = heard.direction === 'out' && this.standsStill(mac);
    const said = notTheGuests ? { ...heard, proof: false, claims: [], confirms: [] } : heard;
    this.past = returnedBy(said, now - said.ago, this);
    this.book.hear(said, now, this.knows(mac));
  }

  /** A guest that stands still sends nothing; unless the MAC is somewhere else on this host as well. */
  private standsStill(mac: string): boolean {
    const targets = this.still.filter((each) => each.mac === mac).map(({ target }) => target);
    const rows = this.rows.filter((row) => row.mac === mac && this.host.isGuests(row)).map(({ port }) => port);
    const here = [...rows, ...this.macvtaps(mac), ...this.run(mac)];
    return targets.length > 0 && here.every((port) => targets.includes(port));
  }

  /** The devices of the interfaces that have a MAC now: a macvtap has the one that its guest chose, whatever the file says. */
  private targetsOf(mac: string): string[] {
    const isIts = (each: Interface): boolean => (this.host.macvtapMac(each.target) ?? each.mac) === mac;
    return this.interfaces.filter(isIts).map(({ target }) => target);
  }

  /** The devices at which libvirt says that the MAC's guest runs: of one bridge and VLAN, the last. */
  private run(mac: string): string[] {
    const targets = this.targetsOf(mac);
    const places = targets.flatMap((target) => this.placesOfInterface(mac, target));
    const last = places.filter((place, n) => !places.slice(n + 1).some((later) => sameVlan(later, place)));
    return [...targets.filter((target) => this.runsOnMacvtap(target)), ...last.map(({ port }) => port)];
  }

  private knows(mac: string): boolean {
    const isHere = (place: Place): boolean => place.mac === mac && this.host.isGuests(place);
    if (this.macvtaps(mac).length > 0 || [...this.rows, ...this.past].some(isHere)) return true;
    const targets = this.targetsOf(mac);
    return targets.some((target) => this.runsOnMacvtap(target) || this.placesOfInterface(mac, target).length > 0);
  }

  private failOver(bond: string, arrived: number): void {
    this.book.failOver(bond, arrived);
    const ours = ({ way, at, isNewcomers }: Move): boolean =>
      !isNewcomers && at >= arrived && at - arrived <= WINDOW && bondOf(way) === bond;
    for (const move of this.moves.filter(ours).reverse()) {
      if (!move.undone) this.undo(move);
      else if (this.rows.some((row) => samePlace(row, move.from))) this.healed.push(move.from);
    }
    this.moves = this.moves.filter((move) => !ours(move));
  }

  /** A frame came back by a bond. The bridge may have learned from it already. */
  private hearEcho({ mac, bond, ago }: HeardOf, now: number): void {
    const at = now - ago;
    this.echoes.set(`${mac} ${bond}`, at);
    const caused = this.moves.filter(
      (move) => !move.undone && move.to.mac === mac && bondOf(move.way) === bond && at - move.at <= 0.5,
    );
    for (const move of caused) move.undone = true;
    for (const move of caused.reverse()) this.undo(move);
  }

  private undo({ from, to }: Move): void {
    if (!this.rows.some((row) => samePlace(row, to)) || !this.host.stands(from)) return;
    this.rows = [...this.rows.filter((row) => !samePlace(row, to)), from];
    this.past = this.past.filter((place) => !samePlace(place, from) && !samePlace(place, to));
    this.healed.push(from);
  }

  private expire(now: number): void {
    if (this.host.expire(now)) this.look();
    const silent = (mac: string): boolean =>
      this.past.every((place) => place.mac !== mac || place.at < now - this.remember);
    this.past = this.past.filter(({ mac }) => !silent(mac));
  }

  private resync(gone: readonly string[], rows: readonly RowOf[], now: number): void {
    for (const row of rows) this.learn(row, now);
    const told = rows.flatMap(({ mac, port, vlan }) => this.host.place(mac, port, vlan) ?? []);
    this.depart(
      this.rows.filter((row) => !told.some((each) => sameVlan(each, row))),
      now,
    );
    this.lose(gone, now);
  }

  /** A place on a device that is gone may have been the latest word: what is older goes. */
  private restart(gone: readonly string[], rows: readonly RowOf[], now: number): void {
    this.look(); // everybody has been judged by the time that it is saved
    const runs = this.interfaces.flatMap(({ mac, target }) => this.placesOfInterface(mac, target));
    const run = runs.filter((place, n) => !runs.slice(n + 1).some((later) => sameVlan(later, place)));
    const leads = (row: Place): boolean => this.host.isGuests(row) || this.host.wayOfPlace(row) !== null;
    const listed = [...this.rows.filter(leads), ...run].map((row) => ({ ...row, at: now }));
    const saved = [...this.past.filter((place) => !listed.some((row) => samePlace(row, place))), ...listed];
    const macs = new Set([...MACS, ...this.host.devices.map(({ address }) => address ?? '')]);
    const here = [...macs].filter((mac) => this.macvtaps(mac).length > 0 || this.runsOnAnyMacvtap(mac));
    const ours = saved.filter(({ mac }) => saved.some((place) => place.mac === mac && this.host.isGuests(place)));
    for (const port of gone) this.host.setPresent(port, false);
    this.host.forgetAway();
    const lost = ours.filter(({ port, life }) => this.host.find(port)?.life !== life);
    const recalled = ours.filter(({ mac, at }) => !lost.some((place) => place.mac === mac && place.at >= at));
    const book = this.book.saved(new Set([...here, ...ours.map(({ mac }) => mac)]));
    this.book = new ModelBook(); // the bridges are read before what was saved
    [this.rows, this.past, this.moves, this.healed] = [[], [], [], []];
    [this.newcomers, this.echoes] = [new Map(), new Map()];
    this.still = this.still.map((each) => ({ ...each, ran: false }));
    for (const row of rows) this.learn(row, now);
    this.book = book;
    const followed = (place: Place): boolean =>
      this.host.isGuests(place) && this.rows.some((row) => sameVlan(row, place) && this.host.isGuests(row));
    for (const { at, ...place } of recalled) {
      if (!followed(place) && !this.past.some((each) => samePlace(each, place))) this.past.push({ ...place, at });
    }
    this.look();
    this.expire(now);
  }

  /** Everything that is to be said of a MAC, one saying a way. */
  sayings(mac: string): Saying[] {
    const candidates = this.candidates(mac).sort(byWeight);
    const ways = [...new Set(candidates.map(({ way }) => way))].sort();
    return ways.map((way) => {
      const those = candidates.filter((each) => each.way === way);
      const times = those.map(({ lastSeen }) => lastSeen ?? Infinity);
      const lastSeen = Math.max(...times);
      const best = those[0] as Candidate;
      const waits = those.every(({ port }) => this.waits(mac, port));
      const another = mac !== SHARED_MAC && leavesByAnother(mac, best, candidates, this);
      const suppressed = another ? 'other-bond' : this.reason(mac, best, this.isVouched(mac, way), waits);
      return { way, source: best.source, lastSeen: lastSeen === Infinity ? null : lastSeen, suppressed };
    });
  }

  /** Whether libvirt says that the MAC is here, and leaves by this way. */
  isVouched(mac: string, way: Way): boolean {
    return this.candidates(mac).some((each) => each.way === way && each.source === 'libvirt');
  }

  /** Why this way is blocked: more than one reason, where the MAC is in more than one place. Any of them may be named. */
  blockReasons(mac: string, way: Way): (string | null)[] {
    const those = this.candidates(mac).filter((each) => each.way === way && each.suppressed !== null);
    return those.map(({ suppressed }) => suppressed);
  }

  private reason(mac: string, { way, suppressed }: Candidate, vouched: boolean, waits: boolean): string | null {
    if (mac === SHARED_MAC) return 'virtual-router';
    const proof = this.book.lastProof(mac, way);
    if (!vouched && this.lastAway(mac, way) > proof) return 'seen-on-uplink';
    return waits && !vouched && proof === -Infinity ? 'paused' : suppressed;
  }

  private waits(mac: string, port: string): boolean {
    return this.still.some((each) => each.mac === mac && each.target === port && !each.ran);
  }

  /** When the MAC last came in by a way; what a bridge lists there now is later than anything. */
  lastAway(mac: string, way: Way): number {
    const here = (place: Place): boolean => place.mac === mac && this.host.isUplinks(place);
    if (this.rows.some((row) => here(row) && this.host.wayOfPlace(row) === way)) return Infinity;
    const times = this.past.filter((place) => here(place) && this.host.wayOfPlace(place) === way).map(({ at }) => at);
    return Math.max(this.book.lastHeard(mac, way, 'in'), ...times);
  }

  /** Who says that the MAC is here, and by which way it leaves. */
  private candidates(mac: string): Candidate[] {
    const found: Candidate[] = [];
    const add = (
      ways: readonly OpenOrNot[],
      source: string,
      lastSeen: number | null,
      port: string,
      place?: Place,
    ): void => {
      const inner = ways.flatMap((each) =>
        this.book
          .waysWithin(mac, each.way)
          .flatMap((way) => (place ? this.host.waysOfInner(place, each, way) : [{ ...each, way }])),
      );
      for (const { way, blocked } of [...ways, ...inner])
        found.push({ way, source, lastSeen, suppressed: blocked, port });
    };
    const from = ({ bridge, vlan }: Place): OpenOrNot[] => this.host.waysOfBridge(bridge, vlan);
    for (const row of this.rows)
      if (row.mac === mac && this.host.isGuests(row)) add(from(row), 'fdb', null, row.port, row);
    for (const place of this.past)
      if (place.mac === mac && this.host.stands(place)) add(from(place), 'fdb', place.at, place.port, place);
    for (const tap of this.macvtaps(mac)) add(this.host.waysOfDevice(tap), 'macvlan', null, tap);
    for (const target of this.targetsOf(mac)) {
      const [place] = this.runsOnMacvtap(target) ? [] : this.placesOfInterface(mac, target);
      add(this.waysOfInterface(mac, target), 'libvirt', null, target, place);
    }
    return found;
  }

  private macvtaps(mac: string): string[] {
    const { devices } = this.host;
    return devices
      .filter(({ kind, address, up }) => kind === 'macvtap' && address === mac && up)
      .map(({ name }) => name);
  }

  private waysOfInterface(mac: string, target: string): OpenOrNot[] {
    if (this.runsOnMacvtap(target)) return this.host.waysOfDevice(target);
    return this.placesOfInterface(mac, target).flatMap(({ bridge, vlan }) => this.host.waysOfBridge(bridge, vlan));
  }

  private runsOnAnyMacvtap(mac: string): boolean {
    return this.targetsOf(mac).some((target) => this.runsOnMacvtap(target));
  }

  private runsOnMacvtap(target: string): boolean {
    const device = this.host.find(target);
    return device?.kind === 'macvtap' && device.up && device.carrier;
  }

  /** libvirt's guests are in the native VLAN of their port, whose device has to stand. */
  private placesOfInterface(mac: string, target: string): Place[] {
    const device = this.host.find(target);
    const vlan = device?.vlans.find(({ untagged }) => untagged)?.vid ?? 0;
    const place = device?.up && device.carrier ? this.host.place(mac, target, vlan) : null;
    return place && place.vlan !== 0 ? [place] : [];
  }
}

const sameVlan = (a: Place, b: Place): boolean => a.mac === b.mac && a.bridge === b.bridge && a.vlan === b.vlan;
const samePlace = (a: Place, b: Place): boolean => sameVlan(a, b) && a.port === b.port && a.life === b.life;

/** A way that is open goes first, then the source that knows most. */
function byWeight(a: Candidate, b: Candidate): number {
  const open = Number(a.suppressed !== null) - Number(b.suppressed !== null);
  return open !== 0 ? open : SOURCES.indexOf(a.source) - SOURCES.indexOf(b.source);
}
