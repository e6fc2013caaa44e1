import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { AnnounceConfig, FrameKind, GarpForm } from '../../../src/config/config.js';
import { encodeRarp } from '../../../src/frames/arp.js';
import { type Buckets, newBuckets } from '../../../src/plan/bond-plan.js';
import { RefreshPlan } from '../../../src/plan/refresh-plan.js';
import type { Address } from '../../../src/plan/turns.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { mostWithin } from '../../support/announcing.js';
import { seeded } from '../../support/seeded.js';

interface Options {
  refresh?: number;
  guests?: number;
  seed?: number;
  rate?: AnnounceConfig['rate'];
  kinds?: FrameKind[];
  garp?: GarpForm;
}

const START = 1000;
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const keyOf = (n: number): string => `52:54:00:00:${hex(n >> 8)}:${hex(n & 0xff)}`;

/** A bond whose silent guests are refreshed, in virtual time. */
class Refreshed {
  now = START;
  readonly heard = new Map<string, number>();
  readonly here = new Set<string>();
  addresses: readonly Address[] = [];
  allowed: 'all' | 'rarp' | 'nothing' = 'all';
  /** When frames were sent, by guest and kind. */
  readonly sent: { at: number; key: string; kind: FrameKind }[] = [];
  readonly buckets: Buckets;
  readonly plan: RefreshPlan;

  constructor({ refresh = 20, guests = 0, seed = 1, rate, kinds, garp }: Options = {}) {
    for (let n = 0; n < guests; n++) this.here.add(keyOf(n));
    this.buckets = newBuckets(rate ?? ANNOUNCE_DEFAULTS.rate);
    const settings = { kinds: kinds ?? ANNOUNCE_DEFAULTS.kinds, garp: garp ?? 'request', refresh };
    const isHere = <T>(key: string, what: T): T | null => (this.here.has(key) ? what : null);
    this.plan = new RefreshPlan(
      settings,
      this.buckets,
      {
        keys: () => this.here,
        rarp: (key) => isHere(key, encodeRarp(key as Mac, [])),
        place: (key) => isHere(key, { mac: key as Mac, tags: [] }),
        addresses: () => this.addresses,
        reports: () => [],
        waiting: () => false,
        heardLeaving: ({ mac }) => this.heard.get(mac) ?? -Infinity,
        allowed: () => this.allowed,
      },
      seeded(seed),
      this.now,
    );
  }

  /** How often it was asked for frames. */
  turns = 0;

  advance(seconds: number): void {
    const end = this.now + seconds;
    for (;;) {
      this.turns++;
      for (const { turn } of this.plan.next(this.now, 64))
        this.sent.push({ at: this.now, key: turn.key, kind: turn.kind });
      const next = this.plan.wakeAt(this.now);
      if (next > end) break;
      this.now = Math.max(next, this.now);
    }
    this.now = end;
  }

  /** The longest time in which the switches saw nothing of a guest. */
  longest(key: string, from = START): number {
    const times = [from, ...this.sent.filter((each) => each.key === key).map(({ at }) => at), this.now];
    return Math.max(...times.slice(1).map((at, n) => at - (times[n] ?? at)));
  }

  times(kind: FrameKind = 'rarp', from = START): number[] {
    return this.sent.filter((each) => each.kind === kind && each.at >= from).map(({ at }) => at);
  }
}

test('a thousand silent guests: each once in the time, and in no second more than one and a half times the mean', () => {
  for (const seed of [1, 2, 3]) {
    const bond = new Refreshed({ guests: 1000, seed });
    bond.advance(300);
    const longest = Math.max(...[...bond.here].map((key) => bond.longest(key)));
    assert.ok(longest <= 1.1 * 20, `${longest}`);
    const most = mostWithin(bond.times(), 1);
    assert.ok(most <= 1.5 * 50, `${most}`);
    const a = bond.times().length / 300;
    assert.ok(a > 48 && a < 58, `${a} a second`);
    // Stretches of a second without any do not occur either.
    const times = bond.times();
    assert.ok(Math.max(...times.slice(1).map((at, n) => at - (times[n] ?? 0))) < 0.5);
  }
});

