import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { guestKey, mostWithin, type SentFrame, Simulation, type SimulationOptions } from '../../support/announcing.js';

const OFFSETS = [0, 1.1, 3, 7, 15, 31];

function failedOver(guests: number, addresses: (n: number) => string[], options: SimulationOptions = {}): Simulation {
  const simulation = new Simulation(options);
  for (let n = 1; n <= guests; n++) simulation.add(n, ...addresses(n));
  simulation.failover();
  return simulation;
}

const v4 = (n: number): string[] => [`10.0.${n >> 8}.${n & 0xff}`];
const v6 = (n: number): string[] => [`2001:db8::${n.toString(16)}`];
const both = (n: number): string[] => [...v4(n), ...v6(n)];
const since = (frames: readonly SentFrame[]): number[] => frames.map(({ at }) => at - 1000);

test('one guest is announced by RARP and ARP in six rounds, and by three NAs, each round late by a quarter at most', () => {
  const simulation = failedOver(1, both);
  simulation.advance(100);
  for (const kind of ['rarp', 'garp'] as const) {
    const times = since(simulation.of(kind));
    assert.equal(times.length, 6);
    times.forEach((at, n) => {
      const offset = OFFSETS[n] ?? NaN;
      assert.ok(at >= offset - 1e-6 && at <= offset * 1.25 + 1e-6, `${kind} of round ${n} at ${at}`);
    });
  }
  const [first = NaN, second = NaN, third = NaN, ...more] = since(simulation.of('na'));
  assert.deepEqual(more, []);
  assert.ok(first === 0 && second >= 3 && second <= 3.75 && third >= 31 && third <= 38.75);
});

test('jitter differs from host to host, and is the same for the same seed', () => {
  const times = (seed: number): number[] => {
    const simulation = failedOver(1, v4, { seed });
    simulation.advance(100);
    return simulation.of('rarp').map(({ at }) => at);
  };
  assert.deepEqual(times(7), times(7));
  assert.notDeepEqual(times(7), times(8));
});

test('a run is over when all rounds are out, and not before the last address had its turn', () => {
  const simulation = failedOver(1, v4);
  simulation.advance(30);
  assert.deepEqual([simulation.running, simulation.results], [true, []]);
  simulation.advance(70);
  assert.deepEqual([simulation.running, simulation.results], [false, ['completed']]);
  const many = failedOver(1000, v4);
  many.advance(100);
  assert.deepEqual(many.results, [], 'a thousand addresses at eight a second take two minutes');
  many.advance(1000);
  assert.deepEqual(many.results, ['completed']);
});

test('a run of one round lasts until the guests that wait for a port are announced, and not beyond spanning tree', () => {
  const simulation = new Simulation({ settings: { schedule: [0] } });
  simulation.addWaiting(1);
  simulation.add(2, ...v4(2));
  simulation.failover();
  simulation.advance(0.1);
  assert.deepEqual([simulation.of('rarp').length, simulation.running, simulation.results], [1, true, []]);
  simulation.add(1, ...v4(1));
  simulation.advance(0.1);
  assert.deepEqual(
    since(simulation.of('garp')).map((at) => at < 0.1),
    [true, false],
  );
  assert.deepEqual([simulation.of('rarp').length, simulation.running, simulation.results], [2, false, ['completed']]);

  simulation.addWaiting(1);
  simulation.failover();
  simulation.advance(30.9);
  assert.equal(simulation.running, true);
  simulation.advance(0.2);
  assert.deepEqual([simulation.running, simulation.results], [false, ['completed', 'completed']]);
});

test('ARP and NA begin behind the first burst, and do not wait for the RARPs that the rate holds up, nor hold them up', () => {
  const settings = { schedule: [0], jitter: 0 };
  const simulation = failedOver(5000, both, { settings });
  simulation.advance(60);
  const alone = failedOver(5000, both, { settings: { ...settings, kinds: ['rarp'] } });
  alone.advance(60);
  const first = simulation.sent.findIndex(({ kind }) => kind !== 'rarp');
  assert.equal(first, 1000, 'the burst');
  for (const kind of ['garp', 'na'] as const) {
    const [begun = NaN] = since(simulation.of(kind));
    assert.ok(begun < 0.02, `${kind} at ${begun}`);
  }
  assert.equal(new Set(simulation.of('rarp').map(({ id }) => id)).size, 5000);
  const last = since(simulation.of('rarp')).at(-1) ?? NaN;
  const lastAlone = since(alone.of('rarp')).at(-1) ?? NaN;
  assert.ok(lastAlone >= 4000 / 2000 && last <= lastAlone * 1.01, `${last}, alone ${lastAlone}`);
});

test('where nothing holds RARPs up, all of them go before the first ARP and NA', () => {
  const rate = { ...ANNOUNCE_DEFAULTS.rate, rarp: 'unlimited' } as const;
  const simulation = failedOver(5000, both, { settings: { rate } });
  simulation.advance(60);
  const first = simulation.sent.findIndex(({ kind }) => kind !== 'rarp');
  assert.equal(new Set(simulation.sent.slice(0, first).map(({ id }) => id)).size, 5000);
});

