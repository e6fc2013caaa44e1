import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { ask } from '../../src/cli/ask.js';
import { until } from '../support/until.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, ONE_ROUND, writeConfig } from './net/daemon.js';
import { cure, doctor } from './net/doctor.js';
import { arpFrom } from './net/frames.js';
import { type Guest, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { inNetns } from './net/netns.js';
import { OVS_BOND, OVS_BRIDGE, type OvsBondLab, ovsBondIn } from './net/ovs-bond.js';
import { OpenVSwitch, withoutPlainBridge } from './net/ovs.js';
import { words, WORDS_FILTER } from './net/words.js';

/*
 * Open vSwitch and libvirt that do not keep their files where distributions have them, and bonds of Open vSwitch that are
 * other than they are configured.
 */

const ADDRESS = '192.168.123.11';

interface Herald {
  readonly daemon: Daemon;
  /** Has it read another configuration. */
  readonly reload: (config: string) => void;
}

async function herald(t: TestContext, lab: Lab): Promise<Herald> {
  const file = writeConfig(t, ONE_ROUND);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', file]);
  lab.onDestroy(() => daemon.stop());
  const reload = (config: string): void => {
    writeFileSync(file, config);
    daemon.signal('SIGHUP');
  };
  return { daemon, reload };
}

const untilSaid = (daemon: Daemon, line: RegExp): Promise<unknown> =>
  until(() => line.test(daemon.stderr), { what: `the log says ${line}` });

const timesSaid = ({ stderr }: Daemon, line: RegExp): number =>
  stderr.split('\n').filter((each) => line.test(each)).length;

/** Has the guest speak until Open vSwitch knows it: its tables are read when the daemon starts, and seldom again. */
async function learned(lab: Lab, ovs: OpenVSwitch, bridge: string): Promise<void> {
  const isLearned = async (): Promise<boolean> => {
    lab.speakOnce(lab.guest('g1'));
    return (await ovs.appctl('fdb/show', bridge)).includes(lab.guest('g1').mac);
  };
  await until(isLearned, { what: 'Open vSwitch has learned the guest', every: 50 });
}

/** Waits until the daemon knows the guest behind an OVS bond and its address, and has it announced on up2. */
async function announcedOnUp2(lab: Lab, bond: OvsBondLab): Promise<string[]> {
  const guest = lab.guest('g1');
  const isKnown = async (): Promise<boolean> => {
    lab.inject(guest.netns, guest.device, arpFrom(guest.mac, ADDRESS));
    const { result } = await ask({ op: 'guests', bond: null });
    return result.bonds.some(({ guests }) =>
      guests.some(({ source, addresses }) => source === 'ovs' && addresses.includes(ADDRESS)),
    );
  };
  await until(isKnown, { what: 'the guest and its address are known', every: 100 });
  const far = capture(lab, 'sw2', 'p-hv', { filter: WORDS_FILTER });
  await bond.setActive('up2');
  const said = (): boolean => words(far).some((word) => word.startsWith('garp'));
  await until(said, { what: 'the address is announced', every: 20 }).catch((error: Error) => {
    throw new Error(`${error.message}; said: ${words(far).join()}`);
  });
  far.stop();
  return words(far);
}

const everything = ({ mac }: Guest): string[] => [`garp ${mac} ${ADDRESS} [905]`, `rarp ${mac} [905]`];

/** A lab with one guest on an OVS bond, the switches apart. */
async function onOvsBond(t: TestContext, folder?: string): Promise<{ lab: Lab; bond: OvsBondLab }> {
  const lab = await labFor(t, { attach: plainBridge(1), teach: false });
  await lab.cutBetweenSwitches();
  const bond = await ovsBondIn(lab, [['tag=905']], folder === undefined ? {} : { folder });
  await learned(lab, bond.ovs, OVS_BRIDGE);
  return { lab, bond };
}

test("Open vSwitch whose sockets are in the folder of a pod is followed, and its bond announced, as any other's", async (t) => {
  const { lab, bond } = await onOvsBond(t, '/run/antrea/openvswitch');
  const { daemon } = await herald(t, lab);
  assert.deepEqual(await announcedOnUp2(lab, bond), everything(lab.guest('g1')));
  assert.match(daemon.stderr, /following Open vSwitch folder=\/run\/antrea\/openvswitch/);
});

test('Open vSwitch in a folder that nobody knows: one line, and a finding; with paths.ovs it is followed', async (t) => {
  const folder = '/run/elsewhere/ovs';
  const { lab, bond } = await onOvsBond(t, folder);
  const { daemon, reload } = await herald(t, lab);
  const line =
    /runs here, but its database is in none of the folders of paths\.ovs reason="?the socket \/run\/elsewhere/;
  await untilSaid(daemon, line);
  const finding = (await doctor()).findings.find(({ id }) => id === 'ovs-not-found');
  assert.match(finding?.finding ?? '', /the socket \/run\/elsewhere\/ovs\/ovs-vswitchd\.\d+\.ctl/);
  assert.match(await cure(finding), /\/run\/elsewhere\/ovs\/db\.sock/);
  reload(`${ONE_ROUND}\npaths: {ovs: [/run/openvswitch, ${folder}]}`);
  await untilSaid(daemon, /following Open vSwitch folder=\/run\/elsewhere\/ovs/);
  assert.deepEqual(await announcedOnUp2(lab, bond), everything(lab.guest('g1')));
  assert.equal(timesSaid(daemon, line), 1);
});

test("libvirt's guests whose status files nobody finds: one line, and a finding", async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1), teach: false });
  const monitor = '/run/elsewhere/libvirt/qemu/domain-1-web/monitor.sock';
  mkdirSync(path.dirname(monitor), { recursive: true });
  t.after(() => rmSync('/run/elsewhere', { recursive: true, force: true }));
  const server = net.createServer();
  inNetns(HYPERVISOR, () => server.listen(monitor)); // as QEMU does
  t.after(() => server.close());
  const { daemon, reload } = await herald(t, lab);
  const line =
    /libvirt runs guests here, but its folder is none of paths\.libvirt reason="?the socket \/run\/elsewhere/;
  await untilSaid(daemon, line);
  const finding = (await doctor()).findings.find(({ id }) => id === 'libvirt-not-found');
  assert.match(finding?.finding ?? '', /domain-1-web\/monitor\.sock/);
  mkdirSync('/run/elsewhere/libvirt/status');
  reload(`${ONE_ROUND}\npaths: {libvirt: [/run/elsewhere/libvirt/status]}`);
  await untilSaid(daemon, /following libvirt domains folder=\/run\/elsewhere\/libvirt\/status/);
  assert.equal(timesSaid(daemon, line), 1);
});

