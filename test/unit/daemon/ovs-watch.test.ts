import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { OvsWatch } from '../../../src/daemon/ovs-watch.js';
import type { Metrics } from '../../../src/metrics/metrics.js';
import type { OvsConfig } from '../../../src/sources/ovs/config.js';
import { encodeResponse, type JsonRpcMessage } from '../../../src/sources/ovs/json-rpc.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeOvs, type Peer } from '../../support/fake-ovs.js';

const DATABASE = 'db.sock';
const CONTROL = 'ovs-vswitchd.7.ctl';
const NONE = ['set', []];
const ROW = '    7   905  52:54:00:00:00:01   12\n';

/** The rows of bridges with a port each. */
function tablesOf(...names: string[]): Record<string, Record<string, { new: object }>> {
  const each = (row: (name: string) => object) => Object.fromEntries(names.map((name) => [name, { new: row(name) }]));
  return {
    Open_vSwitch: { o: { new: { bridges: ['set', names.map((name) => ['uuid', name])] } } },
    Bridge: each((name) => ({ name, ports: ['uuid', name], controller: NONE, fail_mode: NONE })),
    Port: each((name) => ({
      name,
      interfaces: ['uuid', name],
      tag: NONE,
      trunks: NONE,
      cvlans: NONE,
      vlan_mode: NONE,
    })),
    Interface: each((name) => ({ name, type: '', ofport: 7, ifindex: 5, admin_state: 'up', link_state: 'up' })),
  };
}

const update = (tables: object): string => JSON.stringify({ id: null, method: 'update', params: [null, tables] });
const portOf = (name: string, tag: number): object => ({
  Port: { [name]: { new: { ...tablesOf(name).Port?.[name]?.new, tag } } },
});

/** The watch over a fake Open vSwitch with one bridge, `br`, unless a test says otherwise. */
class Scene {
  readonly ovs = new FakeOvs();
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly lines: string[] = [];
  readonly counted: string[] = [];
  readonly stop = new AbortController();
  tables: object = tablesOf('br');
  macs: Record<string, string> = { br: ROW };
  config: OvsConfig | null = null;
  chance = 0;
  ready = false;
  readonly watch: OvsWatch;
  private running: Promise<void> | null = null;

  constructor(required = false) {
    const log = (level: string) => (message: string, fields?: object) =>
      void this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const metrics = {
      count: (_: string, labels: object, by: number) => this.counted.push(`${JSON.stringify(labels)} ${by}`),
    };
    const tools = {
      clock: this.clock,
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      metrics: metrics as unknown as Metrics,
      chance: () => this.chance,
    };
    this.watch = new OvsWatch(this.ovs, tools, required, {
      config: (config) => {
        this.config = config;
        this.told.push(`config ${config.bridges.map(({ name, ports }) => `${name}:${ports[0]?.vlans.tag}`).join()}`);
      },
      table: (uuid, rows) => this.told.push(`table ${uuid} ${rows.length}`),
    });
    this.serveDatabase();
    this.serveControl();
  }

  serveDatabase(): void {
    this.ovs.sockets.set(DATABASE, (message, peer) => {
      if (message.kind === 'request') peer.say(encodeResponse(message.id, this.tables));
    });
  }

  serveControl(): void {
    this.ovs.sockets.set(CONTROL, (message, peer) => {
      if (message.kind !== 'request') return;
      const text = this.macs[String(message.params[0])];
      if (text === undefined) peer.say(JSON.stringify({ id: message.id, error: 'no such bridge\n' }));
      else peer.say(encodeResponse(message.id, ` port  VLAN  MAC                Age\n${text}`));
    });
  }

  /** Starts the watch, or lets it go on. @returns what it has told since the last time */
  async settle(): Promise<string[]> {
    this.running ??= this.watch.run(this.stop.signal);
    void this.watch.ready.then(() => (this.ready = true));
    for (let turns = 0; turns < 40; turns++) {
      this.clock.advance(0);
      await turn();
    }
    return this.told.splice(0);
  }

  /** Lets time pass, an eighth of a second at a time. @returns what it has told */
  async after(seconds: number): Promise<string[]> {
    const told: string[] = [];
    for (let passed = 0; passed < seconds * 8; passed++) {
      this.clock.advance(1 / 8);
      for (let turns = 0; turns < 8; turns++) await turn();
    }
    told.push(...(await this.settle()));
    return told;
  }

  /** The connection to a socket made last. */
  peer(file: string): Peer {
    return this.ovs.peers.findLast((peer) => peer.file === file) ?? assert.fail(`no connection to ${file}`);
  }

