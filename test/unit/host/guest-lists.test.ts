import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import type { SuppressReason } from '../../../src/guests/verdict.js';
import { listGuests } from '../../../src/host/guest-lists.js';
import { Slices } from '../../../src/tasks/slices.js';
import { FakeClock } from '../../support/fake-clock.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

const mac = (n: number): Mac => `52:54:00:00:00:0${n}` as Mac;

/** A VLAN-aware bridge with two guests' ports, and a bridge behind it with a third: OpenStack's hybrid plugging. */
function stacked(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { native: 20, tagged: [10] });
  hv.guest('br0', { access: 10 });
  hv.guest('br0', { access: 30 });
  hv.bridge('qbr');
  hv.vethPair('qvb', 'qvo');
  hv.port('qbr', 'qvb');
  hv.port('br0', 'qvo', { native: 10 });
  hv.guest('qbr');
  hv.macvlan(BOND);
}

function known(): { fake: FakeHost; host: HostState } {
  const fake = new FakeHost(stacked);
  const host = new HostState(guestSettings({ total: 100, perPort: 64, remember: 600 }));
  const rows = [
    fake.fdb(mac(3), 'qvo', { vlan: 10 }),
    fake.fdb(mac(3), 'tap3'),
    fake.fdb(mac(2), 'tap2', { vlan: 30 }),
    fake.fdb(mac(1), 'tap1', { vlan: 10 }),
    fake.fdb(mac(1), 'tap1', { vlan: 20 }),
    fake.fdb(mac(9), BOND, { vlan: 10 }),
  ];
  for (const event of [...fake.dump(), ...rows]) host.apply(event, 100);
  host.takeStale();
  return { fake, host };
}

/** The list of one bond. */
async function describeGuests(host: HostState, bond: BondId, now: number, reasonFor?: () => SuppressReason) {
  const known = { host, now, ...(reasonFor ? { reasonFor } : {}) };
  const slices = new Slices(new FakeClock());
  const [list] = await listGuests(known, [{ ifindex: bond, name: BOND }], host.macsInTurn(), slices);
  return list?.guests ?? [];
}

const shared = { guest: null, addresses: [], source: 'fdb', lastSeen: null, announced: true, reason: null, groups: [] };

test('everyone behind a bond is described, in order, each at the port nearest to it', async () => {
  const { fake, host } = known();
  assert.deepEqual(await describeGuests(host, asBond(fake.index(BOND)), 100), [
    { ...shared, mac: mac(1), vlan: null, port: 'tap1' },
    { ...shared, mac: mac(1), vlan: 10, port: 'tap1' },
    { ...shared, mac: mac(2), vlan: 30, port: 'tap2', announced: false, reason: 'vlan-not-on-uplink' },
    { ...shared, mac: mac(3), vlan: 10, port: 'tap3' },
    { ...shared, mac: mac(4), vlan: null, port: 'macvlan4', source: 'macvlan' },
  ]);
  assert.deepEqual(await describeGuests(host, asBond(4711), 100), [], 'another bond has none of them');
});

test('one that fell silent is described with the seconds since it was last seen, and is announced all the same', async () => {
  const { fake, host } = known();
  host.apply(fake.fdb(mac(1), 'tap1', { vlan: 10, gone: true }), 400);
  const [, silent] = await describeGuests(host, asBond(fake.index(BOND)), 430.2);
  assert.deepEqual(silent, { ...shared, mac: mac(1), vlan: 10, port: 'tap1', lastSeen: 30 });
});

test('one that moved away is described with the reason why it is not announced', async () => {
  const { fake, host } = known();
  host.apply(fake.fdb(mac(1), BOND, { vlan: 10 }), 400);
  const [, moved] = await describeGuests(host, asBond(fake.index(BOND)), 401);
  assert.deepEqual(
    [moved?.port, moved?.lastSeen, moved?.announced, moved?.reason],
    ['tap1', 1, false, 'seen-on-uplink'],
  );
});

test('who knows more than the verdict gives the reason', async () => {
  const { fake, host } = known();
  const told = await describeGuests(host, asBond(fake.index(BOND)), 100, () => 'too-many');
  assert.ok(told.every(({ announced, reason }) => !announced && reason === 'too-many'));
});

test('each guest is judged once, however many bonds there are, and others have their turn in between', async () => {
  const { fake, host } = known();
  const count = async (bonds: number): Promise<{ judged: number; turns: number }> => {
    let [judged, turns, now] = [0, 0, 0];
    const counting = Object.create(host) as HostState;
    counting.verdicts = (mac) => (judged++, host.verdicts(mac));
    const clock = { monotonic: () => (now += 0.001), soon: (task: () => void) => void (turns++, setImmediate(task)) };
    const wanted = Array.from({ length: bonds }, (_, n) => ({ ifindex: asBond(1000 + n), name: `bond${n}` }));
    await listGuests({ host: counting, now: 0 }, wanted, many(), new Slices(clock));
    return { judged, turns };
  };
  function* many(): Generator<Mac> {
    for (let n = 0; n < 100; n++) yield* host.macs();
    yield fake.fdb('52:54:00:00:00:ff', 'tap1').mac;
  }
  const [one, sixteen] = [await count(1), await count(16)];
  assert.equal(sixteen.judged, one.judged);
  assert.equal(one.judged, [...host.macs()].length + 1);
  assert.ok(one.turns > 5, `${one.turns}`);
});
