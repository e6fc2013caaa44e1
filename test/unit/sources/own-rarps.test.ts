import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import type { OvsMacRow, OvsVlans } from '../../../src/sources/ovs/config.js';
import { bridgeVlan, ownRarps } from '../../../src/sources/ovs/own-rarps.js';
import { ovsBond, ovsBridge } from '../../support/ovs-rows.js';

const MAC = '52:54:00:00:00:01' as Mac;
const tag = (vid: number, tpid = 0x8100) => ({ vid, tpid });
const TRUNK: OvsVlans = { mode: 'trunk', tag: null, trunks: [], cvlans: [], ethertype: 0x88a8 };
const row = (more: Partial<OvsMacRow> = {}): OvsMacRow => ({ ofport: 9, vlan: 905, mac: MAC, age: 10, ...more });

function announces(rows: OvsMacRow[], vlans: Partial<OvsVlans> = {}, age = 0) {
  const bond = ovsBond('obond', { vlans: { ...TRUNK, ...vlans } });
  return ownRarps(ovsBridge('ovs0', [bond], { macAgingTime: 300 }), bond, { rows, age });
}

test('Open vSwitch speaks for a MAC of its table, in the VLAN that the entry has', () => {
  const speaksFor = announces([row()]);
  assert.ok(speaksFor(MAC, [tag(905)]));
  assert.ok(!speaksFor(MAC, [tag(906)]));
  assert.ok(!speaksFor(MAC, []));
  assert.ok(!speaksFor('52:54:00:00:00:02' as Mac, [tag(905)]));
});

test('not for one that it has learned on the bond', () => {
  assert.ok(!announces([row({ ofport: 1 })])(MAC, [tag(905)]));
  assert.ok(!announces([row({ ofport: 2 })])(MAC, [tag(905)]));
});

test('an entry that may have aged out since, or was set by hand, is no promise', () => {
  assert.ok(announces([row({ age: 250 })], {}, 10)(MAC, [tag(905)]));
  assert.ok(!announces([row({ age: 250 })], {}, 60)(MAC, [tag(905)]));
  assert.ok(!announces([row({ age: null })])(MAC, [tag(905)]));
});

test('the tags by which a frame leaves tell its VLAN in the bridge, as the port treats VLANs', () => {
  const cases: [Partial<OvsVlans>, number[], number | null][] = [
    [{}, [], 0],
    [{}, [7], 7],
    [{}, [7, 8], null],
    [{ mode: 'access', tag: 5 }, [], 5],
    [{ mode: 'access', tag: 5 }, [7], null],
    [{ mode: 'native-untagged', tag: 5 }, [], 5],
    [{ mode: 'native-untagged', tag: 5 }, [7], 7],
    [{ mode: 'native-tagged', tag: 5 }, [5], 5],
    [{ mode: 'native-tagged', tag: 5 }, [], null],
    [{ mode: 'dot1q-tunnel', tag: 5 }, [], 5],
    [{ mode: 'dot1q-tunnel', tag: 5 }, [7], null],
  ];
  for (const [vlans, vids, vlan] of cases)
    assert.equal(bridgeVlan({ ...TRUNK, ...vlans }, vids.map((vid) => tag(vid))), vlan, JSON.stringify([vlans, vids])); // prettier-ignore
});