  attempts(file: string): number {
    return this.ovs.attempts.filter((each) => each === file).length;
  }

  warnings(): string[] {
    return this.lines.filter((line) => line.startsWith('warn'));
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
    assert.equal(this.ovs.watched, false);
    assert.ok(this.ovs.peers.every(({ closed }) => closed));
    assert.equal(this.clock.waiting, 0);
  }
}

const asked = (peer: Peer): string[] =>
  peer.heard.map((message: JsonRpcMessage) => (message.kind === 'request' ? message.method : message.kind));

test('the configuration and the MAC tables are told before it is ready, and a change at once, without asking again', async () => {
  const scene = new Scene();
  void scene.watch.ready.then(() => assert.equal(scene.told.length, 2));
  assert.deepEqual(await scene.settle(), ['config br:null', 'table br 1']);
  assert.ok(scene.ready);
  assert.deepEqual(scene.lines, ['info following Open vSwitch {"folder":"/ovs","bridges":1}']);
  const peer = scene.peer(DATABASE);
  peer.say(update(portOf('br', 5)));
  assert.deepEqual(await scene.settle(), ['config br:5']);
  peer.say(update(portOf('br', 6)) + update(portOf('br', 7)) + update(portOf('br', 8)));
  assert.deepEqual(await scene.settle(), ['config br:8'], 'what comes together is told together');
  peer.say(update({}) + JSON.stringify({ id: null, method: 'stolen', params: [] }));
  assert.deepEqual(await scene.settle(), [], 'nothing new, nothing told');
  assert.deepEqual(asked(peer), ['monitor']);
  await scene.end();
});

test('the server is answered when it asks whether we are there', async () => {
  const scene = new Scene();
  await scene.settle();
  scene.peer(DATABASE).say('{"method":"echo","params":["x"],"id":"echo"}{"method":"what","params":[],"id":9}');
  await scene.settle();
  assert.deepEqual(scene.peer(DATABASE).heard.slice(1), [{ kind: 'response', id: 'echo', result: ['x'], error: null }]);
  await scene.end();
});

test('an update that comes with the answer is applied to it', async () => {
  const scene = new Scene();
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
    const scene = new Scene(required);
    scene.ovs.sockets.delete(DATABASE);
    assert.deepEqual(await scene.after(100), []);
    assert.ok(scene.ready);
    assert.deepEqual(
      scene.lines,
      required ? ['warn Open vSwitch is not there, and the configuration wants it {"folder":"/ovs"}'] : [],
    );
    scene.serveDatabase();
    scene.ovs.stir();
    assert.deepEqual(await scene.settle(), ['config br:null', 'table br 1'], 'no time has passed');
    await scene.end();
  }
});

test('a database that goes away is one warning; what was known stays; it is tried again, ever more seldom', async () => {
  const scene = new Scene();
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
  assert.match(scene.warnings()[0] ?? '', /database went away; keeping what was known.*ECONNRESET/);
  scene.tables = tablesOf('br', 'new');
  scene.macs = { br: ROW, new: '' };
  scene.serveDatabase();
  scene.ovs.stir();
  assert.deepEqual(await scene.settle(), ['config br:null,new:null', 'table br 1', 'table new 0']);
  assert.equal(scene.lines.filter((line) => line.startsWith('info following')).length, 2);
  await scene.end();
});

test('the waits are longer by chance, so that hosts do not try together', async () => {
  const scene = new Scene();
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
  const scene = new Scene();
  scene.ovs.sockets.set(DATABASE, 'EACCES');
  await scene.settle();
  assert.ok(scene.ready);
  await scene.after(300);
  assert.equal(scene.warnings().length, 1);
  assert.match(scene.warnings()[0] ?? '', /cannot be read.*"reason":"\/ovs\/db.sock: connect: EACCES"/);
  scene.serveDatabase();
  assert.deepEqual((await scene.after(76)).slice(0, 2), ['config br:null', 'table br 1']);
  await scene.end();
});

