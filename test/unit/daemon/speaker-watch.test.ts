import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Mac } from '../../../src/addr/mac.js';
import { SpeakerWatch } from '../../../src/daemon/speaker-watch.js';
import { HostState } from '../../../src/guests/host-state.js';
import { Events } from '../../../src/tasks/events.js';
import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

const STRANGER = '52:54:00:00:0f:0f' as Mac;
const SAYS = { claims: [], confirms: [], releases: [], proof: true };
const SILENT = { ...SAYS, router: null, raSent: false, rsSent: false, arp: false };

class World {
  readonly clock = new FakeClock();
  readonly fake = new FakeHost(plainBridge(1));
  readonly host = new HostState(guestSettings());
  readonly bond: BondId = asBond(this.fake.index(BOND));
  readonly guests = new BondGuests(8);
  readonly lines: string[] = [];
  readonly stop = new AbortController();
  /** Those that the kernel has not answered yet. */
  readonly questions: (() => void)[] = [];
  readonly run: Promise<void>;

  constructor() {
    for (const event of this.fake.dump()) this.host.apply(event, this.clock.now);
    this.refresh();
    const events = new Events<DaemonEvents>();
    events.on('guestsChanged', () => this.refresh());
    const log = { info: (message: string) => void this.lines.push(message) };
    const tools = { clock: this.clock, events, log, metrics: { count: () => undefined } };
    const watch = new SpeakerWatch(
      this.host,
      new Map([[this.bond, this.guests]]),
      tools as unknown as ConstructorParameters<typeof SpeakerWatch>[2],
      {
        hostKnown: () => Promise.resolve(),
        echo: () => new Promise((resolve) => void this.questions.push(resolve)),
      },
    );
    this.run = watch.run(this.stop.signal);
  }

  refresh(): void {
    const stale = this.host.takeStale();
    for (const mac of stale === 'all' ? this.host.macs() : stale) this.guests.update(mac, this.host.verdicts(mac));
  }

  hears(direction: 'out' | 'in' = 'out'): void {
    this.host.heard(this.bond, { mac: STRANGER, tags: [], direction, ...SILENT }, this.clock.now);
    this.refresh();
  }

  async pass(seconds: number): Promise<void> {
    await turn();
    this.clock.advance(seconds);
    await turn();
  }

  /** The kernel answers one question. */
  async answer(): Promise<void> {
    this.questions.shift()?.();
    await turn();
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.run;
  }
}

test('a stranger is a guest when the kernel has answered a question that was asked after it spoke', async () => {
  const world = new World();
  await world.pass(1);
  assert.equal(world.questions.length, 0, 'nobody has spoken');
  world.hears();
  await world.pass(1);
  assert.equal(world.questions.length, 1);
  await world.pass(5);
  assert.equal(world.questions.length, 1, 'one at a time');
  await world.answer(); // perhaps to a question of somebody else, asked before
  assert.equal(world.guests.batch.size, 0);
  await world.answer();
  assert.equal(world.guests.batch.size, 1);
  assert.deepEqual([...world.guests.countBySource()], [['heard', 1]]);
  await world.end();
});

test('that stations are heard and not announced is one line, and that there are none any more another', async () => {
  const world = new World();
  world.hears();
  await world.pass(1);
  await world.answer();
  await world.answer();
  await world.pass(3);
  assert.deepEqual(world.lines, []);
  world.hears('in');
  assert.equal(world.guests.countUnexplained(), 1);
  await world.pass(3);
  assert.deepEqual(world.lines, ['stations that are heard leaving are neither explained nor announced']);
  world.clock.now += 1;
  world.hears();
  assert.equal(world.guests.countUnexplained(), 0);
  await world.pass(3);
  assert.deepEqual(world.lines.slice(1), ['all stations that are heard leaving are explained or announced again']);
  await world.end();
});
