import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { Family, GroupRecord, GroupReport } from '../../../src/frames/group-records.js';
import { GROUPS_PER_GUEST, GroupTable } from '../../../src/groups/group-table.js';
import { encodeReport } from '../../../src/groups/reports.js';

const mac = (n: number): Mac =>
  `52:54:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}` as Mac;
const guest = (n: number, ...vlans: number[]) => ({
  mac: mac(n),
  bond: 4,
  tags: vlans.map((vid) => ({ tpid: 0x8100, vid })),
});
const group = (n: number): Ip => `239.1.${n >> 8}.${n & 255}` as Ip;
const S1 = '192.0.2.1' as Ip;
const S2 = '192.0.2.2' as Ip;

/** A table in which one guest speaks, and what it then says again as `type group sources`. */
class World {
  now = 0;
  readonly table = new GroupTable(100);

  say(
    type: GroupRecord['type'],
    which: Ip,
    sources: Ip[] = [],
    { version = 0, from = '' as Ip, who = guest(1), isKnown = true } = {},
  ): this {
    const family: Family = which.includes(':') ? 6 : 4;
    const source = from || (family === 4 ? ('10.0.0.1' as Ip) : ('fe80::1' as Ip));
    const report: GroupReport = {
      type: 'report',
      family,
      version: version || (family === 4 ? 3 : 2),
      source,
      records: [{ type, group: which, sources }],
    };
    this.table.heard(who, report, isKnown, this.now);
    return this;
  }

  ask(family: Family, version: number, membershipInterval: number | null = null, who = guest(1)): this {
    this.table.heard(who, { type: 'query', family, version, membershipInterval }, false, this.now);
    return this;
  }

  reports(addresses: string[] = [], who = guest(1)): string[] {
    return this.table
      .reports(who, addresses as Ip[], this.now)
      .map(({ family, version, source, records }) => `${family}.${version} ${source}: ${records.map((r) => [r.type, r.group, ...r.sources].join(' ')).join(', ')}`);
  } // prettier-ignore
}

test('a guest is in what it has joined, with the sources that it wants, until it leaves', () => {
  const world = new World().say('to-exclude', group(1)).say('allow', group(2), [S1]).say('allow', group(2), [S2]);
  world
    .say('block', group(3), [S1])
    .say('to-exclude', group(4), [S1])
    .say('allow', group(4), [S1])
    .say('block', group(4), [S2]);
  const four = (...records: string[]): string[] => [`4.3 10.0.0.1: ${records.join(', ')}`];
  const [one, two, last] = ['is-exclude 239.1.0.1', `is-include 239.1.0.2 ${S1} ${S2}`, `is-exclude 239.1.0.4 ${S2}`];
  assert.deepEqual(world.reports(), four(one, two, last), 'all in one frame; to block is not to join');
  world.say('to-include', group(1)).say('block', group(2), [S1]).say('is-include', group(4));
  assert.deepEqual(world.reports(), four(`is-include 239.1.0.2 ${S2}`));
  assert.deepEqual(world.say('block', group(2), [S2]).reports(), []);
});

test('what was not said again within the interval of the querier is over', () => {
  const world = new World().say('to-exclude', group(1));
  world.now = 259;
  assert.equal(world.reports().length, 1, 'the default: twice 125 s, and 10 s to answer');
  world.now = 260;
  assert.deepEqual([world.reports(), world.table.groupsOf(guest(1), world.now)], [[], []]);
  world.ask(4, 3, 600);
  assert.equal(world.reports().length, 1, 'a querier that asks more seldom');
  assert.deepEqual(world.say('allow', group(9), [S1]).ask(4, 3, 20).reports(), [
    '4.3 10.0.0.1: is-include 239.1.0.9 192.0.2.1',
  ]);
  world.now += 20;
  assert.deepEqual(world.reports(), []);
});

test('reports are in the version that the querier takes, and that the guest has used', () => {
  const world = new World().say('to-exclude', group(1)).say('is-exclude', group(2), [], { version: 2 });
  assert.deepEqual(world.reports(), ['4.3 10.0.0.1: is-exclude 239.1.0.1', '4.2 10.0.0.1: is-exclude 239.1.0.2']);
  world.ask(4, 2).ask(6, 1, null, guest(1, 905));
  assert.deepEqual(world.reports(), ['4.2 10.0.0.1: is-exclude 239.1.0.1', '4.2 10.0.0.1: is-exclude 239.1.0.2']);
  world.ask(4, 1).ask(4, 3);
  assert.deepEqual(world.reports()[0], '4.1 10.0.0.1: is-exclude 239.1.0.1', 'the oldest of those that are there');
  world.say('to-exclude', 'ff05::c' as Ip).ask(6, 1);
  assert.equal(world.reports()[2], '6.1 fe80::1: is-exclude ff05::c');
  world.now = 200;
  world.ask(4, 2).say('to-exclude', group(1));
  world.now = 261;
  assert.deepEqual(world.reports(), ['4.2 10.0.0.1: is-exclude 239.1.0.1'], 'the one of version 1 is gone');
});

