import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER, rarps } from './net/announced.js';
import { capture, type Capture, type CapturedFrame } from './net/capture.js';
import { BONDHERALD, Daemon, ONE_ROUND, runIn, writeConfig } from './net/daemon.js';
import { BOND, type Guest, type Hypervisor } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { OpenVSwitch } from './net/ovs.js';
import { named, timesSaid, untilAddresses, words, WORDS_FILTER } from './net/words.js';

interface Scene {
  readonly lab: Lab;
  readonly ovs: OpenVSwitch;
}

/** A host whose guests are plugged into Open vSwitch, which has the kernel's bond as its uplink. */
async function plugged(
  t: TestContext,
  attach: (hv: Hypervisor) => void,
  plug: (ovs: OpenVSwitch) => Promise<unknown>,
): Promise<Scene> {
  const lab = await labFor(t, { attach, teach: false });
  const ovs = await OpenVSwitch.start(lab);
  await plug(ovs);
  await lab.teach();
  return { lab, ovs };
}

async function herald(t: TestContext, lab: Lab, config?: string): Promise<Daemon> {
  const args = config === undefined ? [] : ['--config', writeConfig(t, config)];
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', ...args]);
  lab.onDestroy(() => daemon.stop());
  return daemon;
}

async function failOver(lab: Lab): Promise<void> {
  await lab.setActive(lab.activeSlave() === 'up1' ? 'up2' : 'up1');
}

/** Fails over with one round. @returns its frames, `count` at least */
async function roundOf(lab: Lab, far: Capture, count: number): Promise<CapturedFrame[]> {
  const round = nextRound(far, count);
  await failOver(lab);
  return round;
}

/** Fails over with several rounds, and listens until the last guest had a turn in two of them. */
async function saidAtFailover(lab: Lab, last: string): Promise<string[]> {
  const far = capture(lab, 'client', 'eth0', { filter: WORDS_FILTER });
  await failOver(lab);
  await until(() => timesSaid(far, last) >= 3, { what: `${last} three times`, every: 5 });
  await far.settled();
  far.stop();
  return words(far);
}

const rarp = ({ mac, wire }: Guest): string => `rarp ${mac} [${(wire ?? []).map(({ vid }) => vid).join(' ')}]`;

const V4 = '192.168.123.11';
const V6 = named('2001:db8::11');

test('guests on access, trunk and dead ports of an OVS bridge over a kernel bond: all kinds, the right tags', async (t) => {
  const { lab, ovs } = await plugged(
    t,
    (hv) => {
      hv.unplugged({ wire: [905] }); // access
      hv.unplugged(); // trunk: untagged, and 20 by itself
      hv.unplugged({ wire: null }); // a VLAN that the bond port does not carry
      hv.unplugged({ wire: null }); // Neutron's dead VLAN
    },
    async (bridge) => {
      await bridge.addBridge('br-ex');
      await bridge.vsctl('add-port', 'br-ex', BOND, 'trunks=0,20,905');
      await bridge.vsctl('add-port', 'br-ex', 'tap1', 'tag=905', '--', 'add-port', 'br-ex', 'tap2');
      await bridge.vsctl('add-port', 'br-ex', 'tap3', 'tag=30', '--', 'add-port', 'br-ex', 'tap4', 'tag=4095');
    },
  );
  const [access, trunk, off, dead] = lab.guests as [Guest, Guest, Guest, Guest];
  const claim = (src: string, spa: string, tags: number[] = []): Buffer =>
    say.arp({ src, tags }, { spa, tpa: '192.168.123.254' });
  await herald(t, lab);
  lab.inject(access.netns, 'eth0', claim(access.mac, V4));
  lab.inject(access.netns, 'eth0', say.ns({ src: access.mac }, { from: V6, target: '2001:db8::fe' }));
  lab.inject(trunk.netns, 'eth0', claim(trunk.mac, '192.0.2.20', [20]), claim(trunk.mac, '192.0.2.2'));
  for (const { netns, mac } of [off, dead]) lab.inject(netns, 'eth0', claim(mac, '192.0.2.66'));
  await untilAddresses(access.mac, [V4, V6]);
  await untilAddresses(trunk.mac, ['192.0.2.2', '192.0.2.20']);
  await until(async () => (await ovs.appctl('fdb/show', 'br-ex')).includes(dead.mac), { what: 'all are learned' });
  const addressed = [
    `garp ${access.mac} ${V4} [905]`,
    `na ${access.mac} ${V6} - [905]`,
    `garp ${trunk.mac} 192.0.2.2 []`,
    `garp ${trunk.mac} 192.0.2.20 [20]`,
  ];
  const everything = [rarp(access), rarp(trunk), `rarp ${trunk.mac} [20]`, ...addressed].sort();
  assert.deepEqual(await saidAtFailover(lab, rarp(access)), everything);
  await ovs.appctl('fdb/flush', 'br-ex'); // silent for longer than mac-aging-time
  assert.deepEqual(await saidAtFailover(lab, rarp(access)), everything, 'and they stay known when OVS forgets them');
});

