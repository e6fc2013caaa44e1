import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

const PRIVILEGES = new URL('../../../src/sys/process/privileges.js', import.meta.url).href;
const NET_RAW = 1n << 13n;

/** The body of a thread: what it posts is [effective, permitted] after each step, and its name. */
const BODY = `
const { parentPort } = require('node:worker_threads');
const { readFileSync } = require('node:fs');
const set = (name) => BigInt('0x' + new RegExp('^' + name + ':\\\\s+(.*)$', 'm').exec(readFileSync('/proc/thread-self/status', 'utf8'))[1]);
const sets = () => [set('CapEff'), set('CapPrm')];
import('${PRIVILEGES}').then(({ rest, keepOnly, privileged }) => {
  const told = { began: sets(), failure: rest('bh-test', ['CAP_NET_RAW']), rested: sets() };
  told.raised = privileged(sets);
  try { privileged(() => { throw new Error('midway'); }); } catch {}
  told.failed = sets();
  told.name = readFileSync('/proc/thread-self/comm', 'utf8').trim();
  keepOnly([]);
  told.gone = privileged(sets);
  parentPort.postMessage(told);
});`;

interface Told extends Record<'began' | 'rested' | 'raised' | 'failed' | 'gone', readonly [bigint, bigint]> {
  failure: string | null;
  name: string;
}

const ofMain = (): string => /^CapEff:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0] ?? '';

test('a thread that rests has no right but within a privileged step, and none that it gave up; others keep theirs', async () => {
  const before = ofMain();
  const told = await new Promise<Told>((resolve, reject) => {
    const thread = new Worker(BODY, { eval: true });
    thread.once('message', resolve).once('error', reject);
  });
  const kept = told.began[1] & NET_RAW; // none at all where the tests run without rights
  assert.equal(told.failure, null);
  assert.equal(told.name, 'bh-test');
  assert.deepEqual(told.rested, [0n, kept]);
  assert.deepEqual(told.raised, [kept, kept]);
  assert.deepEqual(told.failed, [0n, kept], 'also when the step fails');
  assert.deepEqual(told.gone, [0n, 0n]);
  assert.equal(ofMain(), before);
});
