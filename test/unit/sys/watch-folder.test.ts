import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { SyscallError } from '../../../src/errors.js';
import { type Folder, openTimedFolder } from '../../../src/sys/files/watch-folder.js';
import { until } from '../../support/until.js';

/** The folder `watched` in a fresh one; not there yet. */
function temporary(t: TestContext): { at: string; folder: Folder } {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), 'bondherald-'));
  t.after(() => fs.rmSync(base, { recursive: true, force: true }));
  const at = path.join(base, 'watched');
  return { at, folder: openTimedFolder(at, { gather: 1, look: 20 }) };
}

/** Waits until the watcher has told of something since the last call. */
function listener(t: TestContext, folder: Folder): (what: string) => Promise<unknown> {
  let told = 0;
  t.after(folder.watch(() => told++));
  return async (what) => {
    await until(() => told > 0, { what, every: 1 });
    told = 0;
  };
}

const names = async (folder: Folder): Promise<string[] | undefined> =>
  (await folder.list('.xml', 10))?.map(({ name }) => name);

test('a folder that is not there is none; one that is there gives its regular files of that suffix, by name', async (t) => {
  const { at, folder } = temporary(t);
  assert.equal(await folder.list('.xml', 10), null);
  fs.mkdirSync(path.join(at, 'folder.xml'), { recursive: true });
  assert.deepEqual(await names(folder), []);
  for (const name of ['b.xml', 'a.xml', 'c.xml.new', 'a.pid']) fs.writeFileSync(path.join(at, name), '');
  fs.symlinkSync('a.xml', path.join(at, 'link.xml'));
  execFileSync('mkfifo', [path.join(at, 'pipe.xml')]);
  assert.deepEqual(await names(folder), ['a.xml', 'b.xml']);
  assert.equal((await folder.list('.xml', 1))?.length, 1);
});

test('a file has another stamp when it is written or replaced', async (t) => {
  const { at, folder } = temporary(t);
  fs.mkdirSync(at);
  const file = path.join(at, 'a.xml');
  const stamps = new Set<string | undefined>();
  const stamp = async (): Promise<number> =>
    stamps.add((await folder.list('.xml', 10))?.find(({ name }) => name === 'a.xml')?.stamp).size;
  fs.writeFileSync(file, 'one');
  assert.equal(await stamp(), 1);
  assert.equal(await stamp(), 1);
  fs.appendFileSync(file, '!');
  assert.equal(await stamp(), 2);
  fs.writeFileSync(`${file}.new`, 'one!');
  fs.renameSync(`${file}.new`, file);
  assert.equal(await stamp(), 3);
});

test('a file is read whole up to the limit; one that is longer, a link or a pipe is not read', async (t) => {
  const { at, folder } = temporary(t);
  fs.mkdirSync(at);
  assert.equal(await folder.read('none.xml', 10), null);
  fs.writeFileSync(path.join(at, 'a.xml'), 'ten bytes!');
  assert.equal(await folder.read('a.xml', 10), 'ten bytes!');
  fs.writeFileSync(path.join(at, 'empty.xml'), '');
  assert.equal(await folder.read('empty.xml', 10), '');
  fs.symlinkSync('a.xml', path.join(at, 'link.xml'));
  execFileSync('mkfifo', [path.join(at, 'pipe.xml')]);
  const failures = { 'a.xml': [9, 'EFBIG'], 'link.xml': [10, 'ELOOP'], 'pipe.xml': [10, 'EINVAL'] } as const;
  for (const [name, [limit, errno]] of Object.entries(failures)) {
    await assert.rejects(folder.read(name, limit), (error) => error instanceof SyscallError && error.errno === errno);
  }
});

test('a path that leads through a file is a failed system call', async (t) => {
  const { at, folder } = temporary(t);
  fs.writeFileSync(at, '');
  await assert.rejects(folder.list('.xml', 10), (error) => error instanceof SyscallError && error.errno === 'ENOTDIR');
});

test('a folder that comes, changes, goes and comes again is told of each time', async (t) => {
  const { at, folder } = temporary(t);
  const told = listener(t, folder);
  for (const time of ['first', 'second']) {
    fs.mkdirSync(at);
    await told(`it comes the ${time} time`);
    fs.writeFileSync(path.join(at, 'a.xml'), 'half');
    await told('a new file');
    fs.appendFileSync(path.join(at, 'a.xml'), ' and half');
    await told('a file that grows');
    fs.writeFileSync(path.join(at, 'b.xml.new'), 'whole');
    fs.renameSync(path.join(at, 'b.xml.new'), path.join(at, 'b.xml'));
    await told('a file that is renamed');
    fs.rmSync(path.join(at, 'a.xml'));
    await told('a file that goes');
    fs.rmSync(at, { recursive: true });
    await until(async () => (await folder.list('.xml', 1)) === null, { what: 'it goes' });
    await told(`it goes the ${time} time`);
  }
});

test('a folder that another takes the place of is followed under its name', async (t) => {
  const { at, folder } = temporary(t);
  fs.mkdirSync(at);
  const told = listener(t, folder);
  await told('it is there');
  fs.mkdirSync(`${at}.new`);
  fs.writeFileSync(path.join(`${at}.new`, 'a.xml'), '');
  fs.renameSync(at, `${at}.old`);
  fs.renameSync(`${at}.new`, at);
  await until(async () => (await names(folder))?.length === 1, { what: 'the new one' });
  await told('the new one');
});

test('a folder that was replaced, and goes before anybody has looked again, is told of', async (t) => {
  const { at } = temporary(t);
  fs.mkdirSync(at);
  const folder = openTimedFolder(at, { gather: 1, look: 400 });
  const seen: boolean[] = [];
  let then = (): void => undefined;
  const end = folder.watch(() => {
    seen.push(fs.existsSync(at));
    then();
  });
  t.after(end);
  await until(() => seen.length > 0, { what: 'it is there', every: 1 });
  // inotify tells of the end of the folder; when that is passed on there is another, which goes in the same moment.
  then = () => fs.rmSync(at, { recursive: true, force: true });
  fs.rmdirSync(at);
  fs.mkdirSync(at);
  await until(() => seen.length > 1, { what: 'it was replaced', every: 1 });
  await until(() => seen.at(-1) === false, { what: 'it is gone', every: 1, timeout: 5000 });
});

test('once it is ended, a watch tells of nothing', async (t) => {
  const { at, folder } = temporary(t);
  fs.mkdirSync(at);
  let told = 0;
  const stop = folder.watch(() => told++);
  await until(() => told > 0, { what: 'it is there', every: 1 });
  stop();
  const before = told;
  const others = listener(t, folder);
  await others('it is there');
  fs.writeFileSync(path.join(at, 'a.xml'), '');
  await others('a new file');
  assert.equal(told, before);
});
