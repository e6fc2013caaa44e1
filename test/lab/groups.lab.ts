import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dissect } from '../support/dissect.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { type Capture, capture, type CapturedFrame } from './net/capture.js';
import { BONDHERALD, Daemon, labWithDaemon, runIn } from './net/daemon.js';
import { BOND, type Guest, type Hypervisor } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { untilListed } from './net/listed.js';
import { ipv6On, join, letSwitchesSnoop, untilSnooped } from './net/multicast.js';
import { Stream } from './net/stream.js';
import { untilAddresses } from './net/words.js';

/** By the first round, not the second, on a machine as busy as any; a quiet one takes a tenth, and the test says how long. */
const LIMIT_MS = 1000;
const QUERIER = { src: '02:00:00:00:0c:99' };
const QUERIER_IP = { 4: '10.77.0.254', 6: 'fe80::c99' } as const;
const OUTSIDE = 'fe80::c01';

/** Everything that hosts say of groups, tagged or not, and what we send before it. */
const GROUPS_FILTER = ['', 'vlan and '].map((tags) => `(${tags}(rarp or igmp or (ip6 and ip6[6] == 0)))`).join(' or ');

/** Two guests untagged, one in VLAN 905. */
function threeGuests(hv: Hypervisor): void {
  hv.bridge('br0');
  hv.port('br0', BOND);
  hv.guest('br0');
  hv.guest('br0');
  hv.bridge('br905');
  hv.port('br905', hv.vlan(BOND, 905));
  hv.guest('br905', { wire: [905] });
}

const SNOOPING = { attach: threeGuests, switchVlans: [905] };

/** The querier, behind the second switch, asks everybody. */
function query(lab: Lab, family: 4 | 6, version: number, tags: number[] = []): void {
  lab.inject('client', 'eth0', say.groupQuery({ ...QUERIER, tags }, QUERIER_IP[family], version));
}

const isRarp = ({ bytes }: CapturedFrame): boolean => dissect(bytes).etherType === 0x8035;

/** The frames of a guest about groups, in hexadecimal, padded to 60 bytes as a NIC does. */
const saidBy = ({ frames }: Capture, { mac }: Guest): string[] =>
  frames
    .filter((frame) => !isRarp(frame) && dissect(frame.bytes).src === mac)
    .map(({ bytes }) => bytes.toString('hex').padEnd(120, '0'));

test('IPv4 multicast of any source and of one, in a VLAN and untagged, is back as soon as the link is', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, SNOOPING);
  await letSwitchesSnoop();
  await ip('client', ['route add 239.1.0.0/16 dev eth0', 'route add 232.1.0.0/16 dev eth0']);
  await ip('client', ['route add 239.9.0.0/16 dev eth0.905']);
  query(lab, 4, 3);
  const [any, one, tagged] = [lab.guest('g1'), lab.guest('g2'), lab.guest('g3')];
  const groups = [[any, '239.1.1.1'], [one, '232.1.1.1'], [tagged, '239.9.1.1']] as const; // prettier-ignore
  join(lab, any, '239.1.1.1');
  join(lab, one, '232.1.1.1', '10.77.0.251');
  join(lab, tagged, '239.9.1.1');
  for (const [, group] of groups) await untilSnooped('sw2', group, 'p-isl');
  const stream = await Stream.start(lab, { guests: groups.map(([guest, group]) => ({ ...guest, ip: group })) });
  const far = capture(lab, 'sw2', 'p-hv', { filter: GROUPS_FILTER });
  await lab.cutLink(1);
  const { time } = await far.waitFor(isRarp);
  await stream.arrivesAgain();
  await stream.goesOn(100);
  for (const { guest, outages, darkAtEnd } of await stream.stop()) {
    assert.ok(!darkAtEnd && outages.length === 1, `${guest.ip}: ${JSON.stringify(outages)}`);
    const late = (outages[0]?.to ?? 0) - time;
    t.diagnostic(`${guest.ip} is back ${late.toFixed(0)} ms after the first RARP`);
    assert.ok(late <= LIMIT_MS, `${guest.ip}: back ${late} ms after the first RARP`);
  }
  assert.equal(await daemon.metric('bondherald_frames_sent_total{bond="bond0",kind="mcast"}'), 3);
});

/** A record of a report as its beginning in hexadecimal: RFC 3376 section 4.2.12 has the types. */
const record = (type: number, group: string, sources: string[] = []): string => say.groupRecord(type, group, sources);

/** What a guest's kernel says by itself when it joins and leaves, and may say once more at any time. */
const CHANGES = [record(4, '239.1.1.1'), record(4, '239.1.1.2'), record(3, '239.1.1.3'), record(4, 'ff05::c')];

/** What a guest's kernel answers to the querier, once it has answered for as many groups as it is in. */
async function answers(lab: Lab, own: Capture, guest: Guest, versions: [4 | 6, number, number][]): Promise<string[]> {
  own.frames.length = 0;
  for (const [family, version] of versions) query(lab, family, version);
  const count = versions.reduce((sum, [, , frames]) => sum + frames, 0);
  const said = (): string[] => saidBy(own, guest).filter((hex) => !CHANGES.some((change) => hex.includes(change)));
  await until(() => said().length >= count, { what: `${count} answers of ${guest.name}`, every: 5 });
  await own.settled();
  return [...new Set(said())].sort();
}