test('an IPv6 address makes its guest a member of its solicited-node group, unless it was heard to leave that', () => {
  const world = new World();
  const byAddress = 'is-exclude ff02::1:ff00:7';
  assert.deepEqual(world.reports(['10.0.0.1', '2001:db8::7']), [`6.2 ::: ${byAddress}`]);
  assert.deepEqual(world.reports(['2001:db8::7', 'fe80::7']), [`6.2 fe80::7: ${byAddress}`], 'one group for both');
  world.say('to-exclude', 'ff02::1:ff00:7' as Ip, [], { from: 'fe80::1' as Ip });
  assert.deepEqual(world.reports(['2001:db8::7']), [`6.2 fe80::1: ${byAddress}`]);
  world.say('to-include', 'ff02::1:ff00:7' as Ip);
  world.now = 1000;
  assert.deepEqual(world.reports(['2001:db8::7']), []);
  assert.deepEqual(world.say('to-exclude', 'ff02::1:ff00:7' as Ip).reports(['2001:db8::7']).length, 1);
});

test('each VLAN is a world of its own, and a report says who sent it last', () => {
  const world = new World().say('to-exclude', group(1), [], { who: guest(1, 905), from: '0.0.0.0' as Ip });
  assert.deepEqual([world.reports(), world.reports([], guest(1, 905))], [[], ['4.3 0.0.0.0: is-exclude 239.1.0.1']]);
  world.say('to-exclude', group(2), [], { who: guest(1, 905), from: '10.9.0.1' as Ip });
  assert.match(String(world.reports([], guest(1, 905))), /^4\.3 10\.9\.0\.1: .*0\.1, .*0\.2$/);
});

test('groups that nobody reports are not kept', () => {
  const world = new World();
  for (const each of ['224.0.0.1', 'ff02::1', 'ff01::5', 'ff10::5']) world.say('to-exclude', each as Ip);
  assert.deepEqual(world.reports(), []);
});

test('a guest that reports 100,000 groups costs itself, and not the others', () => {
  const world = new World().say('to-exclude', group(1), [], { who: guest(2) });
  for (let n = 0; n < 100_000; n++) world.say('to-exclude', `239.${2 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}` as Ip);
  assert.equal(world.table.groupsOf(guest(1), 0).length, GROUPS_PER_GUEST);
  assert.equal(world.table.takeEvictions().length, 100_000 - GROUPS_PER_GUEST);
  assert.equal(world.reports([], guest(2)).length, 1);
  const frames = world.table.reports(guest(1), [], 0).map((each) => encodeReport(mac(1), each, []));
  assert.equal(frames.length, 1);
});

test('one that is in too many VLANs, and many invented MACs, cost themselves', () => {
  const world = new World().say('to-exclude', group(1), [], { who: guest(2) });
  for (let n = 0; n < 500; n++) world.say('to-exclude', group(1), [], { who: guest(1, n) });
  assert.ok(world.table.takeEvictions().every((reason) => reason === 'groups'));
  for (let n = 0; n < 5000; n++) world.say('to-exclude', group(1), [], { who: guest(n + 10), isKnown: false });
  assert.equal(world.reports([], guest(2)).length, 1);
  let held = 0;
  for (let n = 0; n < 5000; n++) held += world.reports([], guest(n + 10)).length;
  assert.equal(held, 1024);
});

test('whatever is reported, the table keeps its bounds, and its frames fit any link', () => {
  const anyReport = fc.record({
    who: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 })),
    isKnown: fc.boolean(),
    version: fc.constantFrom(1, 2, 3),
    after: fc.integer({ min: 0, max: 90 }),
    records: fc.array(
      fc.record({
        type: fc.constantFrom(...(['is-include', 'is-exclude', 'to-include', 'to-exclude', 'allow', 'block'] as const)),
        group: fc.oneof(fc.nat(80).map(group), fc.nat(80).map((n) => `ff05::${n + 1}` as Ip)),
        sources: fc.array(fc.nat(60).map((n) => `10.1.1.${n}` as Ip), { maxLength: 60 }),
      }),
      { maxLength: 40 },
    ),
  }); // prettier-ignore
  fc.assert(
    fc.property(fc.array(anyReport, { maxLength: 60 }), (all) => {
      const table = new GroupTable(4);
      let now = 0;
      for (const { who, isKnown, version, after, records } of all) {
        now += after;
        for (const family of [4, 6] as const) {
          const own = records.filter((each) => each.group.includes(':') === (family === 6));
          const fit = own.map((each) => (family === 6 ? { ...each, sources: each.sources.map((ip) => `2001:db8::${ip.split('.')[3]}` as Ip) } : each));
          const said = { type: 'report', family, version: Math.min(version, family === 4 ? 3 : 2), source: (family === 4 ? S1 : 'fe80::1') as Ip, records: fit } as const;
          table.heard(guest(...who), said, isKnown, now);
        }
      }
      let total = 0;
      for (let n = 1; n <= 6; n++)
        for (let vlan = 1; vlan <= 3; vlan++) {
          total += table.groupsOf(guest(n, vlan), now).length;
          for (const each of table.reports(guest(n, vlan), [], now)) assert.ok(encodeReport(mac(n), each, []).length <= 14 + 1280);
        }
      assert.ok(total <= 6 + 8, `${total} groups`);
    }),
    { numRuns: 200 },
  ); // prettier-ignore
});
