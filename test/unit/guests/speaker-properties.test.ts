/** What holds of those who are guests because they were heard, whatever the history: on the real HostState. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ROOMY, TIGHT } from '../../fuzz/host-state.js';
import { anySteps, type Command, speakersSteps } from './commands.js';
import { History } from './history.js';
import { MACS, SHARED_MAC, type WorldName } from './worlds.js';

const WINDOW = 2;
const HEARD_FOR = 3600;

/** When each MAC was last known and heard, by MAC and way. */
class Notes {
  private readonly known = new Map<string, number>();
  private readonly left = new Map<string, number>();
  private readonly came: { readonly place: string; readonly bond: string; readonly at: number }[] = [];
  /** How often anybody was announced because he was heard. */
  announced = 0;

  constructor(private readonly history: History) {}

  played(command: Command): void {
    if (command.do !== 'heard') return;
    const { mac, bond, tags, direction, proof, ago } = command;
    const place = `${mac} ${[bond, ...tags].join('/')}`;
    const at = this.history.now - ago;
    if (direction === 'out' && proof) this.left.set(place, at);
    if (direction === 'in') this.came.push({ place, bond, at });
  }

  looked(): void {
    const { driver, now } = this.history;
    driver.takeStale();
    for (const mac of MACS) {
      for (const { way, source, suppressed } of driver.judged(mac)) {
        const place = `${mac} ${way}`;
        // Of whom nothing was ever heard the first word counts, even if it was on its way when the source ceased to know him.
        if (source !== 'heard' && this.left.has(place)) this.known.set(place, now);
        else if (source === 'heard' && suppressed === null) this.isRight(mac, place);
      }
    }
  }

  private isRight(mac: string, place: string): void {
    this.announced++;
    const left = this.left.get(place) ?? -Infinity;
    assert.notEqual(mac, SHARED_MAC);
    assert.ok(left > (this.known.get(place) ?? -Infinity), `${place}: it has not spoken since a source knew it`);
    assert.ok(
      !this.came.some((each) => each.place === place && each.at > left && !this.isEcho(each)),
      `${place}: moved`,
    );
  }

  /** Whether it may have been a reflection, then or by what was told of a failover since. */
  private isEcho({ bond, at }: { readonly bond: string; readonly at: number }): boolean {
    return this.history.failovers.some((each) => each.bond === bond && at >= each.at && at - each.at <= WINDOW);
  }
}

test('who is announced because he was heard has spoken since sources ceased to know him, and has not come in since', () => {
  let announced = 0;
  const worlds = fc.constantFrom<WorldName>('plain', 'aware', 'two');
  fc.assert(
    fc.property(worlds, fc.constantFrom(ROOMY, TIGHT), anySteps(60), (world, limits, steps) => {
      const history = new History(world, limits);
      const notes = new Notes(history);
      notes.looked();
      for (const step of steps) {
        notes.played(history.play(step));
        notes.looked();
        history.driver.settle(history.now);
        notes.looked();
      }
      announced += notes.announced;
    }),
    { numRuns: 300, seed: 17 },
  );
  assert.ok(announced >= 100, `${announced} times`);
});

const UPLINKS = ['bond0', 'bond0.905', 'bond1'];
/** Frames may be on their way to us for so long. */
const ON_THE_WAY = 2;

/** Who was heard leaving, and explained by nobody: when, by MAC and way. */
class Unexplained {
  private readonly heard = new Map<string, { readonly out: number; mayWait: boolean }>();
  private known = new Set<string>();
  private readonly ceased = new Map<string, number>();
  /** How often somebody had to be announced, or at least listed. */
  announced = 0;
  listed = 0;

  constructor(private readonly history: History) {}

  played(command: Command): void {
    const { now, driver, still } = this.history;
    if (command.do === 'expire' || command.do === 'restart')
      for (const [place, { out }] of this.heard) if (now - out > HEARD_FOR) this.heard.delete(place);
    if (command.do !== 'heard' || command.direction === 'echo') return;
    const { mac, bond, tags, direction, proof, ago } = command;
    const place = [mac, [bond, ...tags].join('/')].join(' ');
    if (direction === 'in') return void this.heard.delete(place);
    if (!proof || still.has(mac) || mac === SHARED_MAC) return;
    const others = [...this.heard.keys()].filter((each) => each.endsWith(tags.map((vid) => `/${vid}`).join('')));
    for (const other of others) if (other.startsWith(mac) && bondIn(other) !== bond) this.heard.delete(other);
    const out = now - ago;
    const isMute = this.known.has(place) || out <= (this.ceased.get(place) ?? -Infinity) + ON_THE_WAY;
    if (isMute || driver.deviceMacs().includes(mac)) return;
    this.heard.set(place, { out, mayWait: false });
  }

