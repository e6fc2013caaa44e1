import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tcxEgressPrograms } from '../../src/sys/bpf.js';
import { until } from '../support/until.js';
import * as say from '../support/say.js';
import { BONDHERALD, Daemon, runIn } from './net/daemon.js';
import { BOND, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { type Lab, labFor } from './net/lab.js';
import { inNetns } from './net/netns.js';
import { deviceIndex } from './net/sockets.js';
import { attachTcx, TCX_NEXT, TCX_PASS } from './net/tcx.js';

/** Whether the kernel has tcx: before Linux 6.6 there is nothing that could come before tc, and nothing to say. */
const hasTcx = (): boolean =>
  typeof inNetns(HYPERVISOR, () => tcxEgressPrograms(deviceIndex(HYPERVISOR, BOND))) !== 'string';

const DEAF = /^.*listening without tc.*a tcx program at its egress, id \d+, keeps frames from our filters.*$/gm;
const AGAIN = /listening with tc again/;

const start = (lab: Lab): Promise<Daemon> => Daemon.start(lab, [BONDHERALD, 'run']);

const isHeardBy = (daemon: Daemon, how: string): Promise<unknown> =>
  until(async () => (await daemon.metric(`bondherald_listening{bond="${BOND}",how="${how}"}`)) === 1, {
    what: `${BOND} is heard by ${how}`,
    every: 50,
  });

/** Waits until the guest's address is known, and its return proven: only a frame that left says either. */
async function isHeard(lab: Lab, address: string): Promise<void> {
  const { netns, device, mac } = lab.guest('g1');
  const listed = async (): Promise<boolean> => {
    lab.inject(netns, device, say.arp({ src: mac }, { spa: address, tpa: address }));
    return (await runIn([BONDHERALD, 'guests', '--json'])).stdout.includes(`"${address}"`);
  };
  await until(listed, { what: `${address} is heard`, every: 50 });
}

async function findings(): Promise<{ id: string; finding: string; cure: string }[]> {
  const { stdout } = await runIn([BONDHERALD, 'doctor', '--json']);
  return (JSON.parse(stdout) as { findings: { id: string; finding: string; cure: string }[] }).findings;
}

test('a tcx program that was there first: heard by a socket, said once; by tc when it is gone', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const detach = attachTcx(lab, TCX_PASS);
  const daemon = await start(lab);
  await isHeard(lab, '10.9.0.1');
  if (typeof detach === 'string') {
    assert.deepEqual([detach, hasTcx()], ['EINVAL', false]);
    assert.doesNotMatch(daemon.stderr, /tcx|bpf|listening without/);
    await isHeardBy(daemon, 'mirror');
    return daemon.stop();
  }
  await isHeardBy(daemon, 'socket');
  assert.equal(daemon.stderr.match(DEAF)?.length, 1, daemon.stderr);
  const found = (await findings()).find(({ id }) => id === 'listening-by-socket');
  assert.match(String(found?.finding), /a tcx program at its egress, id \d+/);
  assert.equal(found?.cure, `bpftool net show dev ${BOND}`);
  detach();
  await daemon.logs(AGAIN);
  await isHeardBy(daemon, 'mirror');
  await isHeard(lab, '10.9.0.2');
  assert.equal(daemon.stderr.match(DEAF)?.length, 1);
  await daemon.stop();
});

test('a tcx program that comes later is noticed by itself; one that lets tc be asked changes nothing', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const daemon = await start(lab);
  const harmless = attachTcx(lab, TCX_NEXT);
  if (typeof harmless === 'string') {
    assert.deepEqual([harmless, hasTcx()], ['EINVAL', false]);
    return daemon.stop();
  }
  await isHeard(lab, '10.9.0.3');
  await isHeardBy(daemon, 'mirror');
  assert.doesNotMatch(daemon.stderr, /listening without/);
  harmless();
  const detach = attachTcx(lab, TCX_PASS);
  await daemon.logs(/listening without tc.*a tcx program/); // no guest has said anything
  await isHeardBy(daemon, 'socket');
  await isHeard(lab, '10.9.0.4');
  if (typeof detach !== 'string') detach();
  await daemon.logs(AGAIN);
  await isHeard(lab, '10.9.0.5');
  await daemon.stop();
});
