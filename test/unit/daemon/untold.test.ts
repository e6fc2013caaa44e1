import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Untold } from '../../../src/daemon/untold.js';
import { Topology } from '../../../src/topology/topology.js';
import { plainBridge } from '../../lab/net/hypervisor.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeHost } from '../../support/host.js';

const [RTM_GETLINK, RTM_GETVLAN] = [18, 114];

function start(mst: boolean) {
  const host = new FakeHost(plainBridge(1));
  const clock = new FakeClock();
  const topology = new Topology();
  const details = { type: 'bridge', vlanFiltering: true, vlanProtocol: 0x8100, ...(mst ? { mst } : {}) } as const;
  host.change('br0', { details });
  for (const event of host.dump()) topology.apply(event);
  const asked: number[] = [];
  const types: number[] = [];
  const untold = new Untold(topology, clock, (request) => {
    types.push(Buffer.from(request).readUInt16LE(4));
    asked.push(Buffer.from(request).readUInt32LE(8));
  });
  const finish = (): void => {
    for (const _ of [RTM_GETLINK, RTM_GETVLAN])
      untold.take({ type: 'done', seq: asked.at(-1) ?? 0, interrupted: false });
  };
  /** Whether a reading that began now is over when `act` is. */
  const isOver = async (act: () => void): Promise<boolean> => {
    let over = false;
    const reading = untold.read().then(() => (over = true));
    await Promise.resolve();
    act();
    for (let turns = 0; turns < 5; turns++) await Promise.resolve();
    void reading;
    return over;
  };
  return { host, details, asked, types, clock, untold, finish, isOver };
}

test('where no bridge has MST the kernel is not asked', async () => {
  const { asked, untold } = start(false);
  await untold.read();
  assert.deepEqual(asked, []);
});

test('a reading is over with its answer; all who ask meanwhile wait for the same', async () => {
  const { types, finish, isOver } = start(true);
  const waiting = [isOver(() => undefined), isOver(finish)];
  assert.deepEqual(await Promise.all(waiting), [true, true]);
  assert.deepEqual(types, [RTM_GETLINK, RTM_GETVLAN]);
});

test('what was read a moment ago is not read again, and a second later it is', async () => {
  const { asked, clock, finish, isOver } = start(true);
  assert.equal(await isOver(finish), true);
  assert.equal(await isOver(() => undefined), true);
  assert.equal(asked.length, 2);
  clock.advance(1);
  assert.equal(await isOver(finish), true);
  assert.equal(asked.length, 4);
});

test('an answer that does not come is waited for a second', async () => {
  const { clock, isOver } = start(true);
  assert.equal(await isOver(() => clock.advance(0.9)), false);
  assert.equal(await isOver(() => clock.advance(0.2)), true);
  assert.equal(clock.waiting, 0);
});

test('a reading that the kernel refuses is over', async () => {
  const { asked, untold, isOver } = start(true);
  assert.equal(await isOver(() => untold.take({ type: 'answer', seq: asked[0] ?? 0, errno: 16 })), true);
});

test('a bridge whose default PVID is another has its ports read once, with or without MST', async () => {
  const { host, details, asked, clock, untold, finish, isOver } = start(false);
  assert.equal(untold.precede(host.get('br0')), false, 'as it was');
  assert.equal(untold.precede(host.get('up1')), false);
  assert.equal(untold.precede(host.change('br0', { details: { ...details, defaultPvid: 100 } })), true);
  assert.equal(await isOver(finish), true);
  assert.equal(asked.length, 2);
  clock.advance(1);
  assert.equal(await isOver(() => undefined), true);
  assert.equal(asked.length, 2);
});
