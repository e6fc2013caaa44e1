import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { BONDHERALD, Daemon, runIn } from './net/daemon.js';
import { labFor } from './net/lab.js';

test('the lab runs the daemon on the hypervisor, reads its metrics there and ends it in good order', async (t) => {
  const lab = await labFor(t, { teach: false });
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  assert.equal(await daemon.metric('bondherald_bond_active_slave{bond="bond0",slave="up1"}'), 1);
  assert.equal(await daemon.metric('bondherald_no_such_metric'), undefined);
  await assert.rejects(daemon.get('/nothing'), /GET \/nothing: 404/);
  await daemon.stop();
  await assert.rejects(daemon.get(), /no connection: errno 111/);
});

test('a daemon that ends early, never gets ready or ends badly fails the test with what it said', async (t) => {
  const lab = await labFor(t, { teach: false });
  const script = (text: string): string[] => ['sh', '-c', text];
  const broken = script('echo "config: no such bond" >&2; exit 2');
  await assert.rejects(Daemon.start(lab, broken), /ended: 2\nconfig: no such bond/);
  const mute = script('echo still looking >&2; exec sleep 60');
  await assert.rejects(Daemon.start(lab, mute, { timeout: 2_000 }), /in vain[^]*still looking/);
  const daemon = await Daemon.start(lab, script('echo ready >&2; exec sleep 60'));
  daemon.signal('SIGKILL');
  await assert.rejects(daemon.stop(), /the program ended: SIGKILL/);
});

test('one-shot commands run on any host of the lab and give exit status, stdout and stderr', async (t) => {
  await labFor(t, { teach: false });
  const links = await runIn(['ip', '-br', 'link', 'show', 'bond0']);
  assert.equal(links.code, 0);
  assert.match(links.stdout, /^bond0 +UP/);
  const { code, stderr } = await runIn(['sh', '-c', 'echo "$WORD" >&2; exit 3'], {
    netns: 'client',
    env: { WORD: 'no' },
  });
  assert.deepEqual([code, stderr], [3, 'no\n']);
});

/** How often the threads of a process have gone to sleep by themselves. */
function sleepsOf(pid: number): number {
  const counts = readdirSync(`/proc/${pid}/task`).map((task) => {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

test('a daemon with nothing to do wakes some times a second, not some hundred', async (t) => {
  const lab = await labFor(t, { teach: false });
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  await pause(5_000); // the rehearsal and the first tier of the compiler are over
  const before = sleepsOf(daemon.pid);
  await pause(4_000);
  const perSecond = (sleepsOf(daemon.pid) - before) / 4;
  console.log(`${perSecond} wakes a second`);
  assert.ok(perSecond < 100, `${perSecond} wakes a second`);
  await daemon.stop();
});
