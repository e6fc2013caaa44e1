import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { encodeResponse } from '../../../../src/sources/ovs/json-rpc.js';
import { CONTROL, DATABASE, NONE, OvsScene, portOf, ROW, tablesOf, update } from '../../../support/ovs-scene.js';

test('the MAC tables are read every ten seconds, and more seldom when that takes long', async () => {
  const scene = new OvsScene();
  await scene.settle();
  assert.deepEqual(await scene.after(30), ['table br 1', 'table br 1', 'table br 1']);
  scene.ovs.sockets.set(CONTROL, (message, peer) => {
    if (message.kind === 'request') scene.clock.after(2, () => peer.say(encodeResponse(message.id, ROW)));
  });
  assert.deepEqual(await scene.after(12), ['table br 1']);
  assert.deepEqual(await scene.after(38), [], 'forty seconds after one that took two');
  assert.deepEqual(await scene.after(6), ['table br 1']);
  await scene.end();
});

test('those who ask while the tables are read share the reading behind it, which sees what is new', async () => {
  const scene = new OvsScene();
  await scene.settle();
  let settled = 0;
  const before = scene.attempts(CONTROL);
  const reads = [1, 2, 3, 4].map(() => scene.watch.readTables().then(() => settled++));
  scene.macs = { br: ROW.repeat(2) };
  assert.deepEqual(await scene.settle(), ['table br 2', 'table br 2']);
  await Promise.all(reads);
  assert.deepEqual([settled, scene.attempts(CONTROL) - before], [4, 2]);
  await scene.end();
});

test('a big table is read in slices: others have their turns in between', async () => {
  const scene = new OvsScene();
  await scene.settle();
  scene.macs = { br: ROW.repeat(20_000) };
  let turns = 0;
  const soon = scene.clock.soon.bind(scene.clock);
  scene.clock.soon = (task) => {
    turns++;
    soon(task);
  };
  const read = scene.watch.readTables();
  while (scene.told.length === 0) {
    scene.clock.advance(0);
    await turn();
  }
  await read;
  assert.deepEqual(scene.told, ['table br 20000']);
  assert.ok(turns >= 40, `${turns} turns`);
  await scene.end();
});

test('ovs-vswitchd that goes away is one warning, and one line when it is back; the database is not its matter', async () => {
  for (const gone of ['pid file', 'process', 'answer'] as const) {
    const scene = new OvsScene();
    await scene.settle();
    if (gone === 'pid file') scene.ovs.pid = null;
    if (gone === 'process') scene.ovs.sockets.set(CONTROL, 'ECONNREFUSED');
    if (gone === 'answer') scene.ovs.sockets.set(CONTROL, () => undefined);
    assert.deepEqual(await scene.after(100), []);
    assert.equal(scene.warnings().length, 1, gone);
    assert.match(scene.warnings()[0] ?? '', /cannot read all Open vSwitch MAC tables; keeping the last known state/);
    scene.peer(DATABASE).say(update(portOf('br', 5)));
    assert.deepEqual(await scene.settle(), ['config br:5']);
    scene.ovs.pid = '8';
    scene.ovs.sockets.delete(CONTROL);
    scene.serveControl();
    const control = scene.ovs.sockets.get(CONTROL);
    scene.ovs.sockets.delete(CONTROL);
    if (control) scene.ovs.sockets.set('ovs-vswitchd.8.ctl', control);
    scene.ovs.stir();
    assert.ok((await scene.after(gone === 'answer' ? 6 : 0)).includes('table br 1'), `${gone}: at once`);
    assert.deepEqual(scene.lines.slice(2), [`info reading Open vSwitch MAC tables works again undefined`]);
    await scene.end();
  }
});

test('a pid file that makes no sense is as none', async () => {
  const scene = new OvsScene();
  scene.ovs.pid = '../../etc/passwd';
  await scene.settle();
  assert.equal(scene.attempts(CONTROL), 0);
  assert.ok(scene.ovs.attempts.every((file) => file === DATABASE));
  assert.match(scene.warnings()[0] ?? '', /ovs-vswitchd is not running/);
  await scene.end();
});

test('a bridge whose table cannot be read, or has odd lines, costs no other one', async () => {
  const scene = new OvsScene();
  scene.tables = tablesOf('br', 'odd', 'gone');
  scene.macs = { br: ROW, odd: `${ROW}what\n` };
  assert.deepEqual(await scene.settle(), ['config br:null,odd:null,gone:null', 'table br 1', 'table odd 1']);
  assert.deepEqual(scene.counted, ['{"source":"ovs","reason":"malformed"} 1']);
  await scene.after(50);
  assert.equal(scene.warnings().length, 1);
  assert.match(
    scene.warnings()[0] ?? '',
    /odd: 1 lines of the MAC table cannot be parsed; gone: fdb\/show: no such bridge"/,
  );
  await scene.end();
});

test('a bridge that ovs-vswitchd has not made yet is not asked for; once it is, its table is read at once', async () => {
  const scene = new OvsScene();
  const without = tablesOf('br');
  const { br } = without.Interface as { br: { new: object } };
  scene.tables = { ...without, Interface: { br: { new: { ...br.new, ofport: NONE } } } };
  assert.deepEqual(await scene.settle(), ['config br:null']);
  await scene.after(20);
  assert.equal(scene.attempts(CONTROL), 0);
  scene.peer(DATABASE).say(update({ Interface: { br } }));
  assert.deepEqual(await scene.settle(), ['config br:null', 'table br 1']);
  assert.deepEqual(scene.warnings(), []);
  await scene.end();
});
