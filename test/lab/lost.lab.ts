import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RawNetlinkSocket } from 'netlink';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { type Daemon, labWithDaemon } from './net/daemon.js';
import { BOND, HYPERVISOR, type Guest } from './net/hypervisor.js';
import { bridge, json } from './net/ip.js';
import { linkStorm } from './net/link-storm.js';
import { inNetns } from './net/netns.js';

/** More link messages than the largest socket buffer of the daemon holds. */
const STORM = 25_000;

const overruns = (daemon: Daemon, socket: 'link' | 'neigh'): Promise<number | undefined> =>
  daemon.metric(`bondherald_netlink_overruns_total{socket="${socket}"}`);

test('when netlink messages are lost, the failover among them is announced all the same, and the next one wholly', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const [like] = lab.guests;
  assert.ok(like);
  const missed: Guest = { ...like, mac: '52:54:00:00:07:07' };
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  daemon.signal('SIGSTOP');
  await linkStorm(BOND, STORM);
  await bridge(HYPERVISOR, [`fdb add ${missed.mac} dev tap1 master static`]);
  await lab.setActive('up2');
  const arriving = nextRound(far, lab.guests.length);
  daemon.signal('SIGCONT');
  assert.deepEqual(announced(await arriving), expected(lab.guests), 'the failover that was missed');
  const guests = 'bondherald_guests{bond="bond0",source="fdb"}';
  await until(async () => (await daemon.metric(guests)) === lab.guests.length + 1, {
    what: 'the missed guest is known',
  });
  for (const socket of ['link', 'neigh'] as const)
    assert.ok(((await overruns(daemon, socket)) ?? 0) >= 1, `overruns of the ${socket} socket are counted`);
  await lab.setActive('up1');
  const next = nextRound(far, lab.guests.length + 1);
  await lab.setActive('up2');
  assert.deepEqual(announced(await next), expected([...lab.guests, missed]), 'the failover after it');
});

test('a storm of news about the devices of guests does not get to the thread that waits for failovers', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  daemon.signal('SIGSTOP');
  await linkStorm('tap1', STORM);
  await lab.setActive('up2');
  const arriving = nextRound(far, lab.guests.length);
  daemon.signal('SIGCONT');
  assert.deepEqual(announced(await arriving), expected(lab.guests));
  await until(async () => ((await overruns(daemon, 'neigh')) ?? 0) >= 1, { what: 'the storm was one' });
  assert.equal(await overruns(daemon, 'link'), 0);
});

/** The netlink ports of the program's sockets that listen to the kernel's news. */
function listeningPorts(): number[] {
  const rows = inNetns(HYPERVISOR, () => readFileSync('/proc/thread-self/net/netlink', 'utf8'))
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
  return rows
    .filter(([, protocol, port, groups]) => protocol === '0' && port !== '0' && parseInt(groups ?? '0', 16) !== 0)
    .map(([, , port]) => Number(port));
}

function attribute(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + value.length, 0);
  header.writeUInt16LE(type, 2);
  return Buffer.concat([header, value, Buffer.alloc(-value.length & 3)]);
}

/** An RTM_NEWLINK that says that this slave of this bond has turned active. */
function forgedFailover(slave: number, bond: number): Buffer {
  const u32 = (value: number): Buffer => Buffer.from(new Uint32Array([value]).buffer);
  const slaveData = attribute(5, attribute(1, Buffer.from([0])));
  const linkInfo = attribute(18, Buffer.concat([attribute(4, Buffer.from('bond\0')), slaveData]));
  const body = Buffer.concat([u32(0), u32(slave), u32(0x11043), u32(0), attribute(10, u32(bond)), linkInfo]);
  return Buffer.concat([u32(16 + body.length), Buffer.from([16, 0, 0, 0]), u32(0), u32(0), body]);
}

test('netlink messages that do not come from the kernel, false, cut or lying about their length, change nothing', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const links = (await json('ip', HYPERVISOR, 'link', 'show')) as { ifname: string; ifindex: number }[];
  const indexOf = (name: string): number => links.find(({ ifname }) => ifname === name)?.ifindex ?? 0;
  const forged = forgedFailover(indexOf('up2'), indexOf(BOND));
  const lying = Buffer.from(forged);
  lying.writeUInt32LE(0xffff, 0);
  const ports = listeningPorts();
  assert.equal(ports.length, 3, 'a socket of each thread of the daemon is found');
  const socket = inNetns(HYPERVISOR, () => new RawNetlinkSocket(0));
  for (const bytes of [forged, forged.subarray(0, 40), lying, Buffer.alloc(16)]) {
    for (const port of ports) {
      await new Promise<void>((resolve, reject) => {
        socket.send(bytes, { port }, (error) => (error ? reject(new Error(error.code)) : resolve()));
      });
    }
  }
  socket.close();
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, lab.guests.length);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(lab.guests));
  assert.equal(await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}'), 1, 'the true one alone counts');
});
