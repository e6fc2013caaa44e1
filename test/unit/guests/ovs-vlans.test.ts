import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portOfVlans } from '../../../src/topology/ovs-overlay.js';
import type { OvsVlans } from '../../../src/sources/ovs/config.js';
import { vlans } from '../../support/ovs.js';

/** Each VLAN range as `first-last`, with `u` where it leaves untagged and `p` where untagged frames come in. */
const MODES: readonly [OvsVlans, string][] = [
  [vlans.all, '0up 1-4094'],
  [vlans.trunk(0, 5, 6, 7, 9, 4095), '0up 5-7 9'],
  [vlans.trunk(1, 2), '1-2'],
  [vlans.trunk(4095), ''],
  [vlans.access(905), '905up'],
  [vlans.access(0), '0up'],
  [vlans.access(4095), ''],
  [vlans.nativeTagged(20), '20p 1-4094'],
  [vlans.nativeTagged(0, 5), '0up 5'],
  [vlans.nativeTagged(4095, 30), '30'],
  [vlans.nativeUntagged(20, 30, 31), '20up 30-31'],
  [vlans.nativeUntagged(20), '20up 1-4094'],
  [vlans.tunnel(100), '100up'],
  [vlans.tunnel(4095), ''],
];

for (const [how, expected] of MODES) {
  test(`a port of mode ${how.mode}, tag ${how.tag}, trunks ${how.trunks.join()} is in VLANs ${expected}`, () => {
    const said = portOfVlans(how).vlans.map(({ first, last, untagged, pvid }) => {
      return `${first === last ? first : `${first}-${last}`}${untagged ? 'u' : ''}${pvid ? 'p' : ''}`;
    });
    assert.equal(said.join(' '), expected);
  });
}