/** Has the bond go to the other link. @returns what a guest says of its groups there, in two rounds */
async function saidAgain(lab: Lab, guest: Guest): Promise<string[]> {
  const other = lab.activeSlave() === 'up1' ? 2 : 1;
  const far = capture(lab, `sw${other}`, 'p-hv', { filter: GROUPS_FILTER });
  await lab.setActive(`up${other}`);
  const rarps = (): number =>
    far.frames.filter((frame) => isRarp(frame) && dissect(frame.bytes).src === guest.mac).length;
  await until(() => rarps() >= 3, { what: 'the third round', every: 5 });
  await far.settled();
  far.stop();
  const all = saidBy(far, guest);
  const once = [...new Set(all)].sort();
  assert.equal(all.length, 2 * once.length, 'each is said in two rounds, and not in the third');
  return once;
}

test('what is said again is, byte for byte, what the kernel of the guest answers to the querier', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, SNOOPING);
  const [guest, moved, hostile] = [lab.guest('g1'), lab.guest('g2'), lab.guest('g3')];
  const own = capture(lab, 'hv', String(guest.port), { filter: GROUPS_FILTER });
  const others = capture(lab, 'hv', String(moved.port), { filter: GROUPS_FILTER });
  await ipv6On(guest.netns, guest.device, '2001:db8::1');
  for (const group of ['239.1.1.1', '239.1.1.2', 'ff05::c']) join(lab, guest, group);
  join(lab, guest, '232.1.1.1', '10.77.0.251');
  join(lab, guest, '239.1.1.3').leave();
  join(lab, moved, '239.1.1.4'); // in IGMPv2 who hears another report of its group says nothing (RFC 2236 section 3)
  lab.inject('client', 'eth0', say.arp({ src: moved.mac }, { spa: moved.ip, tpa: moved.ip }));
  await untilListed(`${guest.mac} null null`, `${moved.mac} null seen-on-uplink`, `${hostile.mac} 905 null`);
  // Kernels say twice what has changed (RFC 3376 section 4.2.12), from their address once they have one.
  const local = say.v6('fe80::5054:ff:fe00:1');
  const isOver = (change: string): boolean =>
    saidBy(own, guest).filter((hex) => hex.includes(change) && (hex.includes('94040000') || hex.includes(local)))
      .length >= 2;
  await until(() => CHANGES.every(isOver), { what: 'the kernel has said its changes', every: 20 });
  const latest = await answers(lab, own, guest, [[4, 3, 1], [6, 2, 1]]); // prettier-ignore
  await others.settled();
  const heard = saidBy(others, guest).length;
  assert.deepEqual(await saidAgain(lab, guest), latest);
  await others.settled();
  assert.equal(saidBy(others, guest).length, heard, 'nothing is said to other guests');
  assert.ok(!latest.join().includes(record(2, '239.1.1.3')) && latest.join().includes(record(2, '239.1.1.2')));

  const older = await answers(lab, own, guest, [[4, 2, 3], [6, 1, 2]]); // prettier-ignore
  const floods = Array.from({ length: 600 }, (_, n) => flood(hostile, n));
  lab.inject(hostile.netns, hostile.device, ...floods);
  assert.deepEqual(await saidAgain(lab, guest), older);
  const evictions = 'bondherald_guest_evictions_total{reason="groups-per-guest"}';
  assert.ok(Number(await daemon.metric(evictions)) > 0);
  const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
  const { bonds } = JSON.parse(stdout) as { bonds: { guests: { mac: string; groups: string[] }[] }[] };
  const groupsOf = (of: Guest) => bonds[0]?.guests.find(({ mac }) => mac === of.mac)?.groups.length;
  assert.deepEqual([groupsOf(guest), groupsOf(hostile)], [5, 16]);
});

/** 170 more groups that a guest claims to be in, from the address of another. */
function flood({ mac }: Guest, n: number): Buffer {
  const group = (i: number): string =>
    `239.${Math.floor((170 * n + i) / 65536) + 2}.${((170 * n + i) >> 8) & 255}.${(170 * n + i) & 255}`;
  const records = Array.from({ length: 170 }, (_, i) => record(4, group(i)));
  return say.groupReport({ src: mac }, '10.77.0.1', ...records);
}

test('a new IPv6 neighbour finds a silent guest at once, whose kernel has said nothing since the start', async (t) => {
  const lab = await labFor(t, SNOOPING);
  const guest = lab.guest('g1');
  const [address, group] = ['2001:db8::1', 'ff02::1:ff00:1'];
  await letSwitchesSnoop();
  await ipv6On(guest.netns, guest.device, address);
  await ipv6On('client', 'eth0', '2001:db8::c1');
  query(lab, 6, 2);
  await untilSnooped('sw2', group, 'p-isl');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  lab.inject(guest.netns, guest.device, say.ns({ src: guest.mac }, { from: address, target: '2001:db8::fe' }));
  await untilAddresses(guest.mac, [address]);
  const far = capture(lab, 'sw2', 'p-hv', { filter: GROUPS_FILTER });
  const answered = capture(lab, 'client', 'eth0', { filter: `ether src ${guest.mac} and icmp6 and ip6[40] == 136` });
  await lab.cutLink(1);
  await far.waitFor(isRarp);
  answered.frames.length = 0; // our own NAs
  const asked = { src: '02:00:00:00:0c:01', dst: '33:33:ff:00:00:01' };
  const ask = (): void => lab.inject('client', 'eth0', say.ns(asked, { from: OUTSIDE, to: group, target: address }));
  ask();
  const again = setTimeout(ask, 1000); // RetransTimer (RFC 4861 section 10)
  const { bytes } = await answered.waitFor(({ bytes: each }) => each.subarray(0, 6).toString('hex') === '020000000c01');
  clearTimeout(again);
  assert.equal(dissect(bytes).src, guest.mac);
  await daemon.stop();
});