test('any number of guests, any time: none waits much longer, none is refreshed much sooner, and no second is full', () => {
  const any = fc.record({
    guests: fc.integer({ min: 1, max: 400 }),
    refresh: fc.integer({ min: 2, max: 600 }),
    seed: fc.nat(1000),
  });
  fc.assert(
    fc.property(any, ({ guests, refresh, seed }) => {
      const bond = new Refreshed({ guests, refresh, seed, kinds: ['rarp'] });
      bond.advance(4 * refresh);
      const mean = guests / refresh;
      assert.ok(mostWithin(bond.times(), 1) <= 1.45 * mean + Math.max(1, 0.05 * mean), 'in a second');
      for (const key of bond.here) {
        const times = bond.sent.filter((each) => each.key === key).map(({ at }) => at);
        assert.ok(bond.longest(key) <= 1.15 * refresh + 0.3, `${bond.longest(key)} of ${refresh}`);
        const gaps = times.slice(1).map((at, n) => at - (times[n] ?? 0));
        assert.ok(Math.min(refresh, ...gaps) >= 0.7 * refresh - 0.3, `${Math.min(...gaps)} of ${refresh}`);
      }
    }),
    { numRuns: 40 },
  );
});

test('who is heard leaving is not refreshed, and who falls silent is, in that time', () => {
  const bond = new Refreshed({ guests: 3 });
  const [talks = '', silent = ''] = bond.here;
  for (let n = 0; n < 40; n++) {
    bond.heard.set(talks, bond.now);
    bond.advance(7);
  }
  assert.deepEqual(new Set(bond.sent.map(({ key }) => key)), new Set([silent, keyOf(2)]));
  const said = bond.now - 7;
  bond.advance(30);
  const first = bond.sent.find(({ key }) => key === talks)?.at ?? NaN;
  assert.ok(first - said > 0.75 * 20 && first - said < 1.1 * 20, `${first - said}`);
});

test('all fall silent in one moment: no second has more than one and a half times the mean, and the last waits half as long again', () => {
  const bond = new Refreshed({ guests: 1000 });
  bond.advance(40);
  for (const key of bond.here) bond.heard.set(key, bond.now);
  const fell = bond.now;
  bond.advance(100);
  assert.ok(mostWithin(bond.times('rarp', fell), 1) <= 75);
  const firsts = [...bond.here].map(
    (key) => (bond.sent.find((each) => each.key === key && each.at > fell + 1)?.at ?? NaN) - fell,
  );
  assert.ok(Math.max(...firsts) < 1.5 * 20, `${Math.max(...firsts)}`);
});

test('it stops the moment a guest is not announced any more, also one that waits for its turn, and begins again', () => {
  const bond = new Refreshed({ guests: 50, refresh: 5 });
  bond.advance(30);
  const [gone = ''] = bond.here;
  bond.here.delete(gone);
  const at = bond.now;
  bond.advance(30);
  assert.ok(!bond.sent.some((each) => each.key === gone && each.at > at));
  bond.here.add(gone);
  bond.plan.joined(gone, bond.now);
  const back = bond.now;
  bond.advance(30);
  assert.ok(bond.longest(gone, back) <= 5.5 || bond.sent.some((each) => each.key === gone && each.at - back <= 5.5));
});

test('newcomers are laid over the time as well', () => {
  const bond = new Refreshed();
  bond.advance(100);
  for (let n = 0; n < 1000; n++) {
    bond.here.add(keyOf(n));
    bond.plan.joined(keyOf(n), bond.now);
  }
  const came = bond.now;
  bond.advance(100);
  assert.ok(mostWithin(bond.times(), 1) <= 75);
  assert.ok(Math.max(...[...bond.here].map((key) => bond.longest(key, came))) <= 22);
});

