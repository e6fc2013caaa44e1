/** What holds of those who are guests because they were heard, whatever the history: on the real HostState. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ROOMY, TIGHT } from '../../fuzz/host-state.js';
import { anySteps, type Command } from './commands.js';
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