const BROKEN: Record<string, [string | null, RegExp]> = {
  'no JSON-RPC at all': ['SSH-2.0-OpenSSH_9.2\r\n', /byte 0x53/],
  'an answer that is no database': ['{"id":1,"result":[],"error":null}', /no JSON object/],
  'a refusal': [
    '{"id":1,"result":null,"error":{"error":"unknown column","details":"No column\\nx."}}',
    /monitor: unknown column: No column x\./,
  ],
  'a refusal without a word': ['{"id":1,"error":7}', /monitor: refused/],
  'the end of the connection': ['', /ECONNRESET/],
  'no answer': [null, /monitor: no answer within 5 s/],
  'an answer to another question': ['{"id":2,"result":{},"error":null}', /no answer within 5 s/],
};
for (const [what, [says, reason]] of Object.entries(BROKEN)) {
  test(`a server that says ${what} is one warning, loses the connection, and is asked again later`, async () => {
    const scene = new Scene();
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
  const scene = new Scene();
  await scene.settle();
  scene.peer(DATABASE).say(update({ Port: { br: 5 } }));
  scene.tables = tablesOf('br', 'b2');
  assert.ok((await scene.after(2)).includes('config br:null,b2:null'));
  assert.equal(scene.attempts(DATABASE), 2);
  await scene.end();
});

test('the MAC tables are read every ten seconds, and more seldom when that takes long', async () => {
  const scene = new Scene();
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
  const scene = new Scene();
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
  const scene = new Scene();
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
    const scene = new Scene();
    await scene.settle();
    if (gone === 'pid file') scene.ovs.pid = null;
    if (gone === 'process') scene.ovs.sockets.set(CONTROL, 'ECONNREFUSED');
    if (gone === 'answer') scene.ovs.sockets.set(CONTROL, () => undefined);
    assert.deepEqual(await scene.after(100), []);
    assert.equal(scene.warnings().length, 1, gone);
    assert.match(scene.warnings()[0] ?? '', /MAC tables cannot all be read; keeping what was known/);
    scene.peer(DATABASE).say(update(portOf('br', 5)));
    assert.deepEqual(await scene.settle(), ['config br:5']);
    scene.ovs.pid = '8';
    scene.ovs.sockets.delete(CONTROL);
    const serve = scene.ovs.sockets.get(DATABASE);
    scene.serveControl();
    const control = scene.ovs.sockets.get(CONTROL);
    scene.ovs.sockets.delete(CONTROL);
    if (control) scene.ovs.sockets.set('ovs-vswitchd.8.ctl', control);
    scene.ovs.stir();
    assert.ok(serve);
    assert.ok((await scene.after(gone === 'answer' ? 6 : 0)).includes('table br 1'), `${gone}: at once`);
    assert.deepEqual(scene.lines.slice(2), [`info reading Open vSwitch's MAC tables again undefined`]);
    await scene.end();
  }
});

test('a pid file that makes no sense is as none', async () => {
  const scene = new Scene();
  scene.ovs.pid = '../../etc/passwd';
  await scene.settle();
  assert.equal(scene.attempts(CONTROL), 0);
  assert.ok(scene.ovs.attempts.every((file) => file === DATABASE));
  assert.match(scene.warnings()[0] ?? '', /ovs-vswitchd does not run/);
  await scene.end();
});

test('a bridge whose table cannot be read, or has odd lines, costs no other one', async () => {
  const scene = new Scene();
  scene.tables = tablesOf('br', 'odd', 'gone');
  scene.macs = { br: ROW, odd: `${ROW}what\n` };
  assert.deepEqual(await scene.settle(), ['config br:null,odd:null,gone:null', 'table br 1', 'table odd 1']);
  assert.deepEqual(scene.counted, ['{"source":"ovs","reason":"malformed"} 1']);
  await scene.after(50);
  assert.equal(scene.warnings().length, 1);
  assert.match(scene.warnings()[0] ?? '', /odd: 1 lines are no rows.*; gone: fdb\/show: no such bridge"/);
  await scene.end();
});

test('a bridge that ovs-vswitchd has not made yet is not asked for; once it is, its table is read at once', async () => {
  const scene = new Scene();
  const without = tablesOf('br');
  const { br } = without.Interface as { br: { new: object } };
  scene.tables = { ...without, Interface: { br: { new: { ...br.new, ofport: NONE } } } };
  assert.deepEqual(await scene.settle(), ['config br:null']);
  assert.equal(scene.attempts(CONTROL), 0);
  scene.peer(DATABASE).say(update({ Interface: { br } }));
  assert.deepEqual(await scene.settle(), ['config br:null', 'table br 1']);
  assert.deepEqual(scene.warnings(), []);
  await scene.end();
});

test('told to end at any moment, it ends, and lets those who wait for tables go', async () => {
  const early = new Scene();
  early.stop.abort();
  await early.settle();
  await early.end();
  for (const silent of [DATABASE, CONTROL]) {
    const busy = new Scene();
    busy.ovs.sockets.set(silent, () => undefined);
    await busy.settle();
    const read = busy.watch.readTables();
    await busy.end();
    await read;
    assert.deepEqual(busy.warnings(), []);
  }
  const waiting = new Scene();
  waiting.ovs.sockets.set(DATABASE, 'EACCES');
  await waiting.settle();
  await waiting.end();
});
