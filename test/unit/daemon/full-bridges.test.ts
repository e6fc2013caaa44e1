import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FullBridges } from '../../../src/daemon/full-bridges.js';
import { Topology } from '../../../src/topology/topology.js';
import { BOND, type Hypervisor, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';

function twoBridges(hv: Hypervisor): void {
  plainBridge(1)(hv);
  hv.bridge('lonely');
}

/** A bridge whose table holds up to 100 MACs, and how many at each look. */
function start(attach = twoBridges) {
  const host = new FakeHost(attach);
  const topology = new Topology();
  for (const event of host.dump()) topology.apply(event);
  const said: string[] = [];
  const asked: number[] = [];
  const line = (text: string, fields = {}): void => void said.push(`${text} ${Object.values(fields).join(' ')}`);
  const bridges = new FullBridges(topology, { info: line, warn: line }, (request) =>
    asked.push(Buffer.from(request).readInt32LE(20)),
  );
  const look = (learned: number, maxLearned: number | undefined = 100, name = 'br0'): string[] => {
    const limit = maxLearned === 0 ? {} : { learned, maxLearned };
    topology.apply(
      host.change(name, { details: { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100, ...limit } }),
    );
    said.length = 0;
    bridges.look();
    return [...said];
  };
  return { look, asked, host };
}

const FULL = 'a bridge has no room for more MACs: guests that it has not learned stay unknown br0';
const ROOM = 'a bridge has room for more MACs again br0';

test('that a table is full is said once, and that it has room when a tenth of it is free', () => {
  const { look } = start();
  const says = [94, 95, 100, 96, 91, 89, 100].map((learned) => look(learned).join());
  assert.deepEqual(says, ['', `${FULL} 95 100`, '', '', '', `${ROOM} 89 100`, `${FULL} 100 100`]);
});

test('only a bridge with a limit is asked, and one by which guests leave', () => {
  const { look, asked, host } = start();
  assert.deepEqual(look(0, 0), []);
  assert.deepEqual(asked, []);
  look(1);
  assert.deepEqual(asked, [host.index('br0')]);
  assert.deepEqual(look(100, 100, 'lonely'), []);
});

test('a limit that is gone, and set again, is judged anew', () => {
  const { look } = start();
  assert.deepEqual(look(100), [`${FULL} 100 100`]);
  assert.deepEqual(look(100, 0), []);
  assert.deepEqual(look(100), [`${FULL} 100 100`]);
});

test('a bridge beside the bond is none of ours', () => {
  const { look } = start((hv) => {
    hv.bridge('br0');
    hv.guest('br0');
    hv.vlan(BOND, 5);
  });
  assert.deepEqual(look(100), []);
});
