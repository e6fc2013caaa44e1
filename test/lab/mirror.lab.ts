import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { BondListener } from '../../src/listen/bond-listener.js';
import { KernelRequests } from '../../src/listen/kernel-requests.js';
import { ECHO_MARK } from '../../src/listen/mirror-echo.js';
import { encodeProgram } from '../../src/kernel/bpf/assembler.js';
import { snoopFilter } from '../../src/kernel/bpf/snoop-filter.js';
import type { ReadFrame } from '../../src/sys/packets/packet-reader.js';
import { OWN_FRAMES_MARK } from '../../src/sys/packets/packet-sender.js';
import { openLinkSocket } from '../../src/sys/netlink/link-socket.js';
import { ReceiveRing } from '../../src/sys/packets/receive-ring.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, runIn, writeConfig } from './net/daemon.js';
import { BOND, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { ip, json, mustRun, runBatches } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { inNetns } from './net/netns.js';
import { deviceIndex, inetAddress, UdpSocket } from './net/sockets.js';

/** What a run puts on the host: protocol and match of each pref, and how many there are. */
const FILTERS = [
  '49190 arp u32 2',
  '49191 rarp matchall 1',
  '49192 ip u32 1',
  '49193 ipv6 u32 2',
  '49194 802.1Q u32 10',
  '49195 802.1ad u32 10',
];
const ALL = FILTERS.reduce((sum, each) => sum + Number(each.split(' ').at(-1)), 0);
const FALLBACK = /^.*listening without tc.*$/gm;

interface Filter {
  pref: number;
  protocol: string;
  kind: string;
  options?: { actions?: Action[] };
}
interface Action {
  kind: string;
  direction?: string;
  mirred_action?: string;
  to_dev?: string;
  control_action?: { type: string };
  stats?: Packets;
}
interface Packets {
  packets: number;
}

async function tc(...args: string[]): Promise<unknown[]> {
  const text = await mustRun(['tc', '-n', HYPERVISOR, '-s', '-j', ...args]);
  return text.trim() === '' ? [] : (JSON.parse(text) as unknown[]);
}

/** The filters of a hook that do something; a pref also has a line of its own, which does nothing. */
async function acting(hook: 'egress' | 'ingress'): Promise<Filter[]> {
  const all = (await tc('filter', 'show', 'dev', BOND, hook)) as Filter[];
  return all.filter(({ options }) => options?.actions);
}

/** How many there are of each kind: `pref protocol match count`. */
function counted(filters: readonly Filter[]): string[] {
  const counts = new Map<string, number>();
  for (const { pref, protocol, kind } of filters) {
    const key = `${pref} ${protocol} ${kind}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} ${count}`).sort();
}

const mirrorName = (): string => `bh-${deviceIndex(HYPERVISOR, BOND)}`;

async function dummies(): Promise<string[]> {
  const links = (await json('ip', HYPERVISOR, 'link', 'show', 'type', 'dummy')) as { ifname: string }[];
  return links.map(({ ifname }) => ifname);
}

async function hasClsact(): Promise<boolean> {
  const qdiscs = (await tc('qdisc', 'show', 'dev', BOND)) as { kind: string }[];
  return qdiscs.some(({ kind }) => kind === 'clsact');
}

/** How many programs the host holds as actions of tc. */
async function programs(): Promise<number> {
  return (await mustRun(['tc', '-n', HYPERVISOR, 'actions', 'list', 'action', 'bpf'])).split('bytecode').length - 1;
}

/** Everything of ours on the host. */
async function ours(): Promise<unknown> {
  return { dummies: await dummies(), clsact: await hasClsact(), filters: counted(await acting('egress')) };
}

const whole = (): unknown => ({ dummies: [mirrorName()], clsact: true, filters: FILTERS });
const NOTHING = { dummies: [], clsact: false, filters: [] };

async function setUp(t: TestContext, before: (lab: Lab) => unknown = () => undefined) {
  const lab = await labFor(t, { attach: plainBridge(1) });
  await before(lab);
  return { lab, daemon: await start(lab) };
}

const start = (lab: Lab): Promise<Daemon> => Daemon.start(lab, [BONDHERALD, 'run']);
const someTc = (...lines: string[]): Promise<void> => runBatches([{ tool: 'tc', netns: HYPERVISOR, lines }]);

/** Waits until the guest's address is known: only a frame that left says it. */
async function isHeard(lab: Lab, address: string): Promise<void> {
  const guest = lab.guest('g1');
  const listed = async (): Promise<boolean> => {
    lab.inject(guest.netns, guest.device, say.arp({ src: guest.mac }, { spa: address, tpa: address }));
    return (await runIn([BONDHERALD, 'guests', '--json'])).stdout.includes(`"${address}"`);
  };
  await until(listed, { what: `${address} is heard`, every: 50 });
}

test('the copies come from filters of ours and a device of ours, and both go with the daemon', async (t) => {
  const { lab, daemon } = await setUp(t);
  assert.deepEqual(await ours(), whole());
  const ways = new Map<string, number>();
  for (const { options } of await acting('egress')) {
    const said = options?.actions?.map(({ kind, mirred_action: how = '', to_dev: to = '', control_action: then }) =>
      [kind, how, to, ...(kind === 'mirred' ? [then?.type] : [])].join(' ').trim(),
    );
    const way = said?.join(', ') ?? '';
    ways.set(way, (ways.get(way) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(ways), {
    [`bpf, mirred mirror ${mirrorName()} continue`]: ALL - 1,
    [`mirred redirect ${mirrorName()} stolen`]: 1, // the mirror's own frames, by which it is tried
  });
  assert.deepEqual(await acting('ingress'), []);
  const [link] = (await json('ip', HYPERVISOR, 'address', 'show', mirrorName())) as {
    flags: string[];
    addr_info: unknown[];
  }[];
  assert.ok(link?.flags.includes('UP') && link.flags.includes('NOARP'));
  assert.deepEqual(link?.addr_info, [], 'it has no address');

  await isHeard(lab, '10.9.0.1');
  assert.equal((await runIn([BONDHERALD, 'guests'])).stdout.includes(mirrorName()), false);
  assert.doesNotMatch(daemon.stderr, FALLBACK);
  assert.equal(await programs(), 1);
  await daemon.stop();
  assert.deepEqual(await ours(), NOTHING);
  assert.equal(await programs(), 0);
});

test('of what we send ourselves no copies are made, and filters of others see it', async (t) => {
  const { lab } = await setUp(t);
  await someTc(`filter add dev ${BOND} egress protocol all pref 60000 matchall action ok`);
  await isHeard(lab, '10.9.0.1');
  /** How often the filters of a pref have acted in their last action, which is the copy. */
  const count = async (pref: number): Promise<number> =>
    (await acting('egress'))
      .filter((filter) => filter.pref === pref)
      .reduce((sum, { options }) => sum + (options?.actions?.at(-1)?.stats?.packets ?? 0), 0);
  const before = { copied: await count(49191), seen: await count(60000) };
  assert.equal((await runIn([BONDHERALD, 'announce', BOND])).code, 0);
  assert.equal(await count(49191), before.copied);
  assert.ok((await count(60000)) > before.seen);
});

test('after kill -9 the next run takes over what was left, and takes it all away', async (t) => {
  const { lab, daemon } = await setUp(t);
  daemon.signal('SIGKILL');
  await daemon.ended;
  assert.deepEqual(await ours(), whole(), 'this is left');
  const next = await start(lab);
  assert.deepEqual(await ours(), whole(), 'one set');
  await isHeard(lab, '10.9.0.2');
  assert.doesNotMatch(next.stderr, FALLBACK);
  await next.stop();
  assert.deepEqual(await ours(), NOTHING);
});

/** Somebody else's qdisc with a filter that counts what leaves and then ends the search. */
const count = (pref: number): string =>
  `filter add dev ${BOND} egress protocol all pref ${pref} matchall action gact ok index 77`;

async function packetsCounted(): Promise<number> {
  const theirs = (await acting('egress')).find(({ options }) => options?.actions?.[0]?.kind === 'gact');
  return theirs?.options?.actions?.[0]?.stats?.packets ?? NaN;
}

/** Whether somebody else's filter still sees a guest's ARP. */
async function assertCounting(lab: Lab): Promise<void> {
  const before = await packetsCounted();
  const { netns, device, mac } = lab.guest('g1');
  lab.inject(netns, device, say.arp({ src: mac }, { spa: '10.9.0.9', tpa: '10.9.0.9' }));
  await until(async () => (await packetsCounted()) > before, { what: 'somebody else’s filter counts' });
}

test('somebody else’s filter after ours sees all that it did, and stays with its qdisc', async (t) => {
  const theirs = '60000 all matchall 1';
  const { lab, daemon } = await setUp(t, () => someTc(`qdisc add dev ${BOND} clsact`, count(60_000)));
  assert.deepEqual(await ours(), { ...(whole() as object), filters: [...FILTERS, theirs] });
  await isHeard(lab, '10.9.0.3');
  await assertCounting(lab);
  await daemon.stop();
  assert.deepEqual(await ours(), { ...NOTHING, clsact: true, filters: [theirs] });
  await assertCounting(lab);
});

test('a filter of somebody else that is asked before ours could hide frames: they are heard without tc', async (t) => {
  const { lab, daemon } = await setUp(t, () => someTc(`qdisc add dev ${BOND} clsact`, count(10)));
  assert.match(daemon.stderr, /listening without tc.*pref 10, comes before ours/);
  await isHeard(lab, '10.9.0.4');
  await assertCounting(lab);
  await daemon.stop();
  assert.deepEqual(await ours(), { ...NOTHING, clsact: true, filters: ['10 all matchall 1'] });
});

test('a qdisc of ours that others have filters on by now stays', async (t) => {
  const { daemon } = await setUp(t);
  await someTc(`filter add dev ${BOND} ingress protocol all pref 5 matchall action gact ok`);
  await daemon.stop();
  assert.equal((await acting('ingress')).length, 1);
  assert.deepEqual(await ours(), { ...NOTHING, clsact: true });
});

test('where there can be no mirror the daemon says so once, leaves nothing and hears all the same', async (t) => {
  const { lab, daemon } = await setUp(t, () => ip(HYPERVISOR, [`link add ${mirrorName()} type bridge`]));
  await isHeard(lab, '10.9.0.5');
  await lab.setActive('up2');
  await lab.untilActive('up2');
  await isHeard(lab, '10.9.0.6');
  const [line, ...more] = daemon.stderr.match(FALLBACK) ?? [];
  assert.match(String(line), /bond0.*device bh-\d+ exists, and bondherald did not create it/);
  assert.deepEqual(more, []);
  assert.deepEqual(await ours(), NOTHING);
  await daemon.stop();
  assert.equal(((await json('ip', HYPERVISOR, 'link', 'show', mirrorName())) as unknown[]).length, 1, 'theirs stays');
});

/** How the daemon says that it hears: the one of the three gauges that is 1. */
async function heardBy(daemon: Daemon): Promise<string> {
  const ways = ['mirror', 'socket', 'deaf'];
  const values = await Promise.all(
    ways.map((how) => daemon.metric(`bondherald_listening{bond="${BOND}",how="${how}"}`)),
  );
  assert.deepEqual(values.toSorted(), [0, 0, 1]);
  return ways[values.indexOf(1)] ?? '';
}

const untilHeardBy = (daemon: Daemon, how: string): Promise<unknown> =>
  until(async () => (await heardBy(daemon)) === how, { what: `hears by ${how}`, every: 50 });

const mirrorIsBack = (): Promise<unknown> =>
  until(async () => (await acting('egress')).length === ALL, { what: 'the filters are back' });

test('a mirror that somebody takes away is put back, however often; in between a packet socket hears', async (t) => {
  const { lab, daemon } = await setUp(t);
  const clsact = `qdisc del dev ${BOND} clsact`;
  const ways = [
    () => someTc(clsact),
    () => ip(HYPERVISOR, [`link set ${mirrorName()} down`]),
    () => ip(HYPERVISOR, [`link del ${mirrorName()}`]),
    () => someTc(clsact),
    () => someTc(`filter del dev ${BOND} egress pref 49193`),
  ];
  for (const [n, takeAway] of ways.entries()) {
    await takeAway();
    await isHeard(lab, `10.9.1.${n + 1}`);
    await mirrorIsBack();
    assert.deepEqual(await ours(), whole());
  }
  await untilHeardBy(daemon, 'mirror');
  const [again, fallback, back] = [/set up the tc filters of a bond again/g, FALLBACK, /listening with tc again/g].map(
    (line) => daemon.stderr.match(line)?.length ?? 0,
  );
  assert.ok((again ?? 0) >= 1, 'the first was put back at once');
  assert.deepEqual([(again ?? 0) + (fallback ?? 0), back], [ways.length, fallback], daemon.stderr);
  await daemon.stop();
  assert.deepEqual(await ours(), NOTHING);
});

test('an ingress qdisc that is there first is left alone, and what comes in is not taken for what left', async (t) => {
  const { lab, daemon } = await setUp(t, () => someTc(`qdisc add dev ${BOND} handle ffff: ingress`));
  assert.match(daemon.stderr, /listening without tc.*qdisc ingress has the place of clsact/);
  assert.equal(await heardBy(daemon), 'socket');
  assert.deepEqual(await ours(), NOTHING);
  assert.deepEqual(await acting('ingress'), []);
  const { mac } = lab.guest('g1');
  await isHeard(lab, '10.9.6.1');
  lab.inject('client', 'eth0', say.arp({ src: mac }, { spa: '10.9.6.9', tpa: '10.9.6.9' }));
  const reason = async (): Promise<string | null> => {
    const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
    const { bonds } = JSON.parse(stdout) as { bonds: { guests: { mac: string; reason: string | null }[] }[] };
    return bonds[0]?.guests.find((guest) => guest.mac === mac)?.reason ?? null;
  };
  await until(async () => (await reason()) === 'seen-on-uplink', { what: 'the guest has moved away', every: 50 });

  const { stdout } = await runIn([BONDHERALD, 'doctor', '--json']);
  const { findings } = JSON.parse(stdout) as { findings: { id: string; finding: string; cure: string }[] };
  const found = findings.find(({ id }) => id === 'listening-by-socket');
  assert.match(String(found?.finding), /qdisc ingress has the place of clsact.*guests\.sources\.snoop: socket/);
  assert.equal(found?.cure, `tc qdisc show dev ${BOND}`);

  await someTc(`qdisc del dev ${BOND} ingress`);
  await daemon.logs(/listening with tc again/);
  assert.deepEqual([await heardBy(daemon), await ours()], ['mirror', whole()]);
  await daemon.stop();
});

test('sources.snoop: socket leaves the place of the qdisc to others, from the reload on', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const file = writeConfig(t, 'guests: {sources: {snoop: true}}');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', file]);
  const ingress = `qdisc add dev ${BOND} handle ffff: ingress`;
  await assert.rejects(someTc(ingress), /File exists|Exclusivity flag on/);
  writeFileSync(file, 'guests: {sources: {snoop: socket}}');
  daemon.signal('SIGHUP');
  await daemon.logs(/configuration reloaded.*snoop: true -> socket/);
  await untilHeardBy(daemon, 'socket');
  await someTc(ingress);
  await isHeard(lab, '10.9.7.1');
  assert.deepEqual(await ours(), NOTHING);
  assert.equal((await runIn([BONDHERALD, 'doctor'])).stdout.includes('packet socket'), false, 'it is wanted so');
  writeFileSync(file, 'guests: {sources: {snoop: false}}');
  daemon.signal('SIGHUP');
  await untilHeardBy(daemon, 'deaf');
  await daemon.stop();
});

test('a filter put before ours ends the mirror until it is gone', async (t) => {
  const { lab, daemon } = await setUp(t);
  await someTc(count(20));
  await daemon.logs(/listening without tc.*pref 20, comes before ours/);
  await isHeard(lab, '10.9.3.2');
  assert.deepEqual(await ours(), { ...NOTHING, clsact: true, filters: ['20 all matchall 1'] });
  await someTc(`filter del dev ${BOND} egress pref 20`);
  await daemon.logs(/listening with tc again/);
  await isHeard(lab, '10.9.3.3');
  await daemon.stop();
});

test('without CAP_NET_ADMIN the daemon hears without a mirror', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const daemon = await Daemon.start(lab, ['setpriv', '--bounding-set', '-net_admin', BONDHERALD, 'run']);
  await isHeard(lab, '10.9.4.1');
  assert.match(daemon.stderr, /listening without tc.*EPERM/);
  assert.deepEqual(await ours(), NOTHING);
  await daemon.stop();
});

test('a bond that is deleted and made again is heard by a mirror of its own', async (t) => {
  const { lab, daemon } = await setUp(t);
  const old = mirrorName();
  const slaves = ['up1', 'up2'];
  await ip(HYPERVISOR, [
    `link del ${BOND}`,
    'link add between type bridge', // takes the next ifindex
    `link add ${BOND} type bond mode active-backup miimon 100`,
    ...slaves.flatMap((slave) => [`link set ${slave} down`, `link set ${slave} master ${BOND}`]),
    `link set ${BOND} up`,
    `link set ${BOND} master br0`,
  ]);
  assert.notEqual(mirrorName(), old);
  await until(async () => (await acting('egress')).length === ALL, { what: 'the filters are there' });
  await until(async () => !(await dummies()).includes(old), { what: 'the old device is gone' });
  await lab.untilUp('up1');
  await isHeard(lab, '10.9.2.1');
  assert.deepEqual(await ours(), whole());
  await daemon.stop();
  assert.deepEqual(await ours(), NOTHING);
});

test('a copy of what a guest’s own stack sends says that hardware was to fill the checksum in', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const { netns, device, mac } = lab.guest('g1');
  await ip(netns, [
    `address add 10.9.5.1/24 dev ${device}`,
    `neigh add 10.9.5.77 lladdr 52:54:00:aa:00:01 dev ${device} nud permanent`,
  ]);
  const ways: string[] = [];
  const filter = encodeProgram(snoopFilter(OWN_FRAMES_MARK, ECHO_MARK));
  const ear = inNetns(HYPERVISOR, () => {
    const requests = new KernelRequests(openLinkSocket(0));
    lab.onDestroy(() => requests.close());
    const tools = { requests, filter, ring: new ReceiveRing(), now: () => 0 };
    const opened = new BondListener(deviceIndex(HYPERVISOR, BOND), tools, ({ how }) => ways.push(how));
    opened.open();
    return opened;
  });
  lab.onDestroy(() => ear.close());
  const socket = new UdpSocket(netns);
  lab.onDestroy(() => socket.close());

  const PAYLOAD = Buffer.from('is this a request for an address?');
  const heard: unknown[] = [];
  const hear = (): boolean => {
    const take = ({ bytes, direction, checksumReady }: ReadFrame): void => {
      if (Buffer.from(bytes).includes(PAYLOAD)) heard.push({ direction, checksumReady });
    };
    ear.read(100, take, () => undefined);
    return heard.length > 0;
  };
  socket.send(PAYLOAD, inetAddress('10.9.5.77', 67));
  await until(hear, { what: 'the copy' });
  assert.deepEqual(heard, [{ direction: 'out', checksumReady: false }]);

  heard.length = 0;
  const whole = say.udp4({ src: mac }, { from: '10.9.5.1' }, PAYLOAD.toString('hex'));
  lab.inject(netns, device, whole);
  await until(hear, { what: 'the copy of a whole frame' });
  assert.deepEqual(heard, [{ direction: 'out', checksumReady: true }]);
  assert.deepEqual(ways, ['mirror']);
});

test('the host itself gets each frame once', async (t) => {
  const { lab, daemon } = await setUp(t);
  await ip(HYPERVISOR, ['address add 10.9.0.200/24 dev br0', 'link set br0 up']);
  const asking = '52:54:00:aa:00:07';
  const answers = capture(lab, 'client', 'eth0', { filter: `arp and ether dst ${asking}` });
  lab.inject('client', 'eth0', say.arp({ src: asking }, { spa: '10.9.0.7', tpa: '10.9.0.200' }));
  await answers.waitFor(() => true);
  await answers.settled();
  assert.equal(answers.frames.length, 1);
  const [link] = (await json('ip', HYPERVISOR, '-s', 'link', 'show', mirrorName())) as { stats64: { tx: Packets } }[];
  assert.ok((link?.stats64.tx.packets ?? 0) > 0, 'copies are sent by a device that throws away what is sent');
  assert.deepEqual(await acting('ingress'), []);
  await daemon.stop();
});
