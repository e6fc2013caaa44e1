import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tag } from '../../../src/frames/ethernet.js';
import { describeStandby } from '../../../src/host/standby.js';
import { linkWords, type StandbyLink } from '../../../src/standby/report.js';
import type { Evidence } from '../../../src/standby/cross-check.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { Topology } from '../../../src/topology/topology.js';
import { standbyPage } from '../../../src/cli/standby.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { byMirror } from '../../support/hearing.js';

const tag = (vid: number): Tag => ({ tpid: 0x8100, vid });
const MISSED = { missed: 12, missedIn: 12, firstMissed: 70, lastMissed: 95, instead: null, heardAt: null };
const CARRIED = { missed: 0, missedIn: 0, firstMissed: null, lastMissed: null, instead: null, heardAt: null };

/** VLAN 10 is a VLAN device of the bond, VLAN 20 one of its bridge port. */
function registered(hv: Hypervisor): void {
  hv.vlan(BOND, 10);
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [20] });
}

/** The links of a bond as they are described, of whose guests frames leave with these tags. */
function describe(
  stacks: readonly (readonly Tag[])[],
  evidence: Partial<Evidence>,
  { change = {}, listening = { on: true, reason: null as string | null }, ears = true } = {},
): StandbyLink {
  const fake = new FakeHost(registered);
  fake.change('up2', change);
  const topology = new Topology();
  for (const event of fake.dump()) topology.apply(event);
  const of = stacks.map((tags) => ({ tags, guests: 2 }));
  const known = {
    topology,
    bonds: new Map([[asBond(fake.index(BOND)), { stacks: () => of }]]),
    hearingOf: byMirror,
    ears: ears
      ? {
          listening: () => listening,
          evidence: (_: number, link: number, tags: readonly Tag[]) => ({
            link,
            tags,
            carriedAt: null,
            ...CARRIED,
            ...evidence,
          }),
        }
      : null,
    now: 100,
  };
  const [bond] = describeStandby(known);
  assert.deepEqual([bond?.bond, bond?.activeSlave, bond?.links.map(({ link }) => link)], [BOND, 'up1', ['up2']]);
  assert.ok(bond?.links[0]);
  return bond.links[0];
}

test('a VLAN of a VLAN device, of a bridge port, and untagged frames may be missing; another may be filtered by the NIC', () => {
  const { vlans } = describe([[tag(30)], [tag(20), tag(7)], [tag(10)], []], MISSED);
  assert.deepEqual(
    vlans.map((row) => [row.vlans, row.state, row.reason]),
    [
      [[], 'missing', null],
      [[10], 'missing', null],
      [[20, 7], 'missing', null],
      [[30], 'unknown', 'filter'],
    ],
  );
});

test('a proof has an age', () => {
  const [row] = describe([[tag(10)]], { carriedAt: 96.2 }).vlans;
  assert.deepEqual([row?.state, row?.proven, row?.guests], ['carried', 4, 2]);
});

test('of a link that nobody listens on nothing is known, and it is said why', () => {
  const down = describe([[tag(10)]], MISSED, { change: { lowerUp: false } });
  assert.deepEqual([down.deaf, down.vlans[0]?.state, down.vlans[0]?.reason], ['it has no carrier', 'unknown', 'down']);
  const deaf = describe([[tag(10)]], MISSED, { listening: { on: false, reason: 'ENODEV' } });
  assert.deepEqual([deaf.deaf, deaf.vlans[0]?.state, deaf.vlans[0]?.reason], ['ENODEV', 'unknown', 'deaf']);
  const off = describe([[tag(10)]], MISSED, { ears: false });
  assert.equal(off.deaf, 'standby.watch or guests.sources.snoop is false');
});

test('people read what is missing first, and where its broadcasts arrive', () => {
  const link = describe([[], [tag(10)]], { ...MISSED, instead: [tag(1)] });
  assert.equal(linkWords(link), 'missing: untagged, VLAN 10');
  assert.deepEqual(standbyPage([{ bond: BOND, activeSlave: 'up1', links: [link] }]), [
    'bond0: active link up1',
    '  LINK  VLAN      GUESTS  STATE',
    '  up2   untagged  2       MISSING: 12 broadcasts that passed up1 arrived there as VLAN 1',
    '  up2   10        2       MISSING: 12 broadcasts that passed up1 arrived there as VLAN 1',
  ]);
  assert.deepEqual(standbyPage([]), ['this host has no active-backup bond']);
});

test('with LACP no link is judged: a switch floods to none that is not in use, and by one of those that are', () => {
  const fake = new FakeHost(registered);
  const lacp = (aggregator: number) => ({
    bondSlaveActive: true,
    bondSlave: { linkUp: true, prio: 0, lacp: { aggregator, partnerCollects: true } },
  });
  fake.change(BOND, { details: { ...fake.get(BOND).details, mode: 4, activeSlave: null, aggregator: 1 } as never });
  fake.change('up1', lacp(1));
  fake.change('up2', lacp(2));
  const topology = new Topology();
  for (const event of fake.dump()) topology.apply(event);
  const known = { topology, bonds: new Map(), hearingOf: byMirror, ears: null, now: 100 };
  assert.deepEqual(describeStandby(known), [{ bond: BOND, activeSlave: 'up1', links: [] }]);
});
