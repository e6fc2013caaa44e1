import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KernelEvent, LinkEvent } from '../../../src/kernel/events.js';
import { type Failover, FailoverDetector } from '../../../src/topology/failover.js';
import { eventsOf, type Fixture, type FixtureName, KERNELS, loadFixture } from '../../support/fixtures.js';

/* Recorded from real kernels. */

class Player {
  readonly detector = new FailoverDetector();
  private readonly names: Map<number, string>;

  constructor(readonly fixture: Fixture) {
    this.names = new Map(Object.entries(fixture.names).map(([name, ifindex]) => [ifindex, name]));
    assert.deepEqual(this.dump('dump links'), [], 'the first dump is silent');
  }

  /** The slaves that a step of the recording announces, each with the message it is announced at. */
  play(what: string): string[] {
    return eventsOf(this.fixture, what).flatMap((event) => {
      const failover = this.detector.apply(event);
      return failover ? [this.inWords(failover, event)] : [];
    });
  }

  dump(what: string): string[] {
    this.detector.startDump();
    const found = this.play(what);
    this.detector.finishDump();
    return found;
  }

  private inWords({ slave }: Failover, event: KernelEvent): string {
    const at = event.type === 'link' && event.details.type === 'bond' ? "the bond's message" : "the slave's message";
    return `${this.names.get(slave) ?? '?'} at ${at}`;
  }
}

