/**
 * Plays random histories of a small host to the program and to a model of the rules, and holds one against the other
 * after each step. The unit tests play some; for more: node build/test/fuzz/host-state.js 100000
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { anySteps, type Command, type Step } from '../unit/guests/commands.js';
import { Driver, type Limits } from '../unit/guests/driver.js';
import { Model, type Saying } from '../unit/guests/model.js';
import { MACS, type WorldName } from '../unit/guests/worlds.js';

const REMEMBER = 86_400;
export const ROOMY = { total: 100, perPort: 64, remember: REMEMBER };
export const TIGHT = { total: 3, perPort: 2, remember: REMEMBER };

const RESTART_SECONDS = 0.3;

const bondOf = (way: string): string => way.split('/')[0] ?? way;

/** One history: the program and the model side by side. */
class Trial {
  private readonly driver: Driver;
  private readonly model: Model;
  private now = 1000;
  /** By which bonds the model has ever had a MAC: one whose move was turned away is still where it was. */
  private readonly everKnown = new Set<string>();
  private readonly latest = { heard: 0, failover: 0 };
  private before: ReturnType<Driver['everything']>;

  constructor(
    world: WorldName,
    private readonly limits: Limits,
  ) {
    this.driver = new Driver(world, limits);
    this.model = new Model(world, REMEMBER);
    this.driver.takeStale();
    this.before = this.driver.everything();
    this.noteKnown();
  }

  /** Nobody listens meanwhile. */
  private pass(seconds: number): void {
    this.now += seconds;
    [this.latest.heard, this.latest.failover] = [this.now, this.now];
  }

  private noteKnown(): void {
    for (const mac of MACS) for (const { way } of this.model.sayings(mac)) this.everKnown.add(`${mac} ${bondOf(way)}`);
  }

  step({ look, ...step }: Step): void {
    if (step.do === 'heard') this.look(); // it comes by another socket, and is not to depend on which is read first
    if (step.do === 'expire') this.look(); // it comes by a timer, and not in the middle of what is read
    if (step.do === 'wait') this.now += step.seconds;
    if (step.do === 'restart') this.pass(RESTART_SECONDS);
    const command = this.complete(step);
    this.model.play(command, this.now);
    this.driver.play(command, this.now);
    this.noteKnown();
    if (look) this.look();
  }

  /** Some commands are about the rows that stand; and there may be one bond only. */
  private complete(command: Command): Command {
    if (command.do === 'heard' || command.do === 'failover') {
      const bond = this.model.host.find(command.bond) ? command.bond : 'bond0';
      return { ...command, bond, ago: this.inOrder(command) };
    }
    const standing = this.model.rows.map(({ mac, port, vlan }) => ({ mac, port, vlan: vlan ?? 1 }));
    const leaves = command.do === 'gone' || (command.do === 'link' && command.joined === false);
    if (leaves) return { ...command, rows: standing.filter(({ port }) => port === command.port) };
    if (command.do !== 'resync' && command.do !== 'restart') return command;
    const rows = [...(command.keep ? standing : []), ...command.rows];
    return { ...command, rows: rows.filter(({ port }) => !command.gone.includes(port)) };
  }

  /** Frames are told of in the order in which they passed, and failovers likewise: how long ago this one was. */
  private inOrder({ do: what, ago }: { do: 'heard' | 'failover'; ago: number }): number {
    this.latest[what] = Math.max(this.latest[what], this.now - ago);
    return this.now - this.latest[what];
  }

  private look(): void {
    this.model.look();
    const stale = this.driver.takeStale();
    const after = this.driver.everything();
    for (const mac of MACS) {
      const told = after.get(mac) ?? [];
      if (this.limits === ROOMY) this.isAsInModel(mac, told);
      else this.isNoMoreThanInModel(mac, told);
      if (told.length > 0) assert.ok(this.driver.macs().includes(mac), `${mac} is not listed`);
      const named = stale === 'all' || stale.has(mac);
      if (!named) assert.deepEqual(told, this.before.get(mac), `${mac} changed, and nobody was told`);
    }
    const healed = this.model.healed.splice(0).map(({ mac, port, vlan }) => `${mac} ${port} ${vlan}`);
    const toHeal = this.driver.takeHealed();
    if (this.limits === ROOMY) assert.deepEqual(toHeal.sort(), healed.sort(), 'rows to be put back');
    this.isBounded();
    this.before = after;
  }

  private isAsInModel(mac: string, told: readonly Saying[]): void {
    const expected = this.model.sayings(mac).map((saying) => {
      const reasons = this.model.blockReasons(mac, saying.way);
      const named = told.find(({ way }) => way === saying.way)?.suppressed ?? null;
      return reasons.includes(saying.suppressed) && reasons.includes(named) ? { ...saying, suppressed: named } : saying;
    });
    assert.deepEqual(told, expected, mac);
    for (const way of this.model.book.ways()) {
      assert.deepEqual(this.driver.addresses(mac, way), this.model.book.addresses(mac, way), `${mac} ${way}`);
    }
  }

  /** The model knows no bounds: where they are met, less is known, but nobody is announced who lives elsewhere now. */
  private isNoMoreThanInModel(mac: string, told: readonly Saying[]): void {
    const turnedAway = this.driver.turnedAway.has(mac); // where it went, nobody knows
    for (const { way, suppressed } of told) {
      assert.ok(this.everKnown.has(`${mac} ${bondOf(way)}`), `${mac} is said to be behind ${way}`);
      const elsewhere = !this.model.isVouched(mac, way) && this.model.lastAway(mac, way) === Infinity;
      assert.ok(
        !elsewhere || turnedAway || suppressed !== null,
        `${mac} is announced on ${way}, and its bridge has it there`,
      );
    }
    for (const way of this.model.book.ways()) {
      const theirs = this.model.book.addresses(mac, way).map(([ip]) => ip);
      for (const [ip] of this.driver.addresses(mac, way)) {
        assert.ok(turnedAway || theirs.includes(ip), `${ip} is not ${mac}'s`);
      }
    }
  }

  private isBounded(): void {
    const { total, perPort } = this.limits;
    const learned = this.driver.learned();
    assert.ok(new Set(learned.map(({ mac }) => mac)).size <= total, `more than ${total} guests`);
    for (const { port } of learned) {
      const macs = new Set(learned.filter((each) => each.port === port).map(({ mac }) => mac));
      assert.ok(macs.size <= perPort, `more than ${perPort} on ${port}`);
    }
  }
}

/** Plays one history. @throws AssertionError when the two tell it differently */
export function playHistory(world: WorldName, limits: Limits, steps: readonly Step[]): void {
  const trial = new Trial(world, limits);
  for (const step of steps) trial.step(step);
}

/** Plays so many histories. Throws at the first that the two tell differently, cut down to its steps that matter. */
export function fuzzHostState(numRuns: number, seed?: number): void {
  const world = fc.constantFrom<WorldName>('plain', 'aware', 'two');
  fc.assert(
    fc.property(world, fc.constantFrom(ROOMY, ROOMY, TIGHT), anySteps(60), (name, limits, steps) => {
      playHistory(name, limits, steps);
    }),
    seed === undefined ? { numRuns } : { numRuns, seed },
  );
}

if (process.argv[1]?.endsWith('fuzz/host-state.js')) fuzzHostState(Number(process.argv[2] ?? 100_000));
