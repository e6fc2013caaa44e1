import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LibvirtWatch } from '../../../src/host/libvirt-watch.js';
import { SyscallError } from '../../../src/errors.js';
import type { Metrics } from '../../../src/metrics/metrics.js';
import type { Folder } from '../../../src/sys/files/watch-folder.js';
import { FakeClock } from '../../support/fake-clock.js';
import { domainStatus, statusFixture } from '../../support/domain-status.js';

/** A folder in memory, and the watch on it. `null` for no folder, an errno for one that cannot be listed. */
class Scene {
  files: Map<string, string> | null | string = new Map();
  readonly told: string[][] = [];
  readonly lines: string[] = [];
  readonly reads: string[] = [];
  readonly counted: string[] = [];
  readonly stop = new AbortController();
  readonly watch: LibvirtWatch;
  readonly clock = new FakeClock();
  sign: string | null = null;
  watched = 0;
  private changed: () => void = () => undefined;
  private running: Promise<void> | null = null;

  constructor(limits?: { files: number; bytes: number }) {
    const log = (level: string) => (message: string, fields?: object) =>
      void this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const metrics = { count: (_: string, labels: object) => this.counted.push(Object.values(labels).join(' ')) };
    const tools = {
      clock: this.clock,
      signOfLibvirt: () => Promise.resolve(this.sign),
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      metrics: metrics as unknown as Metrics,
    };
    const tell = (interfaces: readonly { domain: string }[]): void =>
      void this.told.push(interfaces.map(({ domain }) => domain).sort());
    this.watch = new LibvirtWatch(this.folder(), tools, tell, limits);
  }

  private folder(): Folder {
    return {
      path: '/libvirt',
      list: (suffix, limit) => {
        if (typeof this.files === 'string') return Promise.reject(new SyscallError('scandir', this.files, '/libvirt'));
        const names = this.files && [...this.files].filter(([name]) => name.endsWith(suffix)).slice(0, limit);
        return Promise.resolve(names && names.map(([name, text]) => ({ name, stamp: text })));
      },
      read: (name, limit) => {
        this.reads.push(name);
        const text = this.files instanceof Map ? this.files.get(name) : undefined;
        if (text === undefined || text === 'vanishes') return Promise.resolve(null);
        return text.length > limit || text === 'EACCES'
          ? Promise.reject(new SyscallError('open', text === 'EACCES' ? text : 'EFBIG', name))
          : Promise.resolve(text);
      },
      watch: (changed) => {
        this.watched++;
        this.changed = changed;
        return () => void this.watched--;
      },
    };
  }

  put(name: string, text: string | null): void {
    assert.ok(this.files instanceof Map);
    if (text === null) this.files.delete(`${name}.xml`);
    else this.files.set(`${name}.xml`, text);
  }

  /** Lets the watch look. @returns the guests it told of last */
  async look(): Promise<string[] | undefined> {
    if (this.running) this.changed();
    else this.running = this.watch.run(this.stop.signal);
    for (let turns = 0; turns < 20; turns++) await turn();
    return this.told.at(-1);
  }

  warnings(): string[] {
    return this.lines.filter((line) => line.startsWith('warn'));
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
    assert.equal(this.watched, 0);
    assert.equal(this.clock.waiting, 0);
  }
}

const guest = (name: string, state = 'running'): string =>
  domainStatus({ name, state, interfaces: [{ mac: '52:54:00:00:00:01', target: `tap-${name}` }] });

test('the guests that run are told at the start, before it is ready, and whenever a file changes', async () => {
  const scene = new Scene();
  scene.put('one', guest('one'));
  scene.put('two', guest('two', 'paused'));
  let ready = false;
  void scene.watch.ready.then(() => {
    ready = true;
    assert.equal(scene.told.length, 1);
  });
  assert.deepEqual(await scene.look(), ['one']);
  assert.ok(ready);
  scene.put('two', guest('two'));
  assert.deepEqual(await scene.look(), ['one', 'two']);
  scene.put('one', null);
  assert.deepEqual(await scene.look(), ['two']);
  scene.put('two', guest('two', 'paused'));
  assert.deepEqual(await scene.look(), []);
  assert.deepEqual(scene.warnings(), []);
  await scene.end();
});

test('a look that finds nothing new reads no file and tells nobody', async () => {
  const scene = new Scene();
  scene.put('one', guest('one'));
  await scene.look();
  await scene.look();
  assert.deepEqual([scene.told.length, scene.reads.length], [1, 1]);
  await scene.end();
});