test("a guest at 192.168.123.11 in VLAN 905: RARP frame for frame as Open vSwitch's own bond sends it", async (t) => {
  const { lab, ovs } = await plugged(
    t,
    (hv) => {
      hv.unplugged({ wire: [905] });
    },
    async (bridge) => {
      await ip('hv', [`link set up1 nomaster`, `link set up2 nomaster`, 'link set up1 up', 'link set up2 up']);
      await bridge.addBridge('br0');
      await bridge.vsctl('add-bond', 'br0', 'ovsbond', 'up1', 'up2', 'bond_mode=active-backup');
      await bridge.vsctl('add-port', 'br0', 'tap1', 'tag=905');
    },
  );
  const { mac, netns } = lab.guest('g1');
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  const from = (await ovs.appctl('bond/show', 'ovsbond')).includes('active-backup primary') ? 'up2' : 'up1';
  await ovs.appctl('bond/set-active-slave', 'ovsbond', from);
  await ovs.appctl('bond/set-active-slave', 'ovsbond', from === 'up1' ? 'up2' : 'up1');
  await until(() => far.frames.length > 0, { what: "Open vSwitch's own RARP" });
  const theirs = far.frames[0]?.bytes.toString('hex') ?? '';
  assert.equal(theirs.length, 2 * 46);

  await ovs.vsctl('del-port', 'br0', 'ovsbond');
  await ip('hv', [
    'link set up1 down',
    'link set up2 down',
    `link set up1 master ${BOND}`,
    `link set up2 master ${BOND}`,
  ]);
  await lab.untilUp('up1');
  await lab.untilUp('up2');
  await ovs.vsctl('add-port', 'br0', BOND);
  lab.inject(netns, 'eth0', say.arp({ src: mac }, { spa: V4, tpa: '192.168.123.1' }));
  await herald(t, lab, ONE_ROUND);
  const [ours, ...more] = await roundOf(lab, far, 1);
  assert.equal(more.length, 0);
  // Open vSwitch leaves the padding to the device.
  assert.equal(ours?.bytes.toString('hex').slice(0, theirs.length), theirs);
  assert.match(ours?.bytes.toString('hex').slice(theirs.length) ?? '', /^0*$/);
});

/** br-int and br-bond joined by patch ports; on br-int a guest, and a Linux bridge with another. */
async function hybrid(ovs: OpenVSwitch): Promise<void> {
  await ovs.addBridge('br-bond');
  await ovs.addBridge('br-int');
  await ovs.vsctl(
    ...['add-port', 'br-bond', BOND],
    ...[
      '--',
      'add-port',
      'br-int',
      'to-bond',
      '--',
      'set',
      'interface',
      'to-bond',
      'type=patch',
      'options:peer=to-int',
    ],
    ...[
      '--',
      'add-port',
      'br-bond',
      'to-int',
      '--',
      'set',
      'interface',
      'to-int',
      'type=patch',
      'options:peer=to-bond',
    ],
    ...['--', 'add-port', 'br-int', 'tap1', 'tag=10', '--', 'add-port', 'br-int', 'qvo1', 'tag=20'],
  );
}

test('guests behind patch ports, and behind a Linux bridge before them, are announced with their tags', async (t) => {
  const { lab, ovs } = await plugged(
    t,
    (hv) => {
      hv.unplugged({ wire: [10] });
      const [qvb] = hv.vethPair('qvb1', 'qvo1');
      hv.bridge('qbr1');
      hv.port('qbr1', qvb);
      hv.guest('qbr1', { wire: [20] });
    },
    hybrid,
  );
  const daemon = await herald(t, lab, ONE_ROUND);
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  assert.deepEqual(announced(await roundOf(lab, far, 2)), expected(lab.guests));
  for (const bridge of ['br-int', 'br-bond']) await ovs.appctl('fdb/flush', bridge);
  assert.deepEqual(announced(await roundOf(lab, far, 2)), expected(lab.guests), 'when Open vSwitch has forgotten them');
  await ovs.vsctl('set', 'port', 'tap1', 'tag=30'); // from now on its traffic leaves otherwise
  lab.speakOnce(lab.guest('g1'));
  await until(async () => (await guestsOf()).includes(`${lab.guest('g1').mac} 30`), { what: 'the new tag is known' });
  const moved = lab.guests.map((guest, n) => (n === 0 ? { ...guest, wire: [{ vid: 30, tpid: 0x8100 }] } : guest));
  assert.deepEqual(announced(await roundOf(lab, far, 2)), expected(moved));
  assert.doesNotMatch(daemon.stderr, /error/);
});

