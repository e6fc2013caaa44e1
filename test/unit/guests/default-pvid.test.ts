import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import { pvidOf, stateIn, vlanMembership } from '../../../src/topology/bridge-port.js';
import { eventsOf, KERNELS, loadFixture } from '../../support/fixtures.js';
import { guestSettings } from '../../support/settings.js';

const [ONE, OTHER] = ['52:54:00:00:00:01', '52:54:00:00:00:02'] as [Mac, Mac];

/** Before ports were locked for unknown MACs (6.2) and bridges had a limit of what they learn (6.7). */
const isOld = (kernel: string): boolean => kernel === '5.10' || kernel === '6.1';

/** The host of the recording, with its guests learned in VLAN 1. */
function start(kernel: (typeof KERNELS)[number]) {
  const fixture = loadFixture('vlans', kernel);
  const { names } = fixture;
  const state = new HostState(guestSettings());
  const play = (what: string): void => {
    for (const event of eventsOf(fixture, what)) state.apply(event, 1);
  };
  for (const table of ['links', 'bridgePorts', 'portVlans']) play(`dump ${table}`);
  const [bond, br0] = ['bond0', 'br0'].map((name) => names[name] ?? 0) as [number, number];
  const rows = [names.tap1, names.tap2].map((port, n) => ({ port: port ?? 0, mac: n === 0 ? ONE : OTHER }));
  const row = { type: 'fdb', gone: false, bridge: br0, vlan: 1, state: 2, flags: 0 } as const;
  for (const place of rows) state.apply({ ...row, ...place }, 0);
  const verdicts = () =>
    [ONE, OTHER].map((mac) => state.verdicts(mac).map(({ tags, suppressed }) => [tags.length, suppressed]));
  return { state, play, verdicts, port: () => state.topology.port(bond) };
}

for (const kernel of KERNELS) {
  test(`${kernel}: guests that are silent while their bridge gets another default PVID are in that; with none they are nowhere`, () => {
    const { state, play, verdicts, port } = start(kernel);
    play('the bridge gets another default PVID');
    assert.equal(pvidOf(port()), 100);
    const still = vlanMembership(port()?.vlans ?? [], 1);
    assert.equal(still, isOld(kernel) ? 'untagged' : 'none', 'Linux 6.1 does not tell that they have left VLAN 1');
    assert.deepEqual(verdicts(), [[[0, null]], [[0, null]]]);
    play('and none');
    assert.equal(pvidOf(port()), null);
    state.takeStale();
    assert.deepEqual(verdicts(), [[], []]);
  });

  test(`${kernel}: a VLAN that is blocked, and taken away, is seen so`, () => {
    const { play, port } = start(kernel);
    assert.equal(stateIn(port(), 905, false), 3);
    play('a VLAN of the uplink is blocked');
    assert.deepEqual(
      [1, 905].map((vid) => stateIn(port(), vid, false)),
      [3, 4],
    );
    play('a dump after that');
    assert.deepEqual(
      [1, 905].map((vid) => stateIn(port(), vid, false)),
      [3, 4],
    );
    play('a VLAN is taken from the uplink');
    assert.equal(vlanMembership(port()?.vlans ?? [], 905), 'none');
    play('the uplink leaves the bridge');
    assert.equal(port(), undefined);
  });

  test(`${kernel}: a locked row and the limit of what a bridge learns are told where the kernel has them`, () => {
    const fixture = loadFixture('vlans', kernel);
    const rows = eventsOf(fixture, 'a guest speaks at a locked port').filter((event) => event.type === 'fdb');
    const locked = rows.flatMap((row) => (row.locked ? [row.mac] : []));
    assert.deepEqual(locked, isOld(kernel) ? [] : ['52:54:00:cc:00:02']);
    const bridges = eventsOf(fixture, 'a dump with a limit').flatMap((event) =>
      event.type === 'link' && event.details.type === 'bridge' ? [event.details] : [],
    );
    assert.deepEqual(
      bridges.map(({ maxLearned }) => maxLearned),
      [isOld(kernel) ? undefined : 100],
    );
  });
}
