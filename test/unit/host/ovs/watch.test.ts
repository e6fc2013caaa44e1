import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeResponse, type JsonRpcMessage } from '../../../../src/sources/ovs/json-rpc.js';
import type { Peer } from '../../../support/fake-ovs.js';
import { CONTROL, DATABASE, OvsScene, portOf, ROW, tablesOf, update } from '../../../support/ovs-scene.js';

const asked = (peer: Peer): string[] =>
  peer.heard.map((message: JsonRpcMessage) => (message.kind === 'request' ? message.method : message.kind));

test('the configuration and the MAC tables are told before it is ready, and a change at once, without asking again', async () => {
  const scene = new OvsScene();
  void scene.watch.ready.then(() => assert.equal(scene.told.length, 2));
  assert.deepEqual(await scene.settle(), ['config br:null', 'table br 1']);
  assert.ok(scene.ready);
  assert.deepEqual(scene.lines, ['info following Open vSwitch {"folder":"/ovs","bridges":1}']);
  const peer = scene.peer(DATABASE);
  peer.say(update(portOf('br', 5)));
  assert.deepEqual(await scene.settle(), ['config br:5']);
  const { waiting } = scene.clock;
  peer.say(update(portOf('br', 6)) + update(portOf('br', 7)) + update(portOf('br', 8)));
  assert.equal(scene.clock.waiting, waiting + 1);
  assert.deepEqual(await scene.settle(), ['config br:8'], 'what comes together is told together');
  peer.say(update({}) + JSON.stringify({ id: null, method: 'stolen', params: [] }));
  assert.deepEqual(await scene.settle(), [], 'nothing new, nothing told');
  assert.deepEqual(asked(peer), ['monitor']);
  await scene.end();
});

test('the server is answered when it asks whether we are there', async () => {
  const scene = new OvsScene();
  await scene.settle();
  scene.peer(DATABASE).say('{"method":"echo","params":["x"],"id":"echo"}{"method":"what","params":[],"id":9}');
  await scene.settle();
  assert.deepEqual(scene.peer(DATABASE).heard.slice(1), [{ kind: 'response', id: 'echo', result: ['x'], error: null }]);
  await scene.end();
});

test('an update that comes with the answer is applied to it', async () => {
  const scene = new OvsScene();
  scene.ovs.sockets.set(DATABASE, (message, peer) => {
    if (message.kind === 'request') peer.say(encodeResponse(message.id, scene.tables) + update(portOf('br', 9)));
  });
  assert.equal(
    (await scene.settle()).findLast((line) => line.startsWith('config')),
    'config br:9',
  );
  await scene.end();
});

test('without Open vSwitch it is ready and silent, or warns once if it is wanted; a start is noticed at once', async () => {
  for (const required of [false, true]) {
    const scene = new OvsScene(required);
    scene.ovs.sockets.delete(DATABASE);
    assert.deepEqual(await scene.after(100), []);
    assert.ok(scene.ready);
    assert.deepEqual(
      scene.lines,
      required ? ['warn the configuration requires Open vSwitch, but it is not running {"folder":"/ovs"}'] : [],
    );
    scene.serveDatabase();
    scene.ovs.stir();
    assert.deepEqual(await scene.settle(), ['config br:null', 'table br 1'], 'no time has passed');
    await scene.end();
  }
});

test('Open vSwitch that runs where its database is not found is one warning, each time that it is lost', async () => {
  const scene = new OvsScene();
  scene.ovs.sockets.delete(DATABASE);
  await scene.after(3);
  assert.deepEqual(scene.lines, []);
  scene.sign = 'the device ovs-system';
  await scene.after(100);
  const reason = '{"reason":"the device ovs-system"}';
  const line = `warn Open vSwitch runs here, but its database is in none of the folders of paths.ovs ${reason}`;
  assert.deepEqual(scene.lines, [line]);
  scene.serveDatabase();
  scene.ovs.stir();
  await scene.settle();
  assert.equal(scene.warnings().length, 1);
  await scene.end();
});

