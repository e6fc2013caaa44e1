import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { announced, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, type Daemon, labWithDaemon, ONE_ROUND, runIn } from './net/daemon.js';
import { chatter } from './net/frames.js';
import { BOND, type Hypervisor, plainBridge } from './net/hypervisor.js';
import { ip, json } from './net/ip.js';
import type { Lab } from './net/lab.js';

const FIRST = 101;
const VLANS = 400;

/** A trunk guest beside one that is untagged. */
function trunk(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND);
  const { port } = hv.guest('br0', { wire: null });
  hv.guest('br0');
  for (const each of [BOND, port]) hv.bridgeLines.push(`vlan add dev ${each} vid ${FIRST}-${FIRST + VLANS - 1}`);
}

const vids = (count: number): number[] => Array.from({ length: count }, (_, n) => FIRST + n);
const tag = (vid: number): { tpid: number; vid: number } => ({ tpid: 0x8100, vid });

async function guestsOf(daemon: Daemon): Promise<number> {
  return (await daemon.metric(`bondherald_guests{bond="${BOND}",source="fdb"}`)) ?? 0;
}

/** What is announced of a MAC at the next failover, of so many frames in all. */
async function failover(lab: Lab, mac: string, frames: number): Promise<string[]> {
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, frames);
  await lab.setActive(lab.activeSlave() === 'up1' ? 'up2' : 'up1');
  const heard = announced(await arriving);
  far.stop();
  return heard.filter((label) => label.startsWith(mac));
}

test('a guest that falls silent in 400 VLANs is announced in all of them', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: trunk, config: ONE_ROUND });
  const [guest] = lab.guests;
  assert.ok(guest);
  const { mac, netns, device } = guest;
  const speak = (): void => lab.inject(netns, device, ...vids(VLANS).map((vid) => chatter(mac, [tag(vid)])));
  await until(async () => (speak(), (await guestsOf(daemon)) >= VLANS + 2), {
    what: 'it is learned in all',
    every: 200,
  });
  await ip('hv', ['link set br0 type bridge ageing_time 100']);
  const isForgotten = async (): Promise<boolean> => {
    const rows = (await json('bridge', 'hv', 'fdb', 'show', 'br', 'br0')) as { mac: string }[];
    return !rows.some((row) => row.mac === mac);
  };
  await until(isForgotten, { what: 'its bridge has forgotten it', every: 100 });
  const all = vids(VLANS).map((vid) => `${mac} [${vid}]`);
  assert.deepEqual(await failover(lab, mac, VLANS + 2), [`${mac} []`, ...all].sort());
});

test('a guest that tags its own traffic is announced in each of 100 VLANs', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(2), config: ONE_ROUND });
  const [guest] = lab.guests;
  assert.ok(guest);
  const { mac, netns, device } = guest;
  const say100 = (): void => lab.inject(netns, device, ...vids(100).map((vid) => say.rarp({ src: mac, tags: [vid] })));
  await until(async () => (say100(), (await guestsOf(daemon)) >= 102), { what: 'it is heard in all', every: 200 });
  const all = vids(100).map((vid) => `${mac} [${vid}]`);
  assert.deepEqual(await failover(lab, mac, 102), [`${mac} []`, ...all].sort());
});

test('a guest in so many VLANs that the batch is full leaves the others their places, and is named', async (t) => {
  const config = `guests: {limits: {total: 200}}\n${ONE_ROUND}`;
  const { lab, daemon } = await labWithDaemon(t, { attach: trunk, config, teach: false });
  const [guest, other] = lab.guests;
  assert.ok(guest && other);
  const { mac, netns, device } = guest;
  const speak = (): void => lab.inject(netns, device, ...vids(VLANS).map((vid) => chatter(mac, [tag(vid)])));
  await until(async () => (speak(), (await guestsOf(daemon)) >= VLANS), { what: 'it is learned in all', every: 200 });
  const speakLater = (): void => lab.inject(other.netns, other.device, chatter(other.mac));
  await until(async () => (speakLater(), (await guestsOf(daemon)) > VLANS), { what: 'the other is', every: 200 });
  assert.deepEqual(await failover(lab, other.mac, 200), [`${other.mac} []`]);
  await daemon.logs(new RegExp(`because a limit is met.*reason=vlans.*mac=${mac} limit=200`));
  const { stdout } = await runIn([BONDHERALD, 'guests']);
  assert.match(stdout, new RegExp(`${mac} is in too many VLANs: \\d+ of them had no room, among 200 for all guests`));
});