test('without libvirt it is ready and silent; when libvirt comes and goes, so do its guests', async () => {
  const scene = new Scene();
  scene.files = null;
  await scene.look();
  await scene.watch.ready;
  assert.deepEqual([scene.told, scene.lines], [[], []]);
  scene.files = new Map();
  scene.put('one', guest('one'));
  assert.deepEqual(await scene.look(), ['one']);
  assert.deepEqual(scene.lines, [`info following libvirt domains {"folder":"/libvirt"}`]);
  scene.files = null;
  assert.deepEqual(await scene.look(), []);
  await scene.end();
});

test('libvirt that runs guests where its folder is not found is one warning, until it is found', async () => {
  const scene = new Scene();
  scene.files = null;
  await scene.look();
  assert.deepEqual(scene.lines, []);
  scene.sign = 'the socket /x/monitor.sock';
  for (let minute = 0; minute < 3; minute++) {
    scene.clock.advance(60);
    for (let turns = 0; turns < 20; turns++) await turn();
  }
  const line =
    'warn libvirt runs guests here, but its folder is none of paths.libvirt {"reason":"the socket /x/monitor.sock"}';
  assert.deepEqual(scene.lines, [line]);
  scene.files = new Map();
  await scene.look();
  scene.files = null;
  await scene.look();
  assert.deepEqual(scene.warnings(), [line, line]);
  await scene.end();
});

test('a file that is half written is reported once, and what was known of the domain stands until it is whole', async () => {
  const scene = new Scene();
  const next = guest('one', 'paused');
  scene.put('one', guest('one'));
  scene.put('new', guest('new').slice(0, 100));
  assert.deepEqual(await scene.look(), ['one']);
  for (const length of [0, 50, 200]) {
    scene.put('one', next.slice(0, length));
    assert.deepEqual(await scene.look(), ['one'], `${length} bytes`);
  }
  assert.equal(scene.warnings().length, 2);
  assert.match(scene.warnings()[0] ?? '', /keeping the last known state.*"file":"new.xml","reason":".+"/);
  assert.match(scene.warnings()[1] ?? '', /"file":"one.xml"/);
  scene.put('one', next);
  scene.put('new', guest('new'));
  assert.deepEqual(await scene.look(), ['new']);
  scene.put('one', 'spoilt again');
  await scene.look();
  assert.equal(scene.warnings().length, 3, 'a new mistake is reported anew');
  scene.put('new', 'spoilt');
  await scene.look();
  scene.put('new', null);
  assert.deepEqual(await scene.look(), [], 'a spoilt file that goes takes its domain along');
  await scene.end();
});

test('a file that cannot be read or is too long is reported once; one that vanishes is none', async () => {
  const scene = new Scene({ files: 10, bytes: 2000 });
  scene.put('one', guest('one'));
  await scene.look();
  scene.put('one', 'EACCES');
  scene.put('long', 'x'.repeat(2001));
  scene.put('gone', 'vanishes');
  assert.deepEqual(await scene.look(), ['one']);
  await scene.look();
  assert.equal(scene.warnings().length, 2);
  assert.match(scene.warnings()[0] ?? '', /EACCES/);
  assert.match(scene.warnings()[1] ?? '', /EFBIG/);
  await scene.end();
});

test('a folder that cannot be read is reported once, and what was known stands', async () => {
  const scene = new Scene();
  scene.put('one', guest('one'));
  await scene.look();
  const files = scene.files;
  scene.files = 'EACCES';
  await scene.look();
  assert.deepEqual(await scene.look(), ['one']);
  assert.equal(scene.warnings().length, 1);
  assert.match(scene.warnings()[0] ?? '', /EACCES/);
  scene.files = files;
  scene.put('two', guest('two'));
  assert.deepEqual(await scene.look(), ['one', 'two']);
  await scene.end();
});

test('files beyond the limit are not read, which is reported once', async () => {
  const scene = new Scene({ files: 2, bytes: 2000 });
  for (const name of ['a', 'b', 'c']) scene.put(name, guest(name));
  assert.deepEqual(await scene.look(), ['a', 'b']);
  await scene.look();
  assert.equal(scene.warnings().length, 1);
  assert.match(scene.warnings()[0] ?? '', /more than 2 files/);
  scene.put('a', null);
  assert.deepEqual(await scene.look(), ['b', 'c']);
  await scene.end();
});

test('interfaces that are left out are counted with their reason', async () => {
  const scene = new Scene();
  scene.put('several', statusFixture('several'));
  scene.put('network', statusFixture('network'));
  await scene.look();
  assert.deepEqual(scene.counted, ['libvirt unplugged', 'libvirt bypasses-host']);
  await scene.end();
});

test('told to end before it began or while it reads, it ends', async () => {
  const early = new Scene();
  early.stop.abort();
  await early.look();
  await early.end();
  const busy = new Scene();
  busy.put('one', guest('one'));
  void busy.look();
  await busy.end();
});