test('a database that goes away is one warning; what was known stays; it is tried again, ever more seldom', async () => {
  const scene = new OvsScene();
  await scene.settle();
  await scene.after(61);
  scene.ovs.sockets.set(DATABASE, 'ECONNREFUSED');
  scene.peer(DATABASE).hangUp();
  await scene.settle();
  const before = scene.attempts(DATABASE);
  const tries: number[] = [];
  for (let second = 0; second < 200; second++) {
    assert.ok(!(await scene.after(1)).some((line) => line.startsWith('config')));
    tries.push(scene.attempts(DATABASE) - before);
  }
  assert.deepEqual(
    [0, 2, 6, 14, 30, 62, 122, 182].map((second) => tries[second]),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.equal(scene.warnings().length, 1);
  assert.match(scene.warnings()[0] ?? '', /Open vSwitch database; keeping the last known state.*ECONNRESET/);
  scene.tables = tablesOf('br', 'new');
  scene.macs = { br: ROW, new: '' };
  scene.serveDatabase();
  scene.ovs.stir();
  assert.deepEqual(await scene.settle(), ['config br:null,new:null', 'table br 1', 'table new 0']);
  assert.equal(scene.lines.filter((line) => line.startsWith('info following')).length, 2);
  await scene.end();
});

test('the waits are longer by chance, so that hosts do not try together', async () => {
  const scene = new OvsScene();
  scene.chance = 1;
  scene.ovs.sockets.set(DATABASE, 'EACCES');
  await scene.settle();
  await scene.after(1.1);
  assert.equal(scene.attempts(DATABASE), 1);
  await scene.after(0.2);
  assert.equal(scene.attempts(DATABASE), 2);
  await scene.end();
});

test('a socket that may not be opened is one warning with the errno, and is tried until it may', async () => {
  const scene = new OvsScene();
  scene.ovs.sockets.set(DATABASE, 'EACCES');
  await scene.settle();
  assert.ok(scene.ready);
  await scene.after(300);
  assert.equal(scene.warnings().length, 1);
  assert.match(
    scene.warnings()[0] ?? '',
    /cannot read the Open vSwitch database.*"reason":"\/ovs\/db.sock: connect: EACCES"/,
  );
  scene.serveDatabase();
  assert.deepEqual((await scene.after(76)).slice(0, 2), ['config br:null', 'table br 1']);
  await scene.end();
});

const BROKEN: Record<string, [string | null, RegExp]> = {
  'no JSON-RPC at all': ['SSH-2.0-OpenSSH_9.2\r\n', /byte 0x53/],
  'an answer that is no database': ['{"id":1,"result":[],"error":null}', /not a JSON object/],
  'a refusal': [
    '{"id":1,"result":null,"error":{"error":"unknown column","details":"No column\\nx."}}',
    /monitor: unknown column: No column x\./,
  ],
  'crasher: a refusal with control characters': ['{"id":1,"error":"a\\u0000b\\u001b[2J\\n"}', /monitor: a b \[2J\b/],
  'a refusal without a word': ['{"id":1,"error":7}', /monitor: refused/],
  'the end of the connection': ['', /ECONNRESET/],
  'no answer': [null, /monitor: no answer within 5 s/],
  'an answer to another question': ['{"id":2,"result":{},"error":null}', /no answer within 5 s/],
};
for (const [what, [says, reason]] of Object.entries(BROKEN)) {
  test(`a server that says ${what} is one warning, loses the connection, and is asked again later`, async () => {
    const scene = new OvsScene();
    scene.ovs.sockets.set(DATABASE, (_, peer) => {
      if (says === '') peer.hangUp();
      else if (says !== null) peer.say(says);
    });
    await scene.settle();
    await scene.after(60);
    assert.ok(scene.ready);
    assert.equal(scene.warnings().length, 1);
    assert.match(scene.warnings()[0] ?? '', reason);
    assert.ok(scene.attempts(DATABASE) > 3);
    assert.ok(scene.ovs.peers.filter(({ closed }) => !closed).length <= 1);
    scene.serveDatabase();
    assert.deepEqual((await scene.after(70)).slice(0, 2), ['config br:null', 'table br 1']);
    await scene.end();
  });
}

test('an update that makes no sense has everything read anew', async () => {
  const scene = new OvsScene();
  await scene.settle();
  scene.peer(DATABASE).say(update({ Port: { br: 5 } }));
  scene.tables = tablesOf('br', 'b2');
  assert.ok((await scene.after(2)).includes('config br:null,b2:null'));
  assert.equal(scene.attempts(DATABASE), 2);
  await scene.end();
});

test('told to end at any moment, it ends, and lets those who wait for tables go', async () => {
  const early = new OvsScene();
  early.stop.abort();
  await early.settle();
  await early.end();
  for (const silent of [DATABASE, CONTROL]) {
    const busy = new OvsScene();
    busy.ovs.sockets.set(silent, () => undefined);
    await busy.settle();
    const read = busy.watch.readTables();
    await busy.end();
    await read;
    assert.deepEqual(busy.warnings(), []);
  }
  const waiting = new OvsScene();
  waiting.ovs.sockets.set(DATABASE, 'EACCES');
  await waiting.settle();
  await waiting.end();
});
