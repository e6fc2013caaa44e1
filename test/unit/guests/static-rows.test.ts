import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_STATIC_VLANS } from '../../../src/sources/static-rows.js';
import { GuestTable } from '../../../src/guests/table.js';
import type { Sighting } from '../../../src/sources/sighting.js';
import { MAX_VLANS } from '../../../src/shares.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { GUEST, Story } from '../../support/story.js';

const STATIC = { state: 0x40 };
const tag = (vid: number) => ({ tpid: 0x8100, vid });

/** Two ports that carry every VLAN, untagged in VLAN 1, and a bond that does. */
function trunks(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND);
  const ports = [BOND, hv.guest('br0').port, hv.guest('br0').port];
  hv.bridgeLines.push(...ports.map((port) => `vlan add dev ${port} vid 2-${MAX_VLANS}`));
}

/** `bridge fdb append GUEST dev PORT master static`, as the kernel tells of it: for no VLAN, and for each. */
function append(story: Story, port = 'tap1', gone = false): void {
  story.take(story.host.fdb(GUEST, port, { ...STATIC, gone }));
  for (let vlan = 1; vlan <= MAX_VLANS; vlan++) story.take(story.host.fdb(GUEST, port, { ...STATIC, gone, vlan }));
}

/** The VLANs in which the guest is announced, and why it is not in others; 0: untagged. */
function verdicts({ state }: Story): [number, string | null][] {
  state.takeStale();
  return state.verdicts(GUEST).map(({ tags, suppressed }) => [tags[0]?.vid ?? 0, suppressed]);
}

const announced = (story: Story): number[] =>
  verdicts(story)
    .flatMap(([vid, suppressed]) => (suppressed === null ? [vid] : []))
    .sort((one, other) => one - other);

test('a guest with static rows in every VLAN is announced in its PVID and where it was heard leaving', () => {
  const story = new Story(trunks);
  append(story);
  assert.deepEqual(announced(story), [0]);
  story.heard('out', { tags: [tag(100)] });
  story.heard('in', { tags: [tag(200)] });
  assert.deepEqual(announced(story), [0, 100]);
  const [saved] = [...story.state.snapshot(1).guests];
  assert.deepEqual(
    saved?.places.map(({ vlan }) => vlan),
    [null, 1, 100],
  );
});

test('a guest whose port names a few VLANs is announced in all of them', () => {
  const story = new Story(trunks);
  for (let vlan = 1; vlan <= MAX_STATIC_VLANS; vlan++) story.take(story.host.fdb(GUEST, 'tap1', { ...STATIC, vlan }));
  assert.equal(announced(story).length, MAX_STATIC_VLANS);
  assert.deepEqual(story.state.cuts.all(), []);
});

test('what a bridge learned says where a guest speaks, however many static rows stand beside it', () => {
  const story = new Story(trunks);
  story.learned('tap1', 300);
  append(story);
  assert.deepEqual(announced(story), [0, 300]);
});

test('that static rows are in too many VLANs is told once, with how many guests have such', () => {
  const story = new Story(trunks);
  append(story);
  const port = story.host.index('tap1');
  const cut = { reason: 'static-vlans', port, mac: GUEST, limit: MAX_STATIC_VLANS, count: 1 };
  assert.deepEqual(story.state.cuts.all(), [cut]);
  assert.deepEqual(story.state.takeEvictions(), ['static-vlans']);
  append(story);
  assert.deepEqual(story.state.takeEvictions(), []);
  assert.deepEqual(story.state.lookAtLimits(0).begun, [cut]);
  assert.deepEqual(story.state.lookAtLimits(10_000).over, []);
  append(story, 'tap1', true);
  assert.deepEqual(story.state.lookAtLimits(10_000).over, [cut]);
});

test('a static row that one reflected frame moves to the bond is put back, and it alone', () => {
  const story = new Story(trunks);
  append(story);
  story.heard('out', { tags: [tag(100)] });
  story.now = 10;
  story.state.failedOver(asBond(story.host.index(BOND)), story.now);
  story.take(story.host.fdb(GUEST, BOND, { ...STATIC, vlan: 100 }));
  const [healed, ...more] = story.state.takeReflected();
  assert.deepEqual(more, []);
  assert.deepEqual([healed?.row.device, healed?.row.vlan], [story.host.index('tap1'), 100]);
  assert.deepEqual(announced(story), [0, 100]);
});

