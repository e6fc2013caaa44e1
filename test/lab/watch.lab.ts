import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon, runIn, SCRATCH } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import type { Guest, Hypervisor } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';

/** Several programs start at once on the one CPU of the lab. */
const SLOW = { timeout: 60_000 };

const SWITCH = '52:54:00:aa:00:01';

/** Guests without a tag, in VLANs 10 and 905, in 802.1Q in 802.1ad, and in 802.1Q in 802.1Q. */
function everyTag(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', 'bond0', { tagged: [10] });
  hv.guest('br0', { wire: [] });
  hv.guest('br0', { access: 10, wire: [10] });
  hv.bridge('br905');
  hv.port('br905', hv.vlan('bond0', 905));
  hv.guest('br905', { wire: [905] });
  hv.bridge('br20');
  hv.port('br20', hv.vlan(hv.vlan('bond0', 100, '802.1ad'), 20));
  hv.guest('br20', { wire: [{ tpid: 0x88a8, vid: 100 }, 20] });
  hv.bridge('br40');
  hv.port('br40', hv.vlan(hv.vlan('bond0', 30), 40));
  hv.guest('br40', { wire: [30, 40] });
}

/** As a line of `watch` has the VLANs of the guests. */
const VLANS = ['-', '10', '905', '100(ad)/20', '30/40'];

interface Seen {
  link: string;
  direction: string;
  kind: string;
  mac: string;
  vlan: number | null;
  address: string | null;
  ours: boolean | null;
}

const documents = ({ stdout }: Daemon): Seen[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Seen);

/** The lines without their times, each as words with one blank between. */
const lines = ({ stdout }: Daemon): string[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace(/^[\d:.]+ +/, '').replaceAll(/ +/g, ' '));

async function shows(watch: Daemon, wanted: readonly string[]): Promise<void> {
  const missing = (): string[] => wanted.filter((line) => !lines(watch).includes(line));
  await until(() => missing().length === 0, { what: 'the watch shows every frame' }).catch((error: Error) => {
    throw new Error(`${error.message}; missing:\n${missing().join('\n')}\nof:\n${watch.stdout}${watch.stderr}`);
  });
}

/** The exit status. Rejects when it does not end. */
async function endOf(watch: Daemon): Promise<number | NodeJS.Signals | null> {
  const status = { of: null as number | NodeJS.Signals | null };
  void watch.ended.then((of) => (status.of = of));
  await until(() => status.of !== null, { what: 'it ends', timeout: 20_000 }).catch((error: Error) => {
    throw new Error(`${error.message}\n${watch.stdout}${watch.stderr}`);
  });
  return status.of;
}

const watching = (lab: Lab, ...args: string[]): Promise<Daemon> =>
  Daemon.start(lab, [BONDHERALD, 'watch', 'bond0', ...args], SLOW);

const addressOf = (at: number): string => `10.0.0.${at + 1}`;
const speak = (lab: Lab, { netns, device, mac }: Guest, at: number): void =>
  lab.inject(netns, device, arpFrom(mac, addressOf(at)));

/** Fails by itself unless each does what it is to do. */
async function refusals(): Promise<void> {
  mkdirSync(SCRATCH, { recursive: true });
  const withoutPcap = `${SCRATCH}/without-pcap.cjs`;
  writeFileSync(
    withoutPcap,
    `const { Module } = require('node:module'); const resolve = Module._resolveFilename;
     Module._resolveFilename = (name, ...rest) => resolve(name === 'pcap' ? 'no-such-module' : name, ...rest);`,
  );
  const watch = [BONDHERALD, 'watch', 'bond0'];
  const drop = ['setpriv', '--reuid=47110', '--clear-groups', '--inh-caps=-all'];
  const cases: [string[], number, RegExp, Record<string, string>?][] = [
    [[...watch, 'arp', 'and'], 2, /^bondherald: FILTER arp and: .*syntax error.*\n$/],
    [[...watch, '--count', '0'], 2, /^bondherald: --count 0: expected a number .*\n$/],
    [[BONDHERALD, 'watch', 'bond7'], 2, /^bondherald: bond7: no such device; .*: bond0\n$/],
    [[...drop, ...watch], 1, /^bondherald: capturing needs CAP_NET_RAW: run this as root .*\n$/],
    [watch, 1, /^bondherald: .*libpcap-dev.*npm install pcap.*\n$/, { NODE_OPTIONS: `--require=${withoutPcap}` }],
  ];
  for (const [argv, code, words, env] of cases) {
    const done = await runIn(argv, env ? { env } : {});
    assert.deepEqual([done.code, done.stdout], [code, ''], done.stderr);
    assert.match(done.stderr, words);
  }
}