/** The daemon's announced guests as `MAC VLAN`. */
async function guestsOf(): Promise<string[]> {
  const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
  const { bonds } = JSON.parse(stdout) as {
    bonds: { guests: { mac: string; vlan: number | null; reason: string }[] }[];
  };
  return bonds
    .flatMap(({ guests }) => guests.filter(({ reason }) => reason === null))
    .map(({ mac, vlan }) => `${mac} ${vlan}`);
}

test('a router port that is down, as on a standby node, is not announced; when it is up it is', async (t) => {
  const { lab, ovs } = await plugged(
    t,
    (hv) => {
      hv.unplugged();
    },
    async (bridge) => {
      await bridge.addBridge('br-ex');
      await bridge.vsctl('add-port', 'br-ex', BOND, '--', 'add-port', 'br-ex', 'tap1');
      await bridge.vsctl('add-port', 'br-ex', 'qr-1', '--', 'set', 'interface', 'qr-1', 'type=internal');
    },
  );
  await ip('hv', ['link set qr-1 address 52:54:00:00:99:01', 'link set qr-1 up']);
  lab.inject('hv', 'qr-1', say.arp({ src: '52:54:00:00:99:01' }, { spa: '192.0.2.99', tpa: '192.0.2.99' }));
  await until(async () => (await ovs.appctl('fdb/show', 'br-ex')).includes('52:54:00:00:99:01'), { what: 'learned' });
  await herald(t, lab, ONE_ROUND);
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  const router = { mac: '52:54:00:00:99:01', wire: [] };
  assert.deepEqual(announced(await roundOf(lab, far, 2)), expected([...lab.guests, router]));
  await ip('hv', ['link set qr-1 down']);
  assert.deepEqual(announced(await roundOf(lab, far, 1)), expected(lab.guests));
});

/** Has guests speak with many addresses until OVS knows them all. */
async function learn({ lab, ovs }: Scene, macs: readonly string[]): Promise<void> {
  const missing = async (): Promise<string[]> => {
    const text = await ovs.appctl('fdb/show', 'br-ex');
    return macs.filter((mac) => !text.includes(mac));
  };
  const all = async (): Promise<boolean> => {
    const left = await missing();
    if (left.length > 0) lab.speakOnce(lab.guest('g1'), ...left);
    return left.length === 0;
  };
  await until(all, { what: `${macs.length} addresses are learned`, every: 100 });
}

const farRarps = async (lab: Lab, far: Capture, count: number): Promise<number> => {
  return new Set(rarps(await roundOf(lab, far, count)).map(({ src }) => src)).size;
};

test('Open vSwitch killed and started again under load: nobody is lost, and the daemon goes on', async (t) => {
  const scene = await plugged(
    t,
    (hv) => {
      hv.unplugged();
    },
    async (bridge) => {
      await bridge.addBridge('br-ex');
      await bridge.vsctl('add-port', 'br-ex', BOND, '--', 'add-port', 'br-ex', 'tap1');
    },
  );
  const { lab, ovs } = scene;
  const macs = [...Array(50).keys()].map((n) => `52:54:02:00:00:${n.toString(16).padStart(2, '0')}`);
  await learn(scene, macs);
  const daemon = await herald(t, lab, ONE_ROUND);
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  assert.equal(await farRarps(lab, far, 51), 51);
  await ovs.kill('ovs-vswitchd');
  assert.equal(await farRarps(lab, far, 51), 51, 'while it is dead');
  await ovs.restart('ovs-vswitchd');
  lab.speakOnce(lab.guest('g1'));
  await until(async () => (await ovs.appctl('fdb/show', 'br-ex')).includes(lab.guest('g1').mac), { what: 'it works' });
  assert.equal(await farRarps(lab, far, 51), 51, 'when it is back, and knows one of them');
  await ovs.kill('ovsdb-server');
  assert.equal(await farRarps(lab, far, 51), 51, 'without its database');
  await ovs.restart('ovsdb-server');
  await learn(scene, macs);
  assert.equal(await farRarps(lab, far, 51), 51, 'when all is as it was');
  assert.doesNotMatch(daemon.stderr, /^error/m);
});
