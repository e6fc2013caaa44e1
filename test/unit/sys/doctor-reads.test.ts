import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { openDeviceSettings } from '../../../src/sys/files/host-settings.js';
import { firstUnreadable, type Reader, readProcess } from '../../../src/sys/process/process-facts.js';
import { listenerOf } from '../../../src/sys/unix/unix-address.js';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bondherald-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('the settings of a device are read by file, and only when they are of that device', async (t) => {
  const folder = folderFor(t);
  mkdirSync(path.join(folder, 'bond0/bonding'), { recursive: true });
  const files = {
    ifindex: '7\n',
    'bonding/miimon': '100\n',
    'bonding/arp_validate': 'none 0\n',
    'bonding/primary': '\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, 'bond0', name), text);
  const settings = await openDeviceSettings('bond0', 7, folder);
  assert.ok(settings);
  assert.equal(await settings.number('bonding/miimon'), 100);
  assert.equal(await settings.number('bonding/arp_validate'), null);
  assert.equal(await settings.word('bonding/arp_validate'), 'none');
  assert.equal(await settings.word('bonding/primary'), '');
  assert.equal(await settings.word('bonding/mode'), null);
  assert.equal(await openDeviceSettings('bond0', 8, folder), null, 'the sysfs of another namespace');
  assert.equal(await openDeviceSettings('bond1', 7, folder), null);
});

test('what a process may not read is told by owner, group and mode', async (t) => {
  const folder = path.join(folderFor(t), 'qemu');
  const { uid, gid } = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const reader = (change: Partial<Reader>): Reader => ({
    uid: uid + 1,
    groups: [],
    capabilities: new Set(),
    ...change,
  });
  const first = (change: Partial<Reader> = {}) => firstUnreadable(folder, '.xml', reader(change));
  assert.equal(await first({ uid }), null, 'no such folder');
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(path.join(folder, 'a.txt'), '', { mode: 0o600 });
  writeFileSync(path.join(folder, 'b.xml'), '', { mode: 0o640 });
  // The folder above is its owner's alone.
  assert.equal(await first(), path.dirname(folder));
  assert.equal(await first({ capabilities: new Set(['CAP_DAC_READ_SEARCH']) }), null);
  assert.equal(await first({ uid }), null);
  rmSync(path.join(folder, 'b.xml'));
  writeFileSync(path.join(folder, 'b.xml'), '', { mode: 0o040 });
  assert.equal(await first({ uid, groups: [gid] }), path.join(folder, 'b.xml'), 'the owner counts before the group');
});

test('a process is read with its rights, limits and command line; one that is not there is null', async () => {
  const self = await readProcess('self');
  assert.equal(self?.pid, process.pid);
  assert.equal(self.uid, process.geteuid?.());
  assert.equal(self.argv[0], process.argv0);
  assert.ok(self.lockedMemory >= 0 && self.realtimePriority >= 0);
  assert.ok(process.geteuid?.() !== 0 || self.capabilities.has('CAP_NET_RAW') || self.capabilities.size < 6);
  assert.equal(await readProcess(2 ** 22 + 1), null);
});

test('who listens on a unix socket is told by the kernel; nobody is null', async (t) => {
  const file = path.join(folderFor(t), 'control.sock');
  assert.equal(listenerOf(file), null);
  const server = net.createServer().listen(file);
  await new Promise((resolve) => server.once('listening', resolve));
  assert.equal(listenerOf(file), process.pid);
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(file, '');
  assert.equal(listenerOf(file), null, 'a file that is no socket');
});
