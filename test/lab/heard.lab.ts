import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER, rarps } from './net/announced.js';
import { capture } from './net/capture.js';
import { type Daemon, labWithDaemon, ONE_ROUND, runIn } from './net/daemon.js';
import { arpFrom, chatter } from './net/frames.js';
import { BOND, type Guest } from './net/hypervisor.js';
import type { Lab } from './net/lab.js';

const HERE = 'bondherald_guests{bond="bond0",source="fdb"}';

async function untilLearned(lab: Lab, mac: string, port: string): Promise<void> {
  await until(async () => (await lab.learned('hv')).get(mac) === port, { what: `${mac} is learned on ${port}` });
}

async function nextFailover(lab: Lab, frames: number): Promise<string[]> {
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  const arriving = nextRound(far, frames);
  await lab.setActive(lab.activeSlave() === 'up1' ? 'up2' : 'up1');
  const heard = announced(await arriving);
  far.stop();
  return heard;
}

/** How many frames `announce` would send now: what the daemon will send if the next failover is the same. */
async function untilAnnounceable(daemon: Daemon, guests: number): Promise<void> {
  await until(async () => (await daemon.metric(HERE)) === guests, { what: `${guests} guests are known` });
}

test('a guest that migrated away and came back is announced again as soon as it has spoken', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { config: ONE_ROUND });
  const wanderer = lab.guest('g2');
  const rest = lab.guests.filter((guest) => guest !== wanderer);
  lab.inject('client', 'eth0', chatter(wanderer.mac));
  await untilLearned(lab, wanderer.mac, BOND);
  assert.deepEqual(await nextFailover(lab, rest.length), expected(rest), 'while it is away');
  const leaving = capture(lab, 'hv', BOND, { filter: `arp and ether src ${wanderer.mac}` });
  await until(
    () => {
      lab.inject(wanderer.netns, wanderer.device, arpFrom(wanderer.mac, '10.1.2.3'));
      return leaving.frames.length > 0;
    },
    { what: 'its frame has left', every: 50 },
  );
  await untilAnnounceable(daemon, lab.guests.length);
  assert.deepEqual(await nextFailover(lab, lab.guests.length), expected(lab.guests), 'when it is back');
});

test("another host's MAC is not announced, though a guest has used it and the bridge believes so, when a filter drops it", async (t) => {
  const { lab } = await labWithDaemon(t, { config: ONE_ROUND });
  const victim = '52:54:00:00:0f:0f';
  const rules = `table bridge guard { chain forward { type filter hook forward priority 0; ether saddr ${victim} drop; }; }`;
  const { code, stderr } = await runIn(['nft', rules]);
  assert.equal(code, 0, stderr);
  lab.inject('client', 'eth0', chatter(victim));
  await untilLearned(lab, victim, BOND);
  lab.inject('g1', 'eth0', arpFrom(victim, '10.1.2.3'));
  await untilLearned(lab, victim, 'tap1');
  assert.deepEqual(await nextFailover(lab, lab.guests.length), expected(lab.guests));
});

test('a guest that tags its own traffic is announced in each VLAN that it was heard in', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { config: ONE_ROUND });
  const [trunk] = lab.guests;
  assert.ok(trunk);
  const tagged: Guest = { ...trunk, wire: [{ tpid: 0x8100, vid: 905 }] };
  lab.inject(trunk.netns, trunk.device, arpFrom(trunk.mac, '10.1.2.3', tagged.wire ?? []));
  await untilAnnounceable(daemon, lab.guests.length + 1);
  assert.deepEqual(await nextFailover(lab, lab.guests.length + 1), expected([...lab.guests, tagged]));
});

test('a guest that leaves between two rounds is in none of those that follow, until it is back', async (t) => {
  const config = 'announce: {schedule: [0s, 3s, 5s, 7s, 9s, 11s], jitter: 0, damping: {failovers: 1000}}';
  const { lab } = await labWithDaemon(t, { config });
  const [stays, wanderer] = [lab.guest('g1'), lab.guest('g2')];
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const times = (mac: string): number => rarps(far.frames).filter(({ src }) => src === mac).length;
  const untilRound = (n: number): Promise<unknown> =>
    until(() => times(stays.mac) >= n, { what: `round ${n}`, every: 5, timeout: 30_000 });
  await lab.setActive('up2');
  await untilRound(2);
  await far.settled();
  lab.inject('client', 'eth0', chatter(wanderer.mac));
  await untilLearned(lab, wanderer.mac, BOND);
  const before = times(wanderer.mac);
  assert.equal(before, 2, 'it was announced in both rounds');
  await untilRound(4);
  await far.settled();
  // The switch hears the wanderer itself as well, on its way to the hypervisor, but not as RARP.
  assert.equal(times(wanderer.mac), before, 'in no round, once it has left');
  const speak = (): void => lab.inject(wanderer.netns, wanderer.device, arpFrom(wanderer.mac, '10.1.2.3'));
  speak();
  await untilLearned(lab, wanderer.mac, 'tap2');
  speak(); // its first frame may be heard before the bridge tells that it is back
  await untilRound(6);
  await far.settled();
  assert.ok(times(wanderer.mac) > before, 'and again when it is back');
});
