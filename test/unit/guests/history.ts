/** Plays a history to the real program, and keeps what a property needs of it: what happened, not what should follow. */
import type { GuestSettings } from '../../../src/guests/policy.js';
import type { Command, RowOf, Step } from './commands.js';
import { Driver, type Judged, type Limits } from './driver.js';
import { MACS, type WorldName } from './worlds.js';

const RESTART_SECONDS = 0.3;
/** For so long after a failover what comes in may be a guest's own frame. */
const WINDOW = 2;

export interface Heard {
  readonly direction: 'in' | 'out';
  /** For what comes in: since when nothing was heard leaving. For what leaves: when. */
  readonly since: number;
}

/** An announcement of a guest by one way out. */
export type Announced = Judged & { readonly mac: string };

export class History {
  now = 1000;
  readonly driver: Driver;
  /** What the bridges list. */
  rows: RowOf[] = [];
  /** By MAC and way: where it was heard last, as far as that counts. */
  readonly heard = new Map<string, Heard>();
  /** By MAC and way: heard leaving, at any time. */
  readonly left = new Set<string>();
  /** The MACs of which a frame came back. */
  readonly echoed = new Set<string>();
  readonly failovers: { readonly bond: string; readonly at: number }[] = [];
  interfaces: readonly { mac: string; target: string }[] = [];
  /** The MACs whose guests stand still somewhere. */
  still: ReadonlySet<string> = new Set();
  private readonly latest = { heard: 0, failover: 0 };

  constructor(world: WorldName, limits: Limits, exclude?: GuestSettings['exclude']) {
    this.driver = new Driver(world, limits, exclude);
  }

  /** @returns the command as it was played */
  play({ look: _, ...step }: Step): Command {
    if (step.do === 'wait') this.pass(step.seconds);
    if (step.do === 'restart') [this.latest.heard, this.latest.failover] = [this.pass(RESTART_SECONDS), this.now];
    const command = this.complete(step);
    this.note(command);
    this.driver.play(command, this.now);
    this.forgetStrangers();
    return command;
  }

  /** Everyone that is announced. */
  announced(): Announced[] {
    const all = MACS.flatMap((mac) => this.driver.judged(mac).map((each) => ({ mac, ...each })));
    return all.filter(({ suppressed }) => suppressed === null);
  }

  /** Whether libvirt says that the MAC is here. */
  isVouched(mac: string): boolean {
    return this.interfaces.some((each) => (this.driver.macvtapMac(each.target) ?? each.mac) === mac);
  }

  private pass(seconds: number): number {
    return (this.now += seconds);
  }

  private complete(command: Command): Command {
    if (command.do === 'heard' || command.do === 'failover') {
      const { do: what } = command;
      const bond = this.driver.bonds().has(command.bond) ? command.bond : 'bond0';
      this.latest[what] = Math.max(this.latest[what], this.now - command.ago); // they are told of in order
      return { ...command, bond, ago: this.now - this.latest[what] };
    }
    const leaves = command.do === 'gone' || (command.do === 'link' && command.joined === false);
    if (leaves) return { ...command, rows: this.rows.filter(({ port }) => port === command.port) };
    if (command.do !== 'resync' && command.do !== 'restart') return command;
    const rows = [...(command.keep ? this.rows : []), ...command.rows];
    return { ...command, rows: rows.filter(({ port }) => !command.gone.includes(port)) };
  }

  private note(command: Command): void {
    if (command.do === 'learn') this.learn(command);
    else if (command.do === 'age') this.rows = this.rows.filter((row) => !this.isSame(row, command, 'port'));
    else if (command.do === 'gone' || (command.do === 'link' && command.joined === false))
      this.rows = this.rows.filter(({ port }) => port !== command.port);
    else if (command.do === 'resync' || command.do === 'restart') {
      this.rows = [];
      for (const row of command.rows) this.learn(row);
    } else if (command.do === 'libvirt') {
      this.interfaces = command.interfaces;
      this.still = new Set(command.still.map(({ mac }) => mac));
    } else if (command.do === 'heard') this.noteHeard(command);
    else if (command.do === 'failover') this.noteFailover(command.bond, this.now - command.ago);
  }

  private learn(row: RowOf): void {
    if (!this.driver.bridgeOf(row.port)) return;
    this.rows = [...this.rows.filter((each) => !this.isSame(each, row, 'bridge')), row];
  }

  /** Whether two rows are of one MAC in one VLAN of the same port, or the same bridge. */
  private isSame(one: RowOf, other: RowOf, by: 'port' | 'bridge'): boolean {
    const [bridge, others] = [this.driver.bridgeOf(one.port), this.driver.bridgeOf(other.port)];
    if (one.mac !== other.mac || bridge?.name !== others?.name) return false;
    return (by === 'bridge' || one.port === other.port) && (!bridge?.aware || one.vlan === other.vlan);
  }

  private noteHeard({ mac, bond, tags, direction, proof, ago }: Command & { do: 'heard' }): void {
    const at = this.now - ago;
    const place = `${mac} ${[bond, ...tags].join('/')}`;
    if (direction === 'echo') this.echoed.add(mac);
    else if (direction === 'out') {
      if (proof && this.still.has(mac))
        this.heard.delete(place); // it depends on where the MAC is now
      else if (proof) this.heard.set(place, { direction, since: at });
      this.left.add(place);
    } else if (this.isKnown(mac) && !this.failovers.some((each) => each.bond === bond && isWithin(at, each.at))) {
      const before = this.heard.get(place);
      const isLater = before?.direction !== 'out' || at > before.since;
      if (isLater) this.heard.set(place, { direction, since: before?.direction === 'in' ? before.since : at });
    }
  }

  /** What came in since the failover may have been a reflection. */
  private noteFailover(bond: string, at: number): void {
    this.failovers.push({ bond, at });
    for (const [place, { direction, since }] of this.heard) {
      const [, way = ''] = place.split(' ');
      if (direction === 'in' && way.split('/')[0] === bond && isWithin(since, at)) this.heard.delete(place);
    }
  }

  /** A MAC that no bridge has had behind a guest's port is nobody's: what came in of it does not count later. */
  private forgetStrangers(): void {
    const came = [...this.heard].filter(([, { direction }]) => direction === 'in').map(([place]) => place);
    const strangers = new Set(came.map((place) => place.slice(0, 17)).filter((mac) => !this.isKnown(mac)));
    for (const place of came) if (strangers.has(place.slice(0, 17))) this.heard.delete(place);
  }

  private isKnown(mac: string): boolean {
    return this.driver.judged(mac).some(({ source }) => source === 'fdb');
  }
}

const isWithin = (at: number, failover: number): boolean => at >= failover && at - failover <= WINDOW;
