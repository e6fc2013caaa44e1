import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { ProxmoxWatch } from '../../../src/host/proxmox-watch.js';
import type { Metrics } from '../../../src/metrics/metrics.js';
import { openFolder } from '../../../src/sys/files/watch-folder.js';
import { FakeClock } from '../../support/fake-clock.js';
import { until } from '../../support/until.js';

/** Two folders of a real file system, and the watch on them. */
class Scene {
  readonly told: string[][] = [];
  readonly lines: string[] = [];
  readonly counted: string[] = [];
  private readonly clock = new FakeClock();
  private readonly stop = new AbortController();
  private readonly running: Promise<void>;

  private constructor(
    private readonly root: string,
    limits?: { files: number; bytes: number },
  ) {
    const log = (level: string) => (message: string, fields?: Record<string, unknown>) =>
      void this.lines.push([level, message, ...Object.values(fields ?? {})].join(' ').replaceAll(root, ''));
    const metrics = { count: (_: string, labels: object) => this.counted.push(Object.values(labels).join(' ')) };
    const tools = {
      clock: this.clock,
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      metrics: metrics as unknown as Metrics,
    };
    const folders = { qemu: openFolder(`${root}/qemu-server`), lxc: openFolder(`${root}/lxc`) };
    const tell = (interfaces: readonly { domain: string; target: string; mac: string }[]): void =>
      void this.told.push(interfaces.map(({ domain, target, mac }) => `${domain} ${target} ${mac}`).sort());
    const watch = new ProxmoxWatch(folders, tools, tell, limits);
    this.running = watch.run(this.stop.signal);
  }

  static async open(t: TestContext, files: Record<string, string>, limits?: { files: number; bytes: number }) {
    const root = mkdtempSync(path.join(tmpdir(), 'proxmox-'));
    for (const [name, text] of Object.entries(files)) put(root, name, text);
    const scene = new Scene(root, limits);
    t.after(async () => {
      scene.stop.abort();
      await scene.running;
      rmSync(root, { recursive: true });
    });
    await scene.looked(0);
    return scene;
  }

  put(name: string, text: string | null): void {
    put(this.root, name, text);
  }

  /** The next look is over: it has done so many things that can be seen. */
  async look(seen = 1): Promise<void> {
    const before = this.told.length + this.lines.length;
    await this.looked(before + seen, 10);
  }

  private async looked(count: number, seconds = 0): Promise<void> {
    await until(() => this.clock.waiting > 0, { what: 'the watch waits' });
    this.clock.advance(seconds);
    await until(() => this.told.length + this.lines.length >= count, { what: `${count} words`, every: 1 });
    await until(() => this.clock.waiting > 0, { what: 'the watch waits again' });
  }
}

function put(root: string, name: string, text: string | null): void {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  if (text === null) rmSync(file, { recursive: true });
  else writeFileSync(file, text);
}

const NET = 'net0: virtio=BC:24:11:0A:00:01,bridge=vmbr0\n';
const WEB = 'web1 (100) tap100i0 bc:24:11:0a:00:01';
const DNS = '205 veth205i0 bc:24:11:0b:00:01';

test('guests of both kinds are told of at first, when a file changes, and when it moves to another node', async (t) => {
  const scene = await Scene.open(t, {
    'qemu-server/100.conf': `name: web1\n${NET}`,
    'qemu-server/100.conf.tmp.1': NET,
    'qemu-server/notes.conf': NET,
    'lxc/205.conf': 'net0: name=eth0,hwaddr=BC:24:11:0B:00:01\n',
  });
  assert.deepEqual(scene.told, [[DNS, WEB]]);
  scene.put('lxc/205.conf', null);
  await scene.look();
  scene.put('qemu-server/100.conf', `name: web1\n${NET.replace('vmbr0', 'vmbr0,link_down=1')}`);
  await scene.look();
  assert.deepEqual(scene.told.slice(1), [[WEB], []]);
  assert.deepEqual(scene.counted, ['proxmox unplugged']);
  assert.equal(scene.lines.filter((line) => line.startsWith('info following Proxmox VE guests')).length, 1);
});

test('a host that is no node says nothing, and is looked at again', async (t) => {
  const scene = await Scene.open(t, {});
  assert.deepEqual([scene.told, scene.lines], [[], []]);
  scene.put('qemu-server/100.conf', NET);
  await scene.look(2);
  assert.deepEqual(scene.told, [['100 tap100i0 bc:24:11:0a:00:01']]);
});

test('a file that makes no sense keeps what it said, and is told of once', async (t) => {
  const scene = await Scene.open(t, { 'qemu-server/100.conf': `name: web1\n${NET}` });
  scene.put('qemu-server/100.conf', 'net0: virtio=BC:24');
  await scene.look(2);
  scene.put('qemu-server/100.conf', 'net0: virtio=BC:24:1');
  await scene.look();
  assert.deepEqual(scene.told.at(-1), [WEB]);
  const bad = scene.lines.filter((line) => line.startsWith('warn'));
  assert.deepEqual(bad, [
    'warn cannot read a Proxmox VE guest; keeping what its file said before 100.conf an interface without a MAC address: tap100i0',
  ]);
  scene.put('qemu-server/100.conf', `name: web1\n${NET.replace('0A', '0C')}`);
  await scene.look();
  assert.deepEqual(scene.told.at(-1), ['web1 (100) tap100i0 bc:24:11:0c:00:01']);
});

test('too many files, a file that is too long, and links: one line, and what can be read counts', async (t) => {
  const files = Object.fromEntries([100, 101, 102].map((id) => [`qemu-server/${id}.conf`, NET]));
  const scene = await Scene.open(t, { ...files, 'lxc/205.conf': '#'.repeat(200) }, { files: 2, bytes: 100 });
  assert.deepEqual(
    scene.told.at(-1)?.map((line) => line.split(' ')[0]),
    ['100', '101'],
  );
  const warnings = scene.lines.filter((line) => line.startsWith('warn')).sort();
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /cannot read a Proxmox VE guest.* 205\.conf .*EFBIG/);
  assert.equal(warnings[1], 'warn cannot read all Proxmox VE guests /qemu-server more than 2 files');
});

test('a link in the folder is not followed', async (t) => {
  const scene = await Scene.open(t, { 'qemu-server/100.conf': NET });
  symlinkSync('/dev/zero', path.join(scene['root'], 'qemu-server/101.conf'));
  scene.put('qemu-server/102.conf', NET);
  await scene.look();
  assert.deepEqual(
    scene.told.at(-1)?.map((line) => line.split(' ')[0]),
    ['100', '102'],
  );
});
