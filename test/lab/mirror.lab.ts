import assert from 'node:assert/strict';
import { test } from 'node:test';
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
import { BONDHERALD, Daemon, runIn } from './net/daemon.js';
import { BOND, HYPERVISOR, manyBonds, plainBridge } from './net/hypervisor.js';
import { ip, json } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { inNetns } from './net/netns.js';
import { deviceIndex, inetAddress, UdpSocket } from './net/sockets.js';
import {
  acting,
  ALL,
  count,
  FALLBACK,
  FILTERS,
  isHeard,
  mirrorName,
  NOTHING,
  ours,
  programs,
  setUp,
  someTc,
  start,
  tc,
  untilSettled,
  whole,
  dummies,
  type Packets,
} from './net/mirror.js';

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
  const used = await runIn([BONDHERALD, 'cleanup']);
  assert.deepEqual([used.code, used.stdout], [1, '']);
  assert.match(used.stderr, /^bondherald: a daemon is using bh-\d+; stop it first\n$/);
  await next.stop();
  assert.deepEqual(await ours(), NOTHING);
});

test('after kill -9 the command cleanup takes away what was left, and nothing else', async (t) => {
  const { daemon } = await setUp(t);
  const qdisc = 'qdisc add dev up1 clsact';
  await someTc(qdisc, 'filter add dev up1 egress protocol all pref 49191 matchall action gact ok');
  daemon.signal('SIGKILL');
  await daemon.ended;
  const drop = ['setpriv', '--reuid=47110', '--clear-groups', '--inh-caps=-all'];
  const refused = await runIn([...drop, BONDHERALD, 'cleanup']);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(refused.stderr, /^bondherald: removing bh-\d+ needs CAP_NET_ADMIN: run this as root\n$/);
  assert.deepEqual(await ours(), whole());
  assert.deepEqual(await runIn([BONDHERALD, 'cleanup']), { code: 0, stdout: `removed ${mirrorName()}\n`, stderr: '' });
  assert.deepEqual(await ours(), NOTHING);
  assert.equal((await tc('filter', 'show', 'dev', 'up1', 'egress')).length > 0, true);
  assert.deepEqual(await runIn([BONDHERALD, 'cleanup']), { code: 0, stdout: '', stderr: '' });
});

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

test('without CAP_NET_ADMIN the daemon hears without a mirror', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const start = Daemon.start(lab, ['setpriv', '--bounding-set', '-net_admin', BONDHERALD, 'run']);
  const daemon = await start.catch((error: Error) => error);
  if (daemon instanceof Error) {
    assert.match(daemon.message, /marking frames needs CAP_NET_ADMIN/, 'before Linux 5.17 marks take it');
    return;
  }
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
    opened.look();
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
  assert.deepEqual(ways, ['socket', 'mirror'], 'nothing waits for the mirror');
});

test('with many bonds each has its mirror, one after the other, and none is said to be without', async (t) => {
  const lab = await labFor(t, { attach: manyBonds(8) });
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  await isHeard(lab, '10.9.6.1');
  for (let n = 0; n < 8; n++) await untilSettled(daemon, `bond${n}`);
  assert.doesNotMatch(daemon.stderr, /listening|warn/);
  const { stdout } = await runIn([BONDHERALD, 'status']);
  assert.doesNotMatch(stdout, /listening/);
  await daemon.stop();
  assert.doesNotMatch((await dummies()).join(), /bh-/);
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
