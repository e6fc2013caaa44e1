import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { encodeMessage, type Version } from '../../../src/frames/openflow/message.js';
import { encodeRarp } from '../../../src/frames/arp.js';
import { decodeRarp } from '../../support/rarp.js';
import { type DueFrame, rarpTurn } from '../../../src/plan/turns.js';
import { type Entrance, OpenFlowPort } from '../../../src/wire/openflow-port.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeSwitch } from '../../support/fake-switch.js';

const PATH = '/run/openvswitch/ovs0.mgmt';
const TAG = { tpid: 0x8100, vid: 905 };
const macOf = (n: number): Mac => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}` as Mac;
const due = (n: number): DueFrame => ({ turn: rarpTurn(`${macOf(n)} -3/905`), bytes: encodeRarp(macOf(n), [TAG]) });
const always = (): boolean => true;

class World {
  readonly clock = new FakeClock();
  readonly bridge = new FakeSwitch();
  readonly announced: string[] = [];
  path: string | null = PATH;
  entrance: (n: number) => Entrance | null = (n) => ({ inPort: n, tags: [] });
  readonly port = new OpenFlowPort({
    clock: this.clock,
    path: () => this.path,
    connect: (_, listener) => this.bridge.connect(listener),
    entrance: ({ source }) => this.entrance(parseInt(source.slice(15, 17), 16)),
    sending: (frames) => this.announced.push(...frames.map((frame) => decodeRarp(frame).sender)),
  });

  /** [port, MAC, tags] of what the bridge took. */
  get taken(): [number, string, number[]][] {
    return this.bridge.taken.map(({ inPort, frame }) => {
      const { sender, tags } = decodeRarp(frame);
      return [inPort, sender, tags.map(({ vid }) => vid)];
    });
  }
}

test('frames enter the bridge by the port of their guest, with its tags there', async () => {
  for (const version of [1, 4, 5, 6] as Version[]) {
    const world = new World();
    world.bridge.versions = [version];
    world.entrance = (n) => (n === 1 ? { inPort: 3, tags: [] } : { inPort: 0xfffe, tags: [{ tpid: 0x8100, vid: 7 }] });
    assert.deepEqual(await world.port.send([due(1), due(2)], always), new Map());
    const local = version === 1 ? 0xfffe : 0xfffffffe;
    assert.deepEqual(world.taken, [[3, macOf(1), []], [local, macOf(2), [7]]], `version ${version}`); // prettier-ignore
    assert.deepEqual(world.announced, [macOf(1), macOf(2)], 'told before, as they will leave');
  }
});

test('what the switch refuses counts as refused, by frame and by name; the rest as sent', async () => {
  const world = new World();
  world.bridge.refuses = (inPort) => (inPort === 2 ? [1, 11] : inPort === 4 ? [2, 4] : null);
  const refused = await world.port.send([1, 2, 3, 4].map(due), always);
  assert.deepEqual([...(refused ?? [])], [[1, 'OFPBRC_BAD_PORT'], [3, 'OFPBAC_BAD_OUT_PORT']]); // prettier-ignore
});

test('a guest without a way in is refused, and its neighbours keep their places', async () => {
  const world = new World();
  world.entrance = (n) => (n === 2 ? null : { inPort: n, tags: [] });
  world.bridge.refuses = (inPort) => (inPort === 3 ? [1, 5] : null);
  const refused = await world.port.send([1, 2, 3].map(due), always);
  assert.deepEqual(Object.fromEntries(refused ?? []), { 1: 'ENODEV', 2: 'OFPBRC_EPERM' });
  assert.deepEqual(world.announced, [macOf(1), macOf(3)]);
});

test('a port number that cannot be is refused by ourselves', async () => {
  const world = new World();
  world.entrance = (n) => ({ inPort: n === 1 ? 0 : n, tags: [] });
  assert.deepEqual(await world.port.send([due(1), due(2)], always), new Map([[0, 'EINVAL']]));
  assert.equal(world.taken.length, 1);
});

test('nothing counts before the switch has answered', async () => {
  const world = new World();
  await world.port.send([due(1)], always);
  world.bridge.busy = true;
  let settled = false;
  const sending = world.port.send([due(2)], always).then(() => (settled = true));
  await turns();
  assert.equal(settled, false);
  world.bridge.work();
  await sending;
  assert.ok(settled);
});

test('the connection lasts as long as the port', async () => {
  const world = new World();
  for (const n of [1, 2, 3]) await world.port.send([due(n)], always);
  assert.deepEqual([world.bridge.connections, world.bridge.open], [1, 1]);
  world.port.close();
  assert.equal(world.bridge.open, 0);
  assert.equal(world.clock.waiting, 0, 'nothing is left behind');
});

test('a connection that breaks off is replaced once, and the slice is sent again', async () => {
  const world = new World();
  await world.port.send([due(1)], always);
  world.bridge.busy = true;
  const sending = world.port.send([due(2)], always);
  await turns();
  world.bridge.busy = false;
  world.bridge.hangUp();
  assert.deepEqual(await sending, new Map());
  assert.deepEqual(world.taken.map(([inPort]) => inPort), [1, 2]); // prettier-ignore
  assert.equal(world.bridge.connections, 2);
});

test('a switch that is gone gives each frame its reason, and is tried again with the next slice', async () => {
  for (const errno of ['ECONNREFUSED', 'ENOENT', 'EACCES']) {
    const world = new World();
    world.bridge.down = errno;
    assert.deepEqual(await world.port.send([due(1), due(2)], always), new Map([[0, errno], [1, errno]])); // prettier-ignore
    assert.equal(world.bridge.connections, 2);
    world.bridge.down = null;
    assert.deepEqual(await world.port.send([due(1)], always), new Map());
  }
});

test('a bridge that the database does not have any more is not asked for', async () => {
  const world = new World();
  world.path = null;
  assert.deepEqual(await world.port.send([due(1)], always), new Map([[0, 'ENODEV']]));
  assert.equal(world.bridge.connections, 0);
});

test('a switch that does not answer is given up in time', async () => {
  const world = new World();
  world.bridge.busy = true;
  const sending = world.port.send([due(1)], always);
  for (let n = 0; n < 3; n++) {
    await turns();
    world.clock.advance(6);
  }
  assert.deepEqual(await sending, new Map([[0, 'ETIMEDOUT']]));
  assert.equal(world.bridge.open, 0);
});

test('a switch that speaks no version of ours, or no OpenFlow, is refused by name', async () => {
  const stranger = new World();
  stranger.bridge.versions = [];
  stranger.bridge.busy = true;
  const sending = stranger.port.send([due(1)], always);
  for (let n = 0; n < 2; n++) {
    stranger.bridge.say(Uint8Array.from(Buffer.from('7f00001000000001000100080000' + '0000', 'hex')));
    await turns();
  }
  assert.deepEqual(await sending, new Map([[0, 'OFPHFC_INCOMPATIBLE']]));

  const noise = new World();
  noise.bridge.busy = true;
  const noisy = noise.port.send([due(1)], always);
  for (let n = 0; n < 2; n++) {
    noise.bridge.say(new Uint8Array(8));
    await turns();
  }
  assert.deepEqual(await noisy, new Map([[0, 'EPROTO']]));
});

test('what nobody asked for is passed over', async () => {
  const world = new World();
  await world.port.send([due(1)], always);
  world.bridge.say(encodeMessage({ version: 6, type: 12, xid: 0, body: new Uint8Array(80) })); // news of a port
  world.bridge.say(encodeMessage({ version: 6, type: 21, xid: 77, body: new Uint8Array(0) })); // somebody's barrier
  world.bridge.say(encodeMessage({ version: 6, type: 1, xid: 12345, body: new Uint8Array(4) })); // of no message of ours
  assert.deepEqual(await world.port.send([due(2)], always), new Map());
});

test('frames that may not go any more once the connection stands are not sent', async () => {
  const world = new World();
  assert.equal(await world.port.send([due(1)], () => false), null);
  assert.deepEqual([world.taken, world.announced], [[], []]);
});

test('a port that is closed hears what became of the frames that were under way, and then hangs up', async () => {
  const world = new World();
  await world.port.send([due(1)], always);
  world.bridge.busy = true;
  const sending = world.port.send([due(2)], always);
  await turns();
  world.port.close();
  assert.equal(world.bridge.open, 1);
  world.bridge.work();
  assert.deepEqual(await sending, new Map());
  assert.equal(world.bridge.open, 0);
});

test('a port that is closed while it connects hangs up at once, and does not try again', async () => {
  const world = new World();
  world.bridge.busy = true;
  const sending = world.port.send([due(1)], always);
  await turns();
  world.port.close();
  assert.equal(await sending, null);
  assert.deepEqual([world.bridge.open, world.bridge.connections, world.clock.waiting], [0, 1, 0]);
});

/** Lets all that waits for nothing but its turn have it. */
function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
