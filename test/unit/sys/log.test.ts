import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isJournal } from '../../../src/sys/process/journal.js';
import { type Log, type LogFormat, openLog } from '../../../src/sys/log.js';

/** A log that writes to a file. @returns it, and what it has written */
function open(t: TestContext, format: LogFormat, journal = false): { log: Log; lines: () => string[] } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bondherald-'));
  const file = path.join(folder, 'log');
  const fd = fs.openSync(file, 'w');
  t.after(() => {
    fs.closeSync(fd);
    fs.rmSync(folder, { recursive: true });
  });
  return { log: openLog(format, fd, journal), lines: () => fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) };
}

test('a line has its level, its message and its fields, those with blanks in quotes', (t) => {
  const { log, lines } = open(t, 'text');
  log.info('ready', { bonds: 2, guests: 0 });
  log.warn('a file', { reason: 'no such "file"', name: '', path: 'a=b', none: null, real: true });
  log.error('over');
  assert.deepEqual(lines(), [
    'info: ready bonds=2 guests=0',
    'warn: a file reason="no such \\"file\\"" name="" path="a=b" none=null real=true',
    'error: over',
  ]);
});

test('as JSON a line is an object with level, time and message beside the fields', (t) => {
  const { log, lines } = open(t, 'json');
  log.info('ready', { bonds: 2, name: 'ä "b"', none: null });
  log.warn('hm');
  log.error('over');
  const [ready, ...rest] = lines().map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(ready);
  assert.match(String(ready.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Math.abs(Date.parse(String(ready.time)) - Date.now()) < 60_000);
  assert.deepEqual(ready, { level: 'info', time: ready.time, bonds: 2, name: 'ä "b"', none: null, msg: 'ready' });
  assert.deepEqual(
    rest.map(({ level, msg }) => [level, msg]),
    [
      ['warn', 'hm'],
      ['error', 'over'],
    ],
  );
});

for (const format of ['text', 'json'] as const) {
  test(`in the journal each line begins with its priority (${format})`, (t) => {
    const { log, lines } = open(t, format, true);
    log.error('one');
    log.warn('two');
    log.info('three');
    assert.deepEqual(
      lines().map((line) => line.slice(0, 4)),
      ['<3>e', '<4>w', '<6>i'].map((start) => (format === 'json' ? `${start.slice(0, 3)}{` : start)),
    );
  });

  test(`a name that breaks lines or commands a terminal does neither (${format})`, (t) => {
    const { log, lines } = open(t, format);
    const hostile = 'x\n<0>panic\x1b[2J\x9b2J\x7f';
    log.info(hostile, { bond: hostile, plain: 'a\x1b[31mb\x9bc' });
    assert.equal(lines().length, 1);
    assert.doesNotMatch(lines()[0] ?? '', /\p{Cc}/u);
    if (format === 'json') assert.equal((JSON.parse(lines()[0] ?? '') as { bond: string }).bond, hostile);
  });
}

test('only the stream that systemd names is the journal', (t) => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'bondherald-')), 'stream');
  const fd = fs.openSync(file, 'w');
  t.after(() => fs.rmSync(path.dirname(file), { recursive: true }));
  const { dev, ino } = fs.fstatSync(fd, { bigint: true });
  assert.equal(isJournal(fd, `${dev}:${ino}`), true);
  assert.equal(isJournal(fd, `${dev}:${ino + 1n}`), false, 'redirected since');
  assert.equal(isJournal(fd, undefined), false);
  assert.equal(isJournal(fd, 'rubbish'), false);
  fs.closeSync(fd);
  assert.equal(isJournal(fd, `${dev}:${ino}`), false, 'closed');
});
