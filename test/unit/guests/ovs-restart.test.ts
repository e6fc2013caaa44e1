import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OvsBridge } from '../../../src/sources/ovs/config.js';
import { decodeState } from '../../../src/state/decode.js';
import { encodeState } from '../../../src/state/document.js';
import { bridge, GUEST, ovsBond, OvsHost, patch, port, type Row, vlans } from '../../support/ovs.js';

const BRIDGES = [
  bridge('br-int', [patch('int', 'phy'), port('tap1', vlans.access(3)), port('tap2')]),
  bridge('br-ex', [patch('phy', 'int'), ovsBond('ovsbond', ['up1', 'up2'])]),
];

/** Saves what a host knows into a file, and starts anew from it with these bridges and rows. */
function restart(host: OvsHost, bridges: readonly OvsBridge[], rows: Record<string, Row[]> = {}): void {
  host.state.takeStale();
  const text = [...encodeState({ bootId: 'boot', savedAt: 0 }, host.state.snapshot(host.now))].join('');
  const decoded = decodeState(Buffer.from(text), 'boot');
  assert.ok(decoded.reason === null);
  assert.equal(decoded.dropped, 0, text);
  host.begin(bridges);
  for (const [name, theirs] of Object.entries(rows)) host.rows(name, ...theirs);
  host.state.restore(decoded.state.guests, host.now);
}

const WAY = ['ovsbond/3 from phy/3'];

test('guests of the switch outlive the daemon, those that fell silent too', () => {
  for (const silent of [false, true]) {
    const host = new OvsHost(BRIDGES);
    host.rows('br-int', [GUEST, 'tap1', 3]);
    host.rows('br-ex', [GUEST, 'phy', 3]);
    if (silent) for (const name of ['br-int', 'br-ex']) host.rows(name);
    assert.equal(host.state.knowsOvs, true);
    restart(host, BRIDGES);
    assert.deepEqual(host.say(), WAY, `silent: ${silent}`);
  }
});

test('an untagged guest, in VLAN 0 of the switch, outlives it too', () => {
  const host = new OvsHost(BRIDGES);
  host.rows('br-int', [GUEST, 'tap2', 0]);
  restart(host, BRIDGES);
  assert.deepEqual(host.say(), ['ovsbond from phy']);
});

test('when the rows of the database are others, nobody is restored', () => {
  const others = (what: string): OvsBridge[] =>
    BRIDGES.map((each) => ({
      ...each,
      uuid: what === 'bridge' ? `${each.uuid} anew` : each.uuid,
      ports: each.ports.map((its) => ({
        ...its,
        interfaces: its.interfaces.map((i) => ({ ...i, uuid: what === 'patch' ? `${i.uuid} anew` : i.uuid })),
      })),
    }));
  for (const what of ['bridge', 'patch']) {
    const host = new OvsHost(BRIDGES);
    host.rows('br-ex', [GUEST, 'phy', 3]);
    restart(host, others(what));
    assert.deepEqual(host.say(), [], what);
  }
});

test('who had moved away before the restart has moved', () => {
  const host = new OvsHost(BRIDGES);
  host.rows('br-int', [GUEST, 'tap1', 3]);
  host.now = 10;
  host.rows('br-ex', [GUEST, 'up1', 3]);
  assert.deepEqual(host.say(), ['ovsbond/3 from phy/3 (seen-on-uplink)']);
  restart(host, BRIDGES);
  assert.deepEqual(host.say(), ['ovsbond/3 from phy/3 (seen-on-uplink)']);
});

test('what libvirt said of a programmed bridge is not taken for what the bridge has learned', () => {
  const bridges = [bridge('br0', [port('bond0'), port('tap1', vlans.access(3))], { programmed: true })];
  const host = new OvsHost(bridges);
  host.rows('br0', [GUEST, 'tap1', 7]);
  host.state.setGuestInterfaces([{ domain: 'vm', mac: GUEST, target: 'tap1' }]);
  restart(host, bridges);
  assert.deepEqual(host.say(), [], 'VLAN 7 is none of its port');
});
