import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { capture } from './net/capture.js';
import { BONDHERALD, type Daemon, labWithDaemon, ONE_ROUND, runIn } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';

/*
 * Who is left out because of a limit is named.
 */

/** Whether the log, the list of guests, the doctor and a metric name who is left out. */
async function isNamed(daemon: Daemon, reason: string, words: RegExp): Promise<void> {
  await daemon.logs(new RegExp(`some guests are not announced because a limit is met.*reason=${reason}`));
  const { stdout: list } = await runIn([BONDHERALD, 'guests']);
  assert.match(list, words);
  const { stdout: findings } = await runIn([BONDHERALD, 'doctor', '--json']);
  const { findings: found } = JSON.parse(findings) as { findings: { id: string; finding: string; subject: string }[] };
  const limit = found.find(({ id }) => id === 'guest-limit');
  assert.match(`${limit?.subject}: ${limit?.finding}`, words);
  assert.ok(((await daemon.metric(`bondherald_guest_evictions_total{reason="${reason}"}`)) ?? 0) > 0);
  assert.equal(daemon.stderr.match(/because a limit is met/g)?.length, 1);
}

test('a guest that invents stacks of tags is named, and the other is announced', async (t) => {
  const config = `guests: {limits: {total: 200}}\n${ONE_ROUND}`;
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(2), config });
  const [guest, other] = lab.guests;
  assert.ok(guest && other);
  const { mac, netns, device } = guest;
  const stacks = Array.from({ length: 4300 }, (_, n) => say.rarp({ src: mac, tags: [1000 + (n >> 6), 1 + (n & 63)] }));
  // Some may be lost, so all are said again; but not while the daemon, on the same CPU, has yet to look.
  const invent = (): Promise<boolean> => {
    for (let at = 0; at < stacks.length; at += 100) lab.inject(netns, device, ...stacks.slice(at, at + 100));
    return daemon.logs(/because a limit is met/, { timeout: 5000 }).then(
      () => true,
      () => false,
    );
  };
  await until(invent, { what: 'the limit is met', timeout: 60_000 });
  await isNamed(
    daemon,
    'vlans',
    new RegExp(`tap1: ${mac} is in too many VLANs: \\d+(?: or more)? of them had no room`),
  );
  const far = capture(lab, 'sw2', 'p-hv', { filter: `rarp and ether src ${other.mac}` });
  await lab.setActive('up2');
  await until(() => far.frames.length > 0, { what: 'the other guest is announced' });
});

test('who has no room behind a port is named, with the port', async (t) => {
  const config = `guests: {limits: {perPort: 8}}\n${ONE_ROUND}`;
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(2), config });
  const [guest] = lab.guests;
  assert.ok(guest);
  const macs = Array.from({ length: 20 }, (_, n) => `52:54:00:00:0a:${(n + 16).toString(16)}`);
  lab.speakOnce(guest, ...macs);
  const named =
    /tap1: more MACs than guests\.limits\.perPort allows \(8\): 13 MACs were left out, the last 52:54:00:00:0a:23/;
  await isNamed(daemon, 'per-port', named);
});