test('a guest that moved away in one VLAN is not announced there', () => {
  const story = new Story(trunks);
  append(story);
  story.heard('out', { tags: [tag(100)] });
  story.now = 100;
  story.take(story.host.fdb(GUEST, BOND, { ...STATIC, vlan: 100 }));
  story.take(story.host.fdb(GUEST, BOND, { ...STATIC, vlan: 1 }));
  assert.deepEqual(announced(story), []);
  assert.deepEqual(
    verdicts(story)
      .map(([, reason]) => reason)
      .filter((reason) => reason !== 'seen-on-uplink'),
    [],
  );
});

test('a guest whose static rows are taken away is remembered where it spoke', () => {
  const story = new Story(trunks);
  append(story);
  story.heard('out', { tags: [tag(100)] });
  append(story, 'tap1', true);
  assert.deepEqual(announced(story), [0, 100]);
  assert.deepEqual(
    story.state.verdicts(GUEST).map(({ lastSeen }) => lastSeen),
    [0, 0],
  );
});

test('a guest whose rows go to another port is followed there', () => {
  const story = new Story(trunks);
  append(story);
  append(story, 'tap2');
  assert.deepEqual(announced(story), [0]);
  assert.equal(story.state.verdicts(GUEST)[0]?.device, story.host.index('tap2'));
  append(story, 'tap1', true); // late words
  assert.deepEqual(announced(story), [0]);
});

test('of a dump that does not mention them, static rows in every VLAN go', () => {
  const story = new Story(trunks);
  append(story);
  const dump = (rows: () => void): void => {
    story.state.startDump();
    story.take(...story.host.dump());
    rows();
    story.state.finishDump(story.now);
  };
  dump(() => append(story));
  assert.deepEqual(
    story.state.verdicts(GUEST).map(({ lastSeen }) => lastSeen),
    [null],
  );
  dump(() => undefined);
  assert.deepEqual(
    story.state.verdicts(GUEST).map(({ lastSeen }) => lastSeen),
    [0],
  );
});

/** Rows of one MAC in few VLANs more than may be static, on two ports: which port each VLAN has. */
const VIDS = MAX_STATIC_VLANS + 4;
const row = (vlan: number, device: number, isStatic: boolean): Sighting => {
  const plain = { source: 'fdb', mac: GUEST, device, bridge: 1, vlan } as const;
  return isStatic ? { ...plain, fixed: true } : plain;
};

test('whatever comes and goes, each VLAN of a MAC is where its last row said', () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'add', 'add', 'add', 'all', 'remove', 'dump'),
    vlan: fc.integer({ min: 1, max: VIDS }),
    device: fc.constantFrom(5, 6),
    isStatic: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new GuestTable(4);
      const ports = new Map<number, number>();
      const add = (vlan: number, device: number, isStatic: boolean): void => {
        table.add(row(vlan, device, isStatic));
        ports.set(vlan, device);
      };
      for (const { what, vlan, device, isStatic } of steps) {
        if (what === 'add') add(vlan, device, isStatic);
        if (what === 'all') for (let each = 1; each <= VIDS; each++) add(each, device, true);
        if (what === 'remove' && ports.get(vlan) === device) ports.delete(vlan);
        if (what === 'remove') table.remove(row(vlan, device, isStatic));
        if (what === 'dump') {
          table.startDump('fdb');
          for (const [each, port] of ports) if (each !== vlan) table.add(row(each, port, isStatic));
          table.finishDump('fdb');
          ports.delete(vlan);
        }
        for (let each = 1; each <= VIDS; each++)
          assert.equal(table.held(row(each, 5, false))?.device, ports.get(each), `VLAN ${each}`);
        const told = table.sightings(GUEST).flatMap(({ vlan: vid, vlans }) => (vlans ? [...vlans] : [vid]));
        assert.deepEqual([...new Set(told)].sort(), [...ports.keys()].sort());
        assert.equal(told.length, ports.size);
        assert.equal(table.size, ports.size > 0 ? 1 : 0);
      }
    }),
  );
});