for (const kernel of KERNELS) {
  const recorded = (name: FixtureName): Player => new Player(loadFixture(name, kernel));
  // Recorded in the emulator, where a bond that asks by ARP loses its carrier, and has it again, time after time.
  const flaps = kernel === '5.10';
  const atBondsMessage = (announced: readonly string[], slave: string): string[] =>
    Array.from({ length: flaps ? announced.length || 1 : 1 }, () => `${slave} at the bond's message`);

  test(`${kernel}: miimon: the failover is announced once, at the message of the slave, before the bond has said a word`, () => {
    const player = recorded('miimon');
    assert.deepEqual(player.play('the active link fails'), ["up2 at the slave's message"]);
    assert.deepEqual(player.play('it comes back'), []);
    assert.deepEqual(player.play('an administrator switches back'), ["up1 at the slave's message"]);
  });

  test(`${kernel}: a dump that agrees with what the messages said is silent`, () => {
    const player = recorded('miimon');
    player.play('the active link fails');
    assert.deepEqual(player.dump('a dump after that'), []);
  });

  test(`${kernel}: a failover whose messages were lost is announced from the dump that follows`, () => {
    const player = recorded('miimon');
    assert.deepEqual(player.dump('a dump after that').length, 1);
    assert.deepEqual(player.play('it comes back'), []);
  });

  test(`${kernel}: after all links were down, nothing is announced before the bond has carrier; then at once, without an event`, () => {
    const player = recorded('all-down');
    assert.deepEqual(player.play('both links fail'), ["up2 at the slave's message"]);
    assert.deepEqual(player.dump('a dump while they are down'), []);
    assert.deepEqual(player.play('the second link comes back'), ["up2 at the bond's message"]);
    assert.deepEqual(player.play('both links fail again'), []);
    assert.deepEqual(player.play('the same link comes back'), ["up2 at the bond's message"]);
  });

  test(`${kernel}: ARP monitoring: only the word of the bond counts`, () => {
    const announced = recorded('arp-monitoring').play('the way to the target fails');
    assert.deepEqual(announced, atBondsMessage(announced, 'up2'));
  });

  test(`${kernel}: ARP monitoring with the target away: no probe of a slave is taken for a failover`, () => {
    const player = recorded('arp-target-away');
    const probes = eventsOf(player.fixture, 'the target is away').filter(
      (event) => event.type === 'link' && event.bondSlaveActive,
    );
    assert.ok(probes.length > 10, 'the recording has probes');
    // The kernel first moves over in earnest, bond and carrier and all; from then on it only probes.
    const away = player.play('the target is away');
    assert.deepEqual(away, atBondsMessage(away, flaps ? 'up1' : 'up2'));
    const back = player.play('the target is back');
    assert.equal(back.length, flaps ? 4 : 1);
    for (const each of back) assert.match(each, /at the bond's message$/);
  });

  test(`${kernel}: a bond that takes its address along fails over like any other`, () => {
    assert.deepEqual(recorded('fail-over-mac').play('the active link fails'), ["up2 at the slave's message"]);
  });

  test(`${kernel}: slaves that are added or taken away count only when the active one changes`, () => {
    const player = recorded('changes');
    assert.deepEqual(player.play('a third slave is added'), []);
    assert.deepEqual(player.play('the active slave is removed'), ["up2 at the slave's message"]);
  });

  test(`${kernel}: a bond that is deleted and made again starts anew`, () => {
    const player = recorded('changes');
    player.play('the active slave is removed');
    player.play('the bond is renamed');
    assert.deepEqual(player.play('the bond is deleted'), []);
    assert.deepEqual(player.play('a bond of that name is made again'), ["up2 at the bond's message"]);
  });
}

test('7.2: the message with carrier in which the bond does not run yet is passed over', () => {
  const { detector, fixture } = new Player(loadFixture('all-down', '7.2'));
  for (const event of eventsOf(fixture, 'both links fail')) detector.apply(event);
  const said = eventsOf(fixture, 'the second link comes back').flatMap((event) =>
    event.type === 'link' && event.details.type === 'bond' && event.lowerUp
      ? [{ running: event.running, port: event.bridgePortState, announced: detector.apply(event) !== null }]
      : [],
  );
  assert.deepEqual(said.slice(0, 2), [
    { running: false, port: 0, announced: false },
    { running: true, port: 3, announced: true },
  ]);
});

/* Made by hand. */

const [BOND, UP1, UP2] = [10, 1, 2];
const EMPTY = {
  type: 'link',
  up: true,
  lowerUp: true,
  running: true,
  address: null,
  master: null,
  lower: null,
  bondSlaveActive: null,
  bridgePortState: null,
} as const;

interface BondSays {
  readonly active: number | null;
  readonly lowerUp?: boolean;
  readonly running?: boolean;
  readonly arp?: number;
  readonly mode?: number;
  readonly ifindex?: number;
}

function bond({ active, lowerUp = true, running = lowerUp, arp = 0, mode = 1, ifindex = BOND }: BondSays): LinkEvent {
  const details = { type: 'bond', mode, activeSlave: active, arpInterval: arp } as const;
  return { ...EMPTY, ifindex, name: `bond${ifindex}`, lowerUp, running, details };
}

function slave(ifindex: number, active: boolean, master: number | null = BOND): LinkEvent {
  return {
    ...EMPTY,
    ifindex,
    name: `up${ifindex}`,
    master,
    bondSlaveActive: active,
    details: { type: 'other', kind: null },
  };
}

function announced(...events: KernelEvent[]): (number | null)[] {
  const detector = new FailoverDetector();
  return events.map((event) => detector.apply(event)?.slave ?? null);
}

test("a bond's first message only says where we start", () => {
  assert.deepEqual(announced(bond({ active: UP1 })), [null]);
  assert.deepEqual(announced(slave(UP1, true), bond({ active: UP1 })), [null, null]);
});

test('a failback counts like a failover, and no slave is announced twice for one of them', () => {
  const there = [slave(UP1, false), slave(UP2, true), bond({ active: UP2 }), bond({ active: UP2 })];
  const back = [slave(UP2, false), slave(UP1, true), bond({ active: UP1 }), slave(UP1, true)];
  assert.deepEqual(announced(bond({ active: UP1 }), ...there, ...back), [
    ...[null, null, UP2, null, null],
    ...[null, UP1, null, null],
  ]);
});

test('without carrier nothing is announced, whatever slave is named', () => {
  const down = { lowerUp: false };
  assert.deepEqual(announced(bond({ active: UP1 }), bond({ active: null, ...down }), slave(UP2, true)), [
    null,
    null,
    null,
  ]);
  assert.deepEqual(announced(bond({ active: UP1 }), bond({ active: UP2, ...down }), bond({ active: UP1, ...down })), [
    null,
    null,
    null,
  ]);
});

test('a bond that has carrier but is not running yet lets nothing out: not by its own word, nor by that of a slave', () => {
  const early = { lowerUp: true, running: false };
  const events = [bond({ active: UP1 }), bond({ active: null, lowerUp: false }), slave(UP2, true)];
  const back = [bond({ active: UP2, ...early }), slave(UP2, true), bond({ active: UP2 }), slave(UP2, true)];
  assert.deepEqual(announced(...events, ...back), [...[null, null, null], ...[null, null, UP2, null]]);
});

test('a bond that stops running has lost its slave', () => {
  const stops = bond({ active: UP1, running: false });
  assert.deepEqual(announced(bond({ active: UP1 }), stops, slave(UP1, true), bond({ active: UP1 })), [
    ...[null, null, null, UP1],
  ]);
});

test('the same slave back after all links were down is announced', () => {
  const events = [bond({ active: UP1 }), bond({ active: null, lowerUp: false }), bond({ active: UP1 })];
  assert.deepEqual(announced(...events), [null, null, UP1]);
});

test('a bond that has carrier but no active slave has nothing to announce until it has one', () => {
  assert.deepEqual(announced(bond({ active: UP1 }), bond({ active: null }), bond({ active: UP1 })), [null, null, UP1]);
});

test('a bond that turns to ARP monitoring while we watch is judged by its own word from then on', () => {
  const events = [
    bond({ active: UP1 }),
    bond({ active: UP1, arp: 100 }),
    slave(UP2, true),
    bond({ active: UP2, arp: 100 }),
  ];
  assert.deepEqual(announced(...events), [null, null, null, UP2]);
});

test('active slaves of other devices, and of bonds we do not know or do not watch, count for nothing', () => {
  const other = bond({ active: UP1, mode: 0, ifindex: 11 });
  assert.deepEqual(
    announced(bond({ active: UP1 }), other, slave(7, true, null), slave(8, true, 99), slave(9, true, 11)),
    [...[null, null, null, null, null]],
  );
});

test('a bond that changes its mode away and back starts anew', () => {
  const events = [bond({ active: UP1 }), bond({ active: null, mode: 0 }), slave(UP2, true), bond({ active: UP2 })];
  assert.deepEqual(announced(...events), [null, null, null, null]);
});

test('a bond that is gone is forgotten, also when only a dump tells so', () => {
  const gone: KernelEvent = { type: 'linkGone', ifindex: BOND };
  assert.deepEqual(announced(bond({ active: UP1 }), gone, bond({ active: UP2 })), [null, null, null]);
  const detector = new FailoverDetector();
  for (const event of [bond({ active: UP1 }), bond({ active: UP1, ifindex: 11 })]) detector.apply(event);
  detector.startDump();
  assert.equal(detector.apply(bond({ active: UP1, ifindex: 11 })), null);
  detector.finishDump();
  assert.equal(detector.apply(bond({ active: UP2 })), null, 'the number came back with another bond');
  assert.deepEqual(detector.apply(bond({ active: UP2, ifindex: 11 })), { bond: 11, slave: UP2 });
});

test('a bond that only a later dump shows was made when messages were lost, and is to be announced', () => {
  const detector = new FailoverDetector();
  for (const ifindex of [BOND, 11]) {
    detector.startDump();
    const seen = detector.apply(bond({ active: UP2, ifindex }));
    detector.finishDump();
    assert.deepEqual(seen, ifindex === BOND ? null : { bond: 11, slave: UP2 }, `${ifindex}`);
  }
});

test('a dump that was given up forgets nothing', () => {
  const detector = new FailoverDetector();
  detector.apply(bond({ active: UP1 }));
  detector.startDump();
  detector.startDump();
  assert.deepEqual(detector.apply(bond({ active: UP2 })), { bond: BOND, slave: UP2 });
  detector.finishDump();
  assert.deepEqual(detector.apply(bond({ active: UP1 })), { bond: BOND, slave: UP1 });
});

/** Any message about two bonds and three slaves, in any order. */
const anyMessage: fc.Arbitrary<KernelEvent> = fc.oneof(
  fc
    .record({
      active: fc.constantFrom(null, 1, 2, 3),
      lowerUp: fc.boolean(),
      running: fc.boolean(),
      arp: fc.constantFrom(0, 0, 100),
      mode: fc.constantFrom(1, 1, 1, 0),
      ifindex: fc.constantFrom(10, 11),
    })
    .map(bond),
  fc.tuple(fc.constantFrom(1, 2, 3), fc.boolean(), fc.constantFrom(10, 11, null)).map((args) => slave(...args)),
  fc.constantFrom(10, 11).map((ifindex) => ({ type: 'linkGone', ifindex }) as const),
);

/** Whether a message takes the slave away that was announced last: another one, none, nothing gets out, another kind of bond. */
function takesAway(event: KernelEvent, announcedBond: number, last: number): boolean {
  if (event.type === 'linkGone') return event.ifindex === announcedBond;
  if (event.type !== 'link') return false;
  if (event.ifindex !== announcedBond || event.details.type !== 'bond') return false;
  return event.details.mode !== 1 || event.details.activeSlave !== last || !event.lowerUp || !event.running;
}

test('whatever messages come, no slave is announced twice for a bond unless it was taken away in between', () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 60, size: 'max' }), (events) => {
      const detector = new FailoverDetector();
      const last = new Map<number, number>();
      for (const event of events) {
        for (const [ifindex, held] of last) if (takesAway(event, ifindex, held)) last.delete(ifindex);
        const failover = detector.apply(event);
        if (!failover) continue;
        assert.notEqual(last.get(failover.bond), failover.slave);
        last.set(failover.bond, failover.slave);
      }
    }),
    { numRuns: 2000 },
  );
});

test('whatever messages come, a failover names a bond that lets frames out, and the slave that this very message names', () => {
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 60, size: 'max' }), (events) => {
      const detector = new FailoverDetector();
      const said = new Map<number, LinkEvent>();
      for (const event of events) {
        if (event.type === 'link' && event.details.type === 'bond') said.set(event.ifindex, event);
        if (event.type === 'linkGone') said.delete(event.ifindex);
        const failover = detector.apply(event);
        if (!failover) continue;
        assert.ok(event.type === 'link');
        const { details, lowerUp, running } = said.get(failover.bond) ?? assert.fail('a bond that nobody spoke of');
        assert.ok(lowerUp && running && details.type === 'bond' && details.mode === 1);
        const named = event.details.type === 'bond' ? event.details.activeSlave : event.ifindex;
        assert.equal(failover.slave, named);
        if (event.details.type !== 'bond') assert.equal(details.arpInterval, 0);
      }
    }),
    { numRuns: 2000 },
  );
});
