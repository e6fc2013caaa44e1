import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../src/cli/ask.js';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { type Daemon, labWithDaemon } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import { BOND, type Guest, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { ip, json } from './net/ip.js';
import type { Lab } from './net/lab.js';
import { open, untilListed } from './net/listed.js';
import { assertOutage } from './net/outage.js';
import { untilAddresses, words, WORDS_FILTER } from './net/words.js';

/** Has a guest claim an address until it is listed with it: then the bond is heard. */
async function untilHeardClaiming(lab: Lab, { mac, netns, device }: Guest, address: string): Promise<void> {
  const isHeard = async (): Promise<boolean> => {
    lab.inject(netns, device, arpFrom(mac, address));
    const { result } = await ask({ op: 'guests', bond: null });
    return result.bonds.some(({ guests }) =>
      guests.some((each) => each.mac === mac && each.addresses.includes(address)),
    );
  };
  await until(isHeard, { what: `${mac} is heard claiming ${address}`, every: 50 });
}

type Slave = 'up1' | 'up2';
const OTHER: Readonly<Record<Slave, Slave>> = { up1: 'up2', up2: 'up1' };
const switchOf = (slave: Slave): string => (slave === 'up1' ? 'sw1' : 'sw2');

/** What a network service does to make a bond anew, whose first slave becomes the active one. */
function remake(first: Slave, { made = BOND, type = '', slaves = [first, OTHER[first]] } = {}): string[] {
  return [
    `link del ${BOND}`,
    `link add name ${made} ${type} type bond mode active-backup miimon 100`,
    ...slaves.flatMap((slave) => [`link set ${slave} master ${made}`, `link set ${slave} up`]),
    ...(made === BOND ? [] : [`link set ${made} name ${BOND}`]),
    `link set ${BOND} up`,
  ];
}

const intoBridge = `link set ${BOND} master br0`;

async function indexOf(device: string): Promise<number> {
  const [link] = (await json('ip', HYPERVISOR, 'link', 'show', device)) as { ifindex: number }[];
  return link?.ifindex ?? 0;
}

const failovers = (daemon: Daemon): Promise<number | undefined> =>
  daemon.metric(`bondherald_bond_failovers_total{bond="${BOND}"}`);

const results = (daemon: Daemon, result: string): Promise<number | undefined> =>
  daemon.metric(`bondherald_announcements_total{bond="${BOND}",result="${result}"}`);

/** Does something that ends with the bond on a slave. @returns whom a round announces there: then its switch has them */
async function announcedAfter(lab: Lab, slave: Slave, act: () => Promise<void>): Promise<string[]> {
  const far = capture(lab, switchOf(slave), 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, lab.guests.length);
  await act();
  const told = announced(await arriving);
  const reached = async (): Promise<boolean> => {
    const ports = await lab.learned(switchOf(slave));
    return lab.guests.every(({ mac }) => ports.get(mac) === 'p-hv');
  };
  if (told.length > 0) await until(reached, { what: `the switch has the guests on ${slave}` });
  return [...new Set(told)]; // on its way there the bond may have gone by the other link, which floods here
}

async function quietLab(t: TestContext, config?: string): ReturnType<typeof labWithDaemon> {
  return labWithDaemon(t, { attach: plainBridge(2), ...(config === undefined ? {} : { config }) });
}

test('a bond that is deleted and made again with another active slave is announced, with the addresses of its guests', async (t) => {
  const { lab } = await quietLab(t);
  const [guest] = lab.guests;
  assert.ok(guest);
  lab.inject(guest.netns, guest.device, arpFrom(guest.mac, '10.9.0.1'));
  await untilAddresses(guest.mac, ['10.9.0.1']);
  const said = capture(lab, 'sw2', 'p-hv', { filter: WORDS_FILTER });
  await assertOutage(lab, { limit: 1000 }, async () => {
    assert.deepEqual(
      await announcedAfter(lab, 'up2', () => ip(HYPERVISOR, [...remake('up2'), intoBridge])),
      expected(lab.guests),
    );
  });
  await until(() => words(said).includes(`garp ${guest.mac} 10.9.0.1 []`), { what: 'its address is announced' });
  await untilListed(...lab.guests.map(open));
});

