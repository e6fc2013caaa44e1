import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AnnounceReport } from '../../src/control/messages.js';
import { dissect, ETHERTYPE } from '../support/dissect.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { type Capture, capture } from './net/capture.js';
import { BONDHERALD, Daemon, runIn } from './net/daemon.js';
import { type Guest, plainBridge } from './net/hypervisor.js';
import { type Lab, labFor } from './net/lab.js';
import { named, WORDS_FILTER, words } from './net/words.js';
import { OVS_BOND, OVS_BRIDGE, type OvsBondLab, ovsBondIn } from './net/ovs-bond.js';

const ADDRESS = '192.168.123.11';
const ADDRESS6 = named('2001:db8::11');

interface World extends OvsBondLab {
  lab: Lab;
  daemon: Daemon;
  guest: Guest;
  /** What comes by up2. */
  far: Capture;
}

/** A daemon that knows g1 on an access port of VLAN 905 and its address. The switches are apart. */
async function setUp(t: TestContext): Promise<World> {
  const lab = await labFor(t, { attach: plainBridge(1) });
  await lab.cutBetweenSwitches();
  const bond = await ovsBondIn(lab, [['tag=905']]);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  const guest = lab.guest('g1');
  const known = async (): Promise<boolean> => {
    lab.inject(guest.netns, guest.device, say.arp({ src: guest.mac }, { spa: ADDRESS, tpa: '192.168.123.1' }));
    lab.inject(guest.netns, guest.device, say.ns({ src: guest.mac }, { from: ADDRESS6, target: '2001:db8::fe' }));
    const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
    return [`"${guest.mac}"`, `"${ADDRESS}"`, `"${ADDRESS6}"`].every((known) => stdout.includes(known));
  };
  await until(known, { what: 'the guest and its address are known', every: 200 });
  const far = capture(lab, 'sw2', 'p-hv', { filter: WORDS_FILTER });
  return { ...bond, lab, daemon, guest, far };
}

const KINDS = new Map<number, string>([
  [ETHERTYPE.rarp, 'rarp'],
  [ETHERTYPE.arp, 'arp'],
  [ETHERTYPE.ipv6, 'na'],
]);

/** The kinds of the guest's frames that came with its tag, in order. */
function kinds({ far, guest }: World): string[] {
  return far.frames.flatMap(({ bytes }) => {
    const { src, tags, etherType } = dissect(bytes);
    if (src !== guest.mac || tags[0]?.vid !== 905) return [];
    return KINDS.get(etherType) ?? [];
  });
}

const untilKinds = (world: World, what: string, done: (all: string[]) => boolean): Promise<unknown> =>
  until(() => done(kinds(world)), { what: `${what}: ${kinds(world).join()}`, every: 20 });
const count = (all: readonly string[], kind: string): number => all.filter((each) => each === kind).length;

test('an OVS bond fails over: its own RARP, then our GARP and NA, then the rounds; the guest stays on its port', async (t) => {
  const world = await setUp(t);
  await world.setActive('up2');
  const many = { rarp: 3, arp: 3, na: 2 }; // NAs are in the first and in the third round
  await untilKinds(world, 'three rounds', (all) => Object.entries(many).every(([kind, n]) => count(all, kind) >= n));
  assert.deepEqual(kinds(world).slice(0, 3), ['rarp', 'arp', 'na'], 'and no second RARP of ours at once');
  const mac = world.guest.mac;
  assert.deepEqual(words(world.far), [
    `garp ${mac} ${ADDRESS} [905]`,
    `na ${mac} ${ADDRESS6} - [905]`,
    `rarp ${mac} [905]`,
  ]);
  assert.match(world.daemon.stderr, /failover announced.* active_slave=up2 .*by_ovs=1/);
  assert.deepEqual(await world.learned(world.guest.mac), [`${await world.ofport('tap1')} 905`]);
  const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
  assert.ok(stdout.includes(ADDRESS), 'our own frames have not changed what we know');
});

test('a guest that Open vSwitch has forgotten gets our RARP in the first round', async (t) => {
  const world = await setUp(t);
  await world.ovs.appctl('fdb/flush', OVS_BRIDGE);
  await world.setActive('up2');
  await untilKinds(world, 'two rounds', (all) => count(all, 'arp') >= 2);
  const first = kinds(world).slice(0, kinds(world).lastIndexOf('arp'));
  assert.ok(first.includes('rarp'), kinds(world).join());
});

test('announce does the same by hand, with a daemon', async (t) => {
  const world = await setUp(t);
  await world.setActive('up2');
  await untilKinds(world, 'the first round', (all) => all.includes('arp'));
  const dry = await runIn([BONDHERALD, 'announce', OVS_BOND, '--dry-run', '--json']);
  const done = await runIn([BONDHERALD, 'announce', OVS_BOND, '--json']);
  const [plan, report] = [dry, done].map(({ stdout }) => JSON.parse(stdout) as AnnounceReport);
  assert.deepEqual(report?.frames, plan?.frames);
  assert.deepEqual([plan?.sent, report?.sent], [0, 3]);
  assert.deepEqual(report?.frames.map(({ kind, vlan }) => `${kind} ${vlan}`), ['rarp 905', 'garp 905', 'na 905']); // prettier-ignore
});