  looked(): void {
    const { history } = this;
    const judged = MACS.flatMap((mac) => history.driver.judged(mac).map((each) => ({ mac, ...each })));
    const known = new Set(judged.filter(({ source }) => source !== 'heard').map(({ mac, way }) => `${mac} ${way}`));
    for (const place of this.known) if (!known.has(place)) this.ceased.set(place, history.now);
    this.known = known;
    for (const place of known) this.heard.delete(place);
    const isAway = (mac: string): boolean => history.rows.some((row) => row.mac === mac && UPLINKS.includes(row.port));
    for (const [place, heard] of this.heard) if (isAway(place.slice(0, 17))) heard.mayWait = true;
  }

  /** The kernel has told all that it knew. */
  settled(): void {
    for (const [place, { mayWait }] of this.heard) {
      const [mac = '', way = ''] = place.split(' ');
      const all = this.history.driver.judged(mac);
      const found = all.find((each) => each.way === way);
      assert.equal(found?.source, 'heard', `${place} is not listed`);
      this.listed++;
      if (mayWait || all.some((each) => bondIn(`${mac} ${each.way}`) !== bondIn(place))) continue;
      assert.equal(found.suppressed, null, `${place} is not announced`);
      this.announced++;
    }
  }
}

const bondIn = (place: string): string => place.slice(18).split('/')[0] ?? '';

test('who is heard leaving by a bond, and is explained by nobody, is announced until he comes in or is explained', () => {
  const counts = { announced: 0, listed: 0 };
  const worlds = fc.constantFrom<WorldName>('plain', 'aware', 'two');
  fc.assert(
    fc.property(worlds, speakersSteps(60), (world, steps) => {
      const history = new History(world, { ...ROOMY, total: 1000 });
      const unexplained = new Unexplained(history);
      const look = (): void => {
        history.driver.takeStale();
        unexplained.looked();
      };
      look();
      for (const step of steps) {
        unexplained.played(history.play(step));
        look();
        history.driver.settle(history.now);
        look();
        unexplained.settled();
      }
      counts.announced += unexplained.announced;
      counts.listed += unexplained.listed;
    }),
    { numRuns: 200, seed: 18 },
  );
  assert.ok(counts.announced >= 1000 && counts.listed > counts.announced, JSON.stringify(counts));
});

test('a port that has left its bridge, and that the next dump does not mention, explains nobody', () => {
  const history = new History('plain', ROOMY);
  const [, mac = ''] = MACS;
  const said = { proof: true, claims: [], confirms: [], releases: [], ago: 0 } as const;
  const commands: Command[] = [
    { do: 'learn', mac, port: 'tap1', vlan: 1 },
    { do: 'link', port: 'tap1', joined: false },
    { do: 'resync', keep: false, gone: ['tap1'], rows: [] },
    { do: 'heard', mac, bond: 'bond0', tags: [7], direction: 'out', ...said },
  ];
  for (const command of commands) {
    history.play({ ...command, look: true });
    history.driver.takeStale();
  }
  history.driver.settle(history.now);
  assert.deepEqual(history.driver.judged(mac).map(({ way, source, suppressed }) => [way, source, suppressed]), [['bond0/7', 'heard', null]]); // prettier-ignore
});

test('an hour after his last frame he is forgotten', () => {
  const history = new History('plain', ROOMY);
  const [mac = ''] = MACS.slice(1);
  const said = { proof: true, claims: [1], confirms: [], releases: [], ago: 0 } as const;
  const heard = { mac, bond: 'bond0', tags: [7], direction: 'out', ...said } as const;
  history.play({ do: 'heard', ...heard, look: true });
  history.driver.settle(history.now);
  assert.deepEqual(history.announced().map(({ way, source }) => [way, source]), [['bond0/7', 'heard']]); // prettier-ignore
  history.play({ do: 'wait', seconds: HEARD_FOR + 1, look: true });
  history.play({ do: 'expire', look: true });
  assert.deepEqual(history.driver.judged(mac), []);
});