test('addresses follow within their rates, and half of a burst is left for a failover at any time', () => {
  const bond = new Refreshed({ guests: 1000 });
  bond.addresses = ['10.0.0.1', '2001:db8::1'].map((ip) => ({
    ip: ip as Ip,
    router: false,
    lastSeen: 0,
    withheld: null,
  }));
  for (let n = 0; n < 600; n++) {
    bond.advance(0.1);
    assert.ok(bond.buckets.garp.available(bond.now) >= 2);
    assert.ok(bond.buckets.na.available(bond.now) >= 50);
    assert.ok(bond.buckets.rarp.available(bond.now) >= 500);
  }
  const arps = bond.times('garp');
  assert.ok(mostWithin(arps, 1) <= 8 + 2 && arps.length > 50 * 6, `${arps.length}`);
  assert.ok(bond.times('na').length > 58 * 50 * 0.95, `${bond.times('na').length}`);
});

test('while an announcement lasts only RARP goes; where nothing may, nothing does, and nothing is made up for', () => {
  const bond = new Refreshed({ guests: 100 });
  bond.addresses = [{ ip: '10.0.0.1' as Ip, router: false, lastSeen: 0, withheld: null }];
  bond.allowed = 'rarp';
  bond.advance(40);
  assert.deepEqual(new Set(bond.sent.map(({ kind }) => kind)), new Set(['rarp']));
  bond.allowed = 'nothing';
  const count = bond.sent.length;
  bond.advance(200);
  assert.equal(bond.sent.length, count);
  bond.allowed = 'all';
  bond.advance(60);
  assert.ok(mostWithin(bond.times(), 1) <= 9, `${mostWithin(bond.times(), 1)}`);
  assert.ok(bond.times('garp').length > 0);
});

test('those who are due wait without haste while nothing may be sent, and go when it may', () => {
  const bond = new Refreshed({ guests: 1000 });
  bond.advance(40);
  for (const key of bond.here) bond.heard.set(key, bond.now);
  bond.advance(18);
  bond.allowed = 'nothing';
  const { turns, sent } = bond;
  const count = sent.length;
  bond.advance(10);
  assert.ok(bond.turns - turns <= 120, `${bond.turns - turns} turns`);
  assert.equal(sent.length, count);
  bond.allowed = 'all';
  bond.advance(25);
  assert.equal(new Set(sent.slice(count).map(({ key }) => key)).size > 950, true);
  assert.ok(mostWithin(bond.times(), 1) <= 75);
});

test('few guests: an address that has no token waits for one, and not for the next look', () => {
  const bond = new Refreshed({ guests: 2, refresh: 600 });
  bond.addresses = [1, 2, 3, 4, 5].map((n) => ({
    ip: `10.0.0.${n}` as Ip,
    router: false,
    lastSeen: 0,
    withheld: null,
  }));
  bond.advance(1300);
  const [first = NaN] = bond.times('rarp');
  const soon = bond.times('garp').filter((at) => at - first < 3);
  assert.equal(soon.length, 5);
});

test('kinds that are not wanted are not sent, and both forms of gratuitous ARP go', () => {
  const only = new Refreshed({ guests: 5, refresh: 2, kinds: ['garp'], garp: 'both' });
  only.addresses = [{ ip: '10.0.0.1' as Ip, router: false, lastSeen: 0, withheld: null }];
  only.advance(20);
  assert.equal(only.times().length, 0);
  assert.ok(only.times('garp').length >= 2 * 5 * 9, `${only.times('garp').length}`);
});

test('what could not be sent is first when it can, and its tokens are there again', () => {
  const bond = new Refreshed({ guests: 10, refresh: 2 });
  const frames: { key: string }[] = [];
  while (frames.length === 0) {
    const due = bond.plan.next(bond.now, 64);
    bond.plan.putBack(due);
    frames.push(...due.map(({ turn }) => turn));
    bond.now = bond.plan.wakeAt(bond.now);
  }
  assert.equal(bond.buckets.rarp.available(bond.now), 1000);
  bond.advance(3);
  assert.equal(bond.sent[0]?.key, frames[0]?.key);
});