/** The bonds that the daemon announces. */
async function bonds(): Promise<string[]> {
  const { result } = await ask({ op: 'status' });
  return result.bonds.map(({ bond }) => bond);
}

test('LACP that may fall back and finds no partner: announced as active-backup, until there is a partner', async (t) => {
  const { lab, bond } = await onOvsBond(t);
  const other = ['lacp-fallback-ab=true', 'lacp-time=fast'].map((setting) => `other_config:${setting}`);
  await bond.ovs.vsctl('set', 'port', OVS_BOND, 'bond_mode=balance-tcp', 'lacp=active', ...other);
  const isFallback = async (): Promise<boolean> =>
    /^member up1: enabled$/m.test(await bond.ovs.appctl('bond/show', OVS_BOND)) && (await bond.active()) !== undefined;
  await until(isFallback, { what: 'Open vSwitch has given up waiting for a partner', every: 100 });
  await bond.setActive('up1');
  await learned(lab, bond.ovs, OVS_BRIDGE);
  await herald(t, lab);
  assert.deepEqual(await announcedOnUp2(lab, bond), everything(lab.guest('g1')));
  await ip('sw2', [
    'link add lag type bond mode 802.3ad miimon 100 lacp_rate fast',
    'link set p-hv nomaster',
    'link set p-hv down',
    'link set p-hv master lag',
    'link set lag master fabric',
    'link set lag up',
  ]);
  await until(async () => (await bonds()).length === 0, { what: 'the bond is none to announce', every: 100 });
  await ip('sw2', ['link del lag', 'link set p-hv master fabric', 'link set p-hv up']);
  await until(async () => (await bonds()).join() === OVS_BOND, { what: 'it is one again', every: 100 });
});

/** br-int with the guest and a bond of two patch ports, to bridges with a bond of the kernel each. */
async function ofPatchPorts(lab: Lab): Promise<OpenVSwitch> {
  const bonds = [1, 2].flatMap((n) => [
    `link add bond${n} type bond mode active-backup miimon 100`,
    ...[`link set up${n} down`, `link set up${n} master bond${n}`, `link set bond${n} up`, `link set up${n} up`],
  ]);
  await withoutPlainBridge(lab);
  await ip(HYPERVISOR, bonds);
  const ovs = await OpenVSwitch.start(lab);
  for (const bridge of ['br-int', 'br-1', 'br-2']) await ovs.addBridge(bridge);
  const patch = (name: string, peer: string): string[] => [
    ...['--', 'set', 'interface', name, 'type=patch', `options:peer=${peer}`],
  ];
  const legs = [1, 2].flatMap((n) => [
    ...['--', 'add-port', `br-${n}`, `bond${n}`],
    ...['--', 'add-port', `br-${n}`, `in-${n}`, ...patch(`in-${n}`, `out-${n}`)],
  ]);
  const bond = ['--', 'add-bond', 'br-int', OVS_BOND, 'out-1', 'out-2', 'bond_mode=active-backup'];
  const ends = [...patch('out-1', 'in-1'), ...patch('out-2', 'in-2')];
  await ovs.vsctl('add-port', 'br-int', 'tap1', 'tag=905', ...legs, ...bond, ...ends);
  await ovs.appctl('bond/set-active-slave', OVS_BOND, 'out-1');
  await learned(lab, ovs, 'br-int');
  return ovs;
}

test('a bond of patch ports, each to a bond of the kernel: at its failover the addresses are announced by the second', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1), teach: false });
  await lab.cutBetweenSwitches();
  const ovs = await ofPatchPorts(lab);
  await herald(t, lab);
  const guest = lab.guest('g1');
  const addressesOn = async (bond: string): Promise<readonly string[]> => {
    const { result } = await ask({ op: 'guests', bond });
    return result.bonds.flatMap(({ guests }) => guests.flatMap(({ addresses }) => addresses));
  };
  const isKnown = async (): Promise<boolean> => {
    lab.inject(guest.netns, guest.device, arpFrom(guest.mac, ADDRESS));
    return (await addressesOn(OVS_BOND)).includes(ADDRESS);
  };
  await until(isKnown, { what: 'the address is known on the bond of patch ports', every: 100 });
  const far = capture(lab, 'sw2', 'p-hv', { filter: WORDS_FILTER });
  await ovs.appctl('bond/set-active-slave', OVS_BOND, 'out-2');
  const said = (): boolean => everything(guest).every((word) => words(far).includes(word));
  await until(said, { what: 'both are said by the second bond', every: 20 }).catch((error: Error) => {
    throw new Error(`${error.message}; said: ${words(far).join()}`);
  });
  assert.deepEqual(words(far), everything(guest));
});