test('a failover is seen on both links, frame by frame: which way, with which tags, ours or not', async (t) => {
  const lab = await labFor(t, { bond: { miimon: 100 }, attach: everyTag });
  const all = await watching(lab);
  const tagged = await watching(lab, 'vlan', '905', '--json');
  const counted = await watching(lab, '--json', '--count=3', `arp or (vlan and arp)`);
  const pipe = ['timeout', '90', 'sh', '-c', '"$0" watch bond0 | head -n 1', BONDHERALD];
  const piped = await Daemon.start(lab, pipe, SLOW);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run'], SLOW);
  assert.match(all.stderr, /^bondherald: watching up1, up2 of bond0, ready; press Ctrl-C to stop\n$/);

  lab.guests.forEach((guest, at) => speak(lab, guest, at));
  const [first] = lab.guests;
  assert.ok(first);
  const na = say.na({ src: first.mac, tags: [] }, { from: '2001:db8::1', target: '2001:db8::1', flags: 0x20 });
  lab.inject(first.netns, first.device, na);
  const spoken = (link: string): string[] =>
    lab.guests.map(({ mac }, at) => `${link} garp ${mac} ${VLANS[at]} not ours ${addressOf(at)}`);
  // The switches flood: what leaves by the active link comes back by the other one.
  await shows(all, [
    ...spoken('up1 out'),
    ...spoken('up2 in'),
    `up1 out na ${first.mac} - not ours 2001:db8::1 override`,
  ]);
  assert.equal(await endOf(counted), 0);
  assert.deepEqual([documents(counted).length, /\n.*: 3 frames, 0 dropped.*\n$/.test(counted.stderr)], [3, true]);

  await lab.cutLink(1);
  await lab.untilActive('up2');
  const announced = lab.guests.flatMap(({ mac }, at) => [
    `up2 out rarp ${mac} ${VLANS[at]} ours -`,
    `up2 out garp ${mac} ${VLANS[at]} ours ${addressOf(at)}`,
  ]);
  await shows(all, [...announced, `up2 out na ${first.mac} - ours 2001:db8::1 override`]);

  await lab.mendLink(1);
  await lab.untilUp('up1');
  const asks = (n: number): Buffer => say.arp({ src: SWITCH, tags: [] }, { spa: `10.0.9.${n}`, tpa: addressOf(0) });
  lab.inject('sw1', 'p-hv', asks(1));
  lab.inject('sw2', 'p-hv', asks(2));
  const comes = (link: string, n: number): string =>
    `${link} in arp-request ${SWITCH} - not ours 10.0.9.${n} asks for ${addressOf(0)}`;
  await shows(all, [comes('up1', 1), comes('up2', 2)]);
  await daemon.stop();

  const g905 = lab.guests[2];
  assert.ok(g905);
  const kinds = (): Set<string> =>
    new Set(documents(tagged).map(({ direction, kind, ours }) => `${direction} ${kind} ${ours}`));
  for (const kind of ['out garp false', 'in garp false', 'out rarp true', 'out garp true'])
    await until(() => kinds().has(kind), { what: `${kind} is seen with the tag` });
  const kept = documents(tagged);
  for (const { mac, vlan, direction, link, kind, ours } of kept) {
    assert.deepEqual([mac, vlan], [g905.mac, 905]);
    if (kind === 'rarp' && direction === 'out') assert.deepEqual([link, ours], ['up2', true]);
  }

  assert.equal(await endOf(piped), 0, 'head has seen enough');
  assert.equal(piped.stdout.split('\n').length, 2);
  assert.match(piped.stderr, /^[^\n]*ready; press Ctrl-C to stop\n(?!.*(EPIPE|error))/);
  await tagged.stop();

  await links(lab, all);
  all.signal('SIGINT');
  assert.equal(await endOf(all), 0);
  assert.match(all.stderr, /\nbondherald: \d+ frames, 0 dropped by the kernel\n$/);
  for (const line of lines(all)) assert.match(line, /^up[12] (in|out) \S+ [0-9a-f:]{17} \S+ (ours\??|not ours) \S/);

  await refusals();
});

/** A link that leaves the bond is followed no more, and one that joins it, or comes back, is heard again. */
async function links(lab: Lab, all: Daemon): Promise<void> {
  await ip('hv', ['link set up1 nomaster']);
  await all.logs(/up1 has left the bond\n.*watching up2 of bond0/);
  await ip('hv', ['link set up1 down', 'link set up1 master bond0']);
  await all.logs(/watching up2, up1 of bond0/);
  await lab.untilUp('up1');
  await ip('hv', ['link set up1 down']);
  await all.logs(/cannot capture on up1: [^\n]*not up\n.*watching up2 of bond0/);
  await ip('hv', ['link set up1 up']);
  await all.logs(/not up\n.*watching up2 of bond0[^\n]*\n.*watching up2, up1/);
  await lab.untilUp('up1');
  const hello = say.arp({ src: SWITCH, tags: [] }, { spa: '10.0.9.3', tpa: '10.0.9.4' });
  lab.inject('sw1', 'p-hv', hello);
  await shows(all, [`up1 in arp-request ${SWITCH} - not ours 10.0.9.3 asks for 10.0.9.4`]);
}