test('so it is when it becomes a port later, was made under another name, or has its ifindex again', async (t) => {
  const { lab, daemon } = await quietLab(t);
  const far = expected(lab.guests);
  let slave: Slave = 'up1';
  const next = (): Slave => (slave = OTHER[slave]);
  for (const seconds of [0.2, 2]) {
    const before = (await failovers(daemon)) ?? 0;
    await ip(HYPERVISOR, remake(next()));
    await until(async () => (await failovers(daemon)) === before + 1, { what: 'it has carrier' });
    await untilListed();
    await sleep(seconds * 1000);
    assert.deepEqual(await announcedAfter(lab, slave, () => ip(HYPERVISOR, [intoBridge])), far, `after ${seconds} s`);
  }
  const renamed = [...remake(next(), { made: 'bond9' }), intoBridge];
  assert.deepEqual(await announcedAfter(lab, slave, () => ip(HYPERVISOR, renamed)), far, 'made under another name');
  for (const n of [1, 2]) {
    const same = [...remake(next(), { type: `index ${await indexOf(BOND)}` }), intoBridge];
    assert.deepEqual(await announcedAfter(lab, slave, () => ip(HYPERVISOR, same)), far, `same ifindex, time ${n}`);
  }
  assert.equal(await results(daemon, 'damped'), 0);
  await untilListed(...lab.guests.map(open));
  await untilHeardClaiming(lab, lab.guest('g1'), '10.9.0.2');
});

test('an administrator who sets the bond up again four times in three minutes has each time one announcement', async (t) => {
  // The second round is for the switch, which may drop what comes right after a link is up (seen on Linux 7.2).
  const { lab, daemon } = await quietLab(t, 'announce: {schedule: [0s, 1s]}');
  // As `nmcli connection up` does: the slaves are let go, the active one first, and come back in the same order. A bond that
  // is in a bridge leaves that, too.
  const again = [
    ...['up1', 'up2'].map((slave) => `link set ${slave} nomaster`),
    ...['down', 'up'].map((state) => `link set ${BOND} ${state}`),
    ...['up1', 'up2'].flatMap((slave) => [
      `link set ${slave} down`,
      `link set ${slave} master ${BOND}`,
      `link set ${slave} up`,
    ]),
  ];
  for (let n = 1; n <= 4; n++) {
    const lines = n % 2 === 0 ? again : [`link set ${BOND} nomaster`, ...again, intoBridge];
    const told = await announcedAfter(lab, 'up1', () => ip(HYPERVISOR, lines));
    assert.deepEqual(told, expected(lab.guests), `time ${n}`);
    await until(async () => (await failovers(daemon)) === 2 * n, { what: 'it goes by the other slave in between' });
    await lab.untilUp('up2');
  }
  assert.equal(await results(daemon, 'damped'), 0);
});

test('failovers while nobody is there to be announced leave room for those that follow', async (t) => {
  const { lab, daemon } = await quietLab(t);
  const ports = lab.guests.flatMap(({ port }) => port ?? []);
  await ip(
    HYPERVISOR,
    ports.map((port) => `link set ${port} nomaster`),
  );
  await untilListed();
  for (let n = 1; n <= 6; n++) {
    lab.setActiveNow(n % 2 ? 'up2' : 'up1');
    await until(async () => (await failovers(daemon)) === n, { what: `failover ${n}` });
  }
  const back = ports.map((port) => `link set ${port} master br0`);
  assert.deepEqual(await announcedAfter(lab, 'up1', () => ip(HYPERVISOR, back)), expected(lab.guests));
  for (const slave of ['up2', 'up1', 'up2'] as const)
    assert.deepEqual(await announcedAfter(lab, slave, () => lab.setActive(slave)), expected(lab.guests), slave);
  assert.equal(await results(daemon, 'damped'), 0);
});
