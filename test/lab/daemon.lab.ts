import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Daemon, runIn } from './net/daemon.js';
import { labFor } from './net/lab.js';

const STAND_IN = [process.execPath, fileURLToPath(new URL('./standin.js', import.meta.url))];

test('the lab runs a daemon on the hypervisor, reads its metrics there and ends it in good order', async (t) => {
  const lab = await labFor(t, { teach: false });
  const daemon = await Daemon.start(lab, STAND_IN);
  assert.match(daemon.stderr, /bondherald is ready/);
  assert.equal(await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}'), 2);
  await assert.rejects(daemon.get('/nothing'), /GET \/nothing: 404/);
  await daemon.stop();
  assert.equal(daemon.stdout, 'bye\n');
  await assert.rejects(daemon.get(), /no connection: errno 111/);
});

test('a daemon that ends early, never gets ready or ends badly fails the test with what it said', async (t) => {
  const lab = await labFor(t, { teach: false });
  await assert.rejects(Daemon.start(lab, [...STAND_IN, '--broken']), /ended: 2\nconfig: no such bond/);
  await assert.rejects(Daemon.start(lab, [...STAND_IN, '--mute'], { timeout: 3_000 }), /in vain[^]*still looking/);
  const daemon = await Daemon.start(lab, STAND_IN);
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
