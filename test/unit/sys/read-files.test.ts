import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { nullIfMissing, readBounded } from '../../../src/sys/files/read-files.js';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bondherald-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const read = async (file: string, limit = 10): Promise<string> => (await readBounded(file, limit)).toString();

test('a file is read whole up to the limit, and one that is longer is refused', async (t) => {
  const file = path.join(folderFor(t), 'f');
  for (const text of ['', 'a: 1', '0123456789']) {
    writeFileSync(file, text);
    assert.equal(await read(file), text);
  }
  for (const text of ['0123456789a', '0123456789abc']) {
    writeFileSync(file, text);
    await assert.rejects(read(file), { code: 'SYSCALL', errno: 'EFBIG' });
  }
  writeFileSync(file, 'x'.repeat(200_000));
  assert.equal((await read(file, 200_000)).length, 200_000);
  await assert.rejects(read('/dev/zero'), { errno: 'EFBIG' });
  assert.equal(await read('/dev/null'), '');
});

test('what is not there, or is no file, is an error at once', async (t) => {
  const folder = folderFor(t);
  execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  writeFileSync(path.join(folder, 'f'), '');
  const errnos = { none: 'ENOENT', 'f/none': 'ENOTDIR', '.': 'EISDIR', pipe: 'EINVAL' };
  for (const [name, errno] of Object.entries(errnos)) {
    await assert.rejects(read(path.join(folder, name)), { code: 'SYSCALL', errno });
  }
});

test('only a file that is missing may be null', async (t) => {
  const folder = folderFor(t);
  assert.equal(await nullIfMissing(read(path.join(folder, 'none'))), null);
  await assert.rejects(nullIfMissing(read(folder)), { errno: 'EISDIR' });
});

test('what cannot be read is an error with its errno and what was tried', async (t) => {
  const loop = path.join(folderFor(t), 'loop');
  symlinkSync(loop, loop);
  const failure = { code: 'SYSCALL', errno: 'ELOOP', syscall: 'open', message: 'reading it: open: ELOOP' };
  await assert.rejects(readBounded(loop, 10, { what: 'reading it' }), failure);
});