test('everyone is announced once before anyone is twice, whatever rounds begin meanwhile', () => {
  const simulation = failedOver(200, v4);
  simulation.advance(100);
  const garps = simulation.of('garp').map(({ id }) => id);
  assert.equal(new Set(garps.slice(0, 200)).size, 200);
  assert.ok(garps.length < 6 * 200, 'what is queued still is not doubled');
});

test('whoever is asked for is next, whatever the queue, and once', () => {
  const simulation = failedOver(600, both);
  simulation.advance(0.9);
  for (const n of [600, 599, 300]) {
    const asked = simulation.now;
    simulation.ask(v4(n)[0] ?? '');
    simulation.ask(v6(n)[0] ?? '');
    simulation.advance(3);
    for (const kind of ['garp', 'na'] as const) {
      const times = simulation.of(kind).filter(({ id }) => id.startsWith(`${guestKey(n)} `) && id.length > 0);
      const next = times.find(({ at }) => at >= asked)?.at ?? Infinity;
      if (kind === 'garp') assert.equal(times.length, 1, `${n} was not announced before, and is not again`);
      if (kind === 'garp') assert.ok(next - asked <= 0.13, `${next - asked}`);
    }
  }
  const next = simulation.of('garp').slice(-5);
  assert.ok(!next.some(({ id }) => id.startsWith(guestKey(600))));
});

test('a question in another VLAN, for nobody, or for who had a turn, changes nothing', () => {
  const order = (ask: (simulation: Simulation) => void): string[] => {
    const simulation = failedOver(50, v4);
    simulation.advance(0.5);
    ask(simulation);
    simulation.advance(0.6);
    return simulation.of('garp').map(({ id }) => id);
  };
  const untouched = order(() => undefined);
  assert.notDeepEqual(
    order((simulation) => simulation.ask(v4(50)[0] ?? '')),
    untouched,
  );
  for (const ask of [
    (simulation: Simulation) => simulation.ask(v4(50)[0] ?? '', [{ tpid: 0x8100, vid: 7 }]),
    (simulation: Simulation) => simulation.ask('10.9.9.9'),
    (simulation: Simulation) => simulation.ask(v4(1)[0] ?? ''),
  ])
    assert.deepEqual(order(ask), untouched);
});

test('in the first round those who were heard within the last minute go before the others', () => {
  const simulation = new Simulation({ settings: { schedule: [0, 1, 2], jitter: 0 } });
  for (let n = 1; n <= 40; n++) simulation.add(n, ...both(n));
  simulation.advance(59);
  for (let n = 41; n <= 60; n++) simulation.add(n, ...both(n));
  simulation.advance(2);
  simulation.failover();
  simulation.advance(60);
  const numbers = simulation.of('garp').map(({ id }) => Number(/10\.0\.0\.(\d+)/.exec(id)?.[1]));
  const lately = Array.from({ length: 20 }, (_, n) => n + 41);
  const others = Array.from({ length: 40 }, (_, n) => n + 1);
  assert.deepEqual(numbers.slice(0, 60), [...lately, ...others], 'and everyone once before anyone twice');
  const advertised = simulation.of('na').map(({ id }) => Number.parseInt(/::(\w+)/.exec(id)?.[1] ?? '', 16));
  assert.deepEqual(advertised.slice(0, 60), [...lately, ...others]);
});

test('without limits everything of a round goes at once', () => {
  const rate = { rarp: 'unlimited', arp: 'unlimited', na: 'unlimited', mcast: 'unlimited' } as const;
  const simulation = failedOver(3000, both, { settings: { rate, jitter: 0 } });
  simulation.advance(100);
  assert.equal(simulation.of('rarp').length, 6 * 3000);
  assert.equal(simulation.of('na').length, 3 * 3000);
  const times = new Set(since(simulation.of('garp')).map((at) => Math.round(at * 1e3) / 1e3));
  assert.deepEqual([...times], OFFSETS);
});

test('gratuitous ARP has the form that is wanted; both count as two frames, and go one after the other', () => {
  const settings = { schedule: [0], jitter: 0 };
  for (const garp of ['request', 'reply', 'both'] as const) {
    const simulation = failedOver(10, both, { settings: { ...settings, garp } });
    simulation.advance(0.001);
    assert.equal(simulation.of('garp').length, 4, 'the burst');
    simulation.advance(60);
    const forms = simulation.of('garp').map(({ id, reply }) => `${id}${reply ? ' reply' : ''}`);
    const wanted = Array.from({ length: 10 }, (_, n) => `${guestKey(n + 1)} ${v4(n + 1)[0]}`);
    const each = { request: [''], reply: [' reply'], both: ['', ' reply'] }[garp];
    assert.deepEqual(
      forms,
      wanted.flatMap((id) => each.map((form) => id + form)),
    );
    const last = since(simulation.of('garp')).at(-1) ?? NaN;
    assert.ok(Math.abs(last - (forms.length - 4) / 8) < 0.02, `${garp}: the last at ${last}`);
    assert.equal(simulation.of('na').length, 10);
  }
});

