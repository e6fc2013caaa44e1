import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { announced, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, ONE_ROUND, runIn, writeConfig } from './net/daemon.js';
import { BOND, type Guest, type Hypervisor } from './net/hypervisor.js';
import { bridge } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';

/*
 * Ports that learn nothing, with static rows of their guests in every VLAN: Proxmox's bridge-disable-mac-learning, libvirt's
 * macTableManager. 4,095 rows a guest.
 */

const GUESTS = 20;
const SPEAKS_IN = 100;

/** Guests on trunks that carry every VLAN, untagged in VLAN 1. */
function trunks(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND);
  hv.bridgeLines.push(`vlan add dev ${BOND} vid 2-4094`);
  for (let n = 0; n < GUESTS; n++) {
    const { port } = hv.guest('br0');
    hv.bridgeLines.push(`vlan add dev ${port} vid 2-4094`, `link set dev ${port} learning off`);
  }
}

const appendRows = (guests: readonly Guest[]): Promise<unknown> =>
  bridge(
    'hv',
    guests.map(({ mac, port }) => `fdb append ${mac} dev ${port} master static`),
  );

/** The daemon, which begins when some guests are there. */
async function startAmong(t: TestContext, lab: Lab, guests: readonly Guest[]): Promise<Daemon> {
  await appendRows(guests);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', writeConfig(t, ONE_ROUND)]);
  lab.onDestroy(() => daemon.stop());
  return daemon;
}

/** What is announced at the next failover, of so many frames. */
async function failover(lab: Lab, frames: number): Promise<string[]> {
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, frames);
  await lab.setActive('up2');
  const heard = announced(await arriving);
  far.stop();
  await lab.setActive('up1');
  return heard;
}

const known = async (daemon: Daemon): Promise<number> =>
  (await daemon.metric(`bondherald_guests{bond="${BOND}",source="fdb"}`)) ?? 0;

const untagged = ({ mac }: Guest): string => `${mac} []`;

test('guests with static rows in every VLAN are announced in their PVID and where they speak', async (t) => {
  const lab = await labFor(t, { attach: trunks, teach: false });
  const [first, ...others] = lab.guests;
  assert.ok(first);
  const last = others.pop();
  assert.ok(last);
  const daemon = await startAmong(t, lab, [first, ...others]);
  const speak = (): void => lab.inject(first.netns, first.device, say.rarp({ src: first.mac, tags: [SPEAKS_IN] }));
  await until(async () => (speak(), (await known(daemon)) === GUESTS), { what: 'it is heard', every: 200 });
  const speaking = [untagged(first), `${first.mac} [${SPEAKS_IN}]`];
  assert.deepEqual(await failover(lab, GUESTS), [...speaking, ...others.map(untagged)].sort());

  await appendRows([last]);
  await until(async () => (await known(daemon)) === GUESTS + 1, { what: 'one that starts later is known' });
  assert.deepEqual(await failover(lab, GUESTS + 1), [...speaking, ...others.map(untagged), untagged(last)].sort());

  await bridge('hv', [`fdb del ${first.mac} dev ${first.port} master`]);
  const silent = async (): Promise<boolean> => (await runIn([BONDHERALD, 'guests'])).stdout.includes(' ago ');
  await until(silent, { what: 'its rows are gone', every: 200 });
  assert.equal((await failover(lab, GUESTS + 1)).filter((label) => label.startsWith(first.mac)).length, 2);

  await daemon.logs(/guests with static rows in too many VLANs.*limit=16 count=\d+/);
  const words = new RegExp(`tap${GUESTS}: 20 MACs, the last ${last.mac}, have static rows in more than 16 VLANs`);
  assert.match((await runIn([BONDHERALD, 'guests'])).stdout, words);
  const { stdout, stderr } = await runIn([BONDHERALD, 'doctor']);
  assert.match(stdout, words, stderr);
  assert.equal(await daemon.metric('bondherald_guest_evictions_total{reason="static-vlans"}'), GUESTS);
});
