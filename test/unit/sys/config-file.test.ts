import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { readConfigFile } from '../../../src/sys/files/config-file.js';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bondherald-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const read = async (file: string, limit = 10): Promise<string | null> => {
  const bytes = await readConfigFile(file, limit);
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : bytes;
};

test('a file is read whole, and of one that is too long a byte more than the limit', async (t) => {
  const file = path.join(folderFor(t), 'f');
  for (const text of ['', 'a: 1', '0123456789', '0123456789a', '0123456789abc']) {
    writeFileSync(file, text);
    assert.equal(await read(file), text.slice(0, 11));
  }
  assert.equal((await read('/dev/zero'))?.length, 11);
  assert.equal(await read('/dev/null'), '');
});

test('what is not there is null, and what is no file is said to be none at once', async (t) => {
  const folder = folderFor(t);
  execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  writeFileSync(path.join(folder, 'f'), '');
  assert.equal(await read(path.join(folder, 'none')), null);
  assert.equal(await read(path.join(folder, 'f', 'none')), null);
  assert.equal(await read(folder), 'no-file');
  assert.equal(await read(path.join(folder, 'pipe')), 'no-file');
});

test('what cannot be read is an error with its errno', async (t) => {
  const loop = path.join(folderFor(t), 'loop');
  symlinkSync(loop, loop);
  await assert.rejects(readConfigFile(loop, 10), { code: 'SYSCALL', errno: 'ELOOP', syscall: 'open' });
});