test('kinds that are not wanted are not sent', () => {
  const only = (kinds: ('rarp' | 'garp' | 'na')[]): Set<string> => {
    const simulation = failedOver(3, both, { settings: { kinds } });
    simulation.advance(100);
    return new Set(simulation.sent.map(({ kind }) => kind));
  };
  assert.deepEqual(only(['rarp']), new Set(['rarp']));
  assert.deepEqual(only(['garp']), new Set(['garp']));
  assert.deepEqual(only(['na', 'rarp']), new Set(['rarp', 'na']));
});

test('whoever is not announced any more when the turn comes is not sent', () => {
  const simulation = failedOver(40, both);
  simulation.advance(0.01);
  const gone = Array.from({ length: 10 }, (_, n) => n + 31);
  gone.forEach((n) => simulation.remove(n));
  simulation.guests.set(guestKey(30), []);
  simulation.advance(100);
  const late = simulation.sent.filter(({ at }) => at > 1000.01);
  assert.ok(!late.some(({ id }) => gone.some((n) => id.startsWith(guestKey(n)))));
  assert.deepEqual(
    late.filter(({ id, kind }) => id.startsWith(guestKey(30)) && kind !== 'rarp'),
    [],
    'an address that is no longer the guest’s',
  );
});

test('an address that is withheld is not announced', () => {
  const simulation = new Simulation();
  simulation.add(1);
  const [ip] = v6(1);
  simulation.guests.set(guestKey(1), [{ ip: ip as never, router: false, lastSeen: 0, withheld: 'router-unknown' }]);
  simulation.failover();
  simulation.advance(100);
  assert.equal(simulation.of('na').length, 0);
});

test('a guest that becomes announceable during a run is announced at once, and in the rounds to come', () => {
  const simulation = failedOver(3, both);
  simulation.advance(5);
  simulation.add(9, ...both(9));
  simulation.advance(100);
  const mine = (kind: SentFrame['kind']): number[] =>
    since(simulation.of(kind).filter(({ id }) => id.startsWith(guestKey(9))));
  assert.equal(mine('rarp').length, 4);
  assert.equal(mine('rarp')[0], 5);
  assert.ok((mine('garp')[0] ?? NaN) < 5.5);
  assert.equal(mine('na').length, 2);
  simulation.add(10, ...both(10));
  simulation.advance(100);
  assert.ok(!simulation.sent.some(({ id }) => id.startsWith(guestKey(10))), 'after the run there is no run to join');
});

test('ARP of the guests themselves counts: with forty addresses and a chatty guest never more than 15 a second', () => {
  for (const chatty of [1, 5, 8, 12]) {
    const simulation = failedOver(40, v4);
    for (let n = 0; n < 60 * chatty; n++) {
      simulation.advance(1 / chatty);
      simulation.guestArp(1);
    }
    const arps = simulation.sent.filter(({ kind }) => kind === 'garp' || kind === 'guest-arp');
    assert.ok(
      mostWithin(
        arps.map(({ at }) => at),
        1,
      ) <= 15,
      `${chatty} a second`,
    );
    assert.ok(simulation.of('garp').length > (chatty >= 8 ? 0 : 40));
  }
});

test('after a flood of guests’ ARP we are silent for a second and a bit, and then no longer', () => {
  const simulation = failedOver(40, v4);
  simulation.advance(1.5);
  simulation.guestArp(5000);
  const flood = simulation.now;
  simulation.advance(10);
  const next = simulation.of('garp').find(({ at }) => at > flood)?.at ?? Infinity;
  assert.ok(next - flood > 1 && next - flood < 1.2, `${next - flood}`);
});

test('frames that could not be sent are first when they can, and cost no tokens twice', () => {
  const simulation = failedOver(3, both);
  const offers: string[][] = [];
  const answers = [1, 'ENOBUFS'];
  simulation.kernel = (offered) => {
    offers.push(offered.map(({ id }) => id));
    return answers.shift() ?? offered.length;
  };
  simulation.advance(0.01);
  const [all = []] = offers;
  assert.equal(all.length, 6);
  assert.deepEqual(offers, [all, all.slice(1), all.slice(1)]);
  assert.deepEqual(
    simulation.sent.slice(3).map(({ id }) => id),
    all,
  );
  simulation.advance(100);
  for (let n = 1; n <= 3; n++)
    assert.equal(simulation.of('na').filter(({ id }) => id.startsWith(guestKey(n))).length, 3);
});

test('frames put back may not be sent any more when their turn comes again', () => {
  const simulation = failedOver(3, v4);
  const answers = ['ENOBUFS'];
  simulation.kernel = (offered) => answers.shift() ?? offered.length;
  simulation.advance(0.001);
  assert.deepEqual(simulation.of('garp'), []);
  simulation.remove(2);
  simulation.advance(0.5);
  assert.deepEqual(
    simulation.of('garp').map(({ id }) => id.slice(0, 17)),
    [guestKey(1), guestKey(3)].map((key) => key.slice(0, 17)),
  );
});
