import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { SyscallError } from '../../../src/errors.js';
import { readBootId, stateFileIn } from '../../../src/sys/files/replaced-files.js';

function temporary(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'state-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'deeper', 'still');
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('the folders that are missing are made, and nobody else may read the file', async (t) => {
  const folder = temporary(t);
  const file = stateFileIn(folder);
  assert.equal(await file.read(100), null);
  await file.write([bytes('one '), bytes('two')]);
  assert.equal(Buffer.from((await file.read(100)) as Uint8Array).toString(), 'one two');
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(folder), ['state.json']);
});

test('a write replaces the file as a whole, over what a crash in the middle of one left', async (t) => {
  const folder = temporary(t);
  const file = stateFileIn(folder);
  await file.write([bytes('a long first state')]);
  writeFileSync(`${file.path}.new`, 'a half-written on', { mode: 0o644 });
  assert.equal(Buffer.from((await file.read(100)) as Uint8Array).toString(), 'a long first state');
  await file.write([bytes('second')]);
  assert.equal(readFileSync(file.path, 'utf8'), 'second');
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['state.json']);
});

test('what could not be written to its end takes no room', async (t) => {
  const folder = temporary(t);
  const file = stateFileIn(folder);
  await file.write([bytes('the old one')]);
  const broken = [bytes('half'), null as unknown as Uint8Array];
  await assert.rejects(file.write(broken));
  assert.deepEqual(readdirSync(folder), ['state.json']);
  assert.equal(readFileSync(file.path, 'utf8'), 'the old one');
});

test('a file beyond the limit is not read', async (t) => {
  const file = stateFileIn(temporary(t));
  await file.write([bytes('12345')]);
  assert.equal(await file.read(4), 'too-large');
});

test('a file set aside is there under its reason, one of each', async (t) => {
  const folder = temporary(t);
  const file = stateFileIn(folder);
  for (const text of ['one', 'two']) {
    await file.write([bytes(text)]);
    assert.equal(await file.setAside('malformed'), `${file.path}.bad-malformed`);
  }
  assert.deepEqual(readdirSync(folder), ['state.json.bad-malformed']);
  assert.equal(readFileSync(`${file.path}.bad-malformed`, 'utf8'), 'two');
});

test('what cannot be read or written is a failed system call that names the file', async (t) => {
  const folder = temporary(t);
  const file = stateFileIn(folder);
  mkdirSync(file.path, { recursive: true });
  await assert.rejects(
    file.read(1e6),
    (error: SyscallError) => error instanceof SyscallError && error.errno === 'EISDIR',
  );
  await assert.rejects(file.write([bytes('x')]), (error: SyscallError) => {
    return error instanceof SyscallError && error.message.includes(file.path);
  });
  writeFileSync(path.join(folder, 'a-file'), '');
  const blocked = stateFileIn(path.join(folder, 'a-file', 'folder'));
  await assert.rejects(blocked.write([bytes('x')]), SyscallError);
  await assert.rejects(blocked.setAside('version'), SyscallError);
  assert.ok(existsSync(folder));
});

test('the boot has a name, the same each time', async () => {
  const bootId = await readBootId();
  assert.match(bootId, /^[0-9a-f-]{36}$/);
  assert.equal(await readBootId(), bootId);
});

test('a journal stands beside the state file, for its owner only, is added to, and begun anew or taken away', async (t) => {
  const folder = temporary(t);
  mkdirSync(folder, { recursive: true });
  const file = stateFileIn(folder);
  const text = async (): Promise<string | null> => {
    const read = await file.readJournal(100);
    return read === null ? null : Buffer.from(read).toString();
  };
  assert.equal(await text(), null);
  await assert.rejects(file.append([bytes('lost')]), { errno: 'ENOENT' });
  await file.beginJournal('head\n');
  await file.append([bytes('one, '), bytes('two\n')]);
  await file.append([bytes('three\n')]);
  assert.equal(await text(), 'head\none, two\nthree\n');
  assert.equal(statSync(path.join(folder, 'state.journal')).mode & 0o777, 0o600);
  assert.equal(await file.readJournal(10), 'too-large');
  await file.beginJournal('another\n');
  assert.equal(await text(), 'another\n');
  await file.beginJournal(null);
  await file.beginJournal(null);
  assert.equal(await text(), null);
});
