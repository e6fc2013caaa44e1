/** The part of record-fixtures.ts that runs inside the lab's world, and prints each recording as one line. */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeDatagram } from '../../src/kernel/decode.js';
import { dumpRequest, type DumpTable } from '../../src/kernel/requests.js';
import * as libc from '../../src/sys/libc.js';
import { openLinkSocket } from '../../src/sys/netlink/link-socket.js';
import { limitLearning, lockPort } from '../lab/net/bridge-requests.js';
import type { LabOptions } from '../lab/net/build.js';
import { BOND, HYPERVISOR, type Hypervisor, plainBridge } from '../lab/net/hypervisor.js';
import { json, mustRun } from '../lab/net/ip.js';
import { Lab } from '../lab/net/lab.js';
import { inNetns } from '../lab/net/netns.js';
import type { Fixture, FixtureName, Part } from './fixtures.js';

/** Begins each line that holds a recording. */
export const MARK = '@@recording';

/** RTNLGRP_LINK and RTNLGRP_NEIGH as a bit mask. */
const GROUPS = { link: 1 << 0, neigh: 1 << 2 } as const;

/** RTNLGRP_BRVLAN has no bit: it is joined by its number (linux/netlink.h). */
const RTNLGRP_BRVLAN = 33;
const [SOL_NETLINK, NETLINK_ADD_MEMBERSHIP] = [270, 1];

/** How often the bond asks for its target, in ms: in the emulator an answer takes longer than 100. */
const arpInterval = Number(process.env.ARP_INTERVAL ?? 100);
const arpMonitoring = { arp_interval: arpInterval, arp_ip_target: '10.78.0.1', arp_validate: 'all' } as const;

/** Writes down what arrives while steps are taken. */
class Recorder {
  readonly parts: Part[] = [];
  private readonly socket;
  private seq = 100;

  constructor(groups: number) {
    this.socket = inNetns(HYPERVISOR, () => openLinkSocket(groups));
    if (groups === 0) return;
    const joined = libc.setOption(this.socket.descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, RTNLGRP_BRVLAN);
    libc.check(joined, 'setsockopt', 'RTNLGRP_BRVLAN');
  }

  /** Takes a step, and keeps the datagrams that have come since the last one. */
  async step(what: string, take: () => unknown): Promise<void> {
    await take();
    this.parts.push({ what, datagrams: this.drain() });
  }

  /** Keeps the answer to a dump request. */
  dump(table: DumpTable, what = `dump ${table}`): void {
    this.drain();
    this.socket.send(dumpRequest(table, ++this.seq));
    const datagrams: string[] = [];
    for (let done = false; !done;) {
      const bytes = this.socket.receive();
      if (typeof bytes === 'string') throw new Error(`the dump of ${table}: ${bytes}`);
      datagrams.push(Buffer.from(bytes).toString('hex'));
      done = decodeDatagram(bytes).some(({ type }) => type === 'done');
    }
    this.parts.push({ what, datagrams });
  }

  close(): void {
    this.socket.close();
  }

  /** What has come, until nothing comes for a second; a bond whose target is away never falls silent. */
  private drain(): string[] {
    const datagrams: string[] = [];
    const deadline = performance.now() + 6 * arpInterval;
    while (performance.now() < deadline) {
      const bytes = this.socket.receive();
      if (bytes === 'nothing') break;
      if (typeof bytes === 'string') throw new Error(`the recording has a hole: ${bytes}`);
      datagrams.push(Buffer.from(bytes).toString('hex'));
    }
    return datagrams;
  }
}

interface Scene {
  readonly comment: string;
  readonly options: LabOptions;
  readonly groups: number;
  /** @returns iproute2's view, where the test wants one */
  play(lab: Lab, recorder: Recorder): Promise<Fixture['truth'] | void>;
}

const ip = (...args: string[]): Promise<string> => mustRun(['ip', '-n', HYPERVISOR, ...args]);
const bridge = (...args: string[]): Promise<string> => mustRun(['bridge', '-n', HYPERVISOR, ...args]);
const cutBoth = async (lab: Lab): Promise<void> => {
  await lab.cutLink(1);
  await lab.cutLink(2);
  await lab.untilActive(null);
};

/** One device of every kind that matters, and rows of every kind in the tables. */
function everyKind(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { native: 20, tagged: [10] });
  hv.guest('br0', { access: 10, wire: [10] });
  hv.guest('br0', { access: 20, wire: [] });
  hv.bridgeLines.push(`vlan add dev ${BOND} vid 100-102`, 'vlan add dev tap1 vid 300-302 untagged');
  hv.bridgeSelf('br0', 905);
  hv.bridge('br905');
  hv.port('br905', hv.vlan(BOND, 905));
  hv.guest('br905', { wire: [905] });
  const outer = hv.vlan(BOND, 11, '802.1ad');
  const inner = hv.vlan(outer, 12);
  hv.bridge('brad', { vlanAware: true, protocol: '802.1ad' });
  const [one, other] = hv.vethPair('qvb1', 'qvo1');
  hv.port('br905', one);
  hv.port('br0', other, { native: 10 });
  const tag = { vid: 11, tpid: 0x88a8 };
  hv.macvlan(outer, { wire: [tag] });
  hv.macvlan(inner, { type: 'macvtap', wire: [tag, 12] });
  hv.macvlan(outer, { moved: true, wire: [tag] });
  hv.ip('link add rr0 type bond mode balance-rr', 'tuntap add name tap9 mode tap', 'link add dum0 type dummy');
  hv.port('br905', 'tap9');
  hv.ip('link add vx0 type vxlan id 5 dstport 4789 remote 192.0.2.9 dev dum0');
  hv.port('br905', 'vx0');
}

async function fillTables(lab: Lab): Promise<void> {
  await bridge('vlan', 'set', 'dev', BOND, 'vid', '100', 'state', '4');
  await bridge('fdb', 'add', '52:54:00:aa:00:01', 'dev', 'tap1', 'master', 'static', 'vlan', '10');
  await bridge('fdb', 'add', '52:54:00:aa:00:02', 'dev', 'tap3', 'master', 'static');
  await bridge('fdb', 'add', '52:54:00:aa:00:03', 'dev', 'tap3', 'master', 'dynamic', 'extern_learn');
  await bridge('fdb', 'add', '52:54:00:aa:00:04', 'dev', 'bond0.905', 'master', 'dynamic');
  await bridge('fdb', 'append', '52:54:00:aa:00:05', 'dev', 'vx0', 'dst', '192.0.2.7');
  for (const device of ['br0', 'br905']) {
    inNetns(HYPERVISOR, () => writeFileSync(`/proc/sys/net/ipv6/conf/${device}/disable_ipv6`, '0'));
  }
  await ip('neigh', 'add', '192.0.2.1', 'lladdr', '52:54:00:bb:00:01', 'dev', 'br0', 'nud', 'stale');
  await ip('neigh', 'add', '192.0.2.2', 'lladdr', '52:54:00:bb:00:02', 'dev', 'br905', 'nud', 'permanent');
  await ip('neigh', 'add', '192.0.2.3', 'dev', 'br905', 'nud', 'failed');
  await ip('neigh', 'add', '2001:db8::1', 'lladdr', '52:54:00:bb:00:03', 'dev', 'br0', 'nud', 'stale');
  await ip('neigh', 'add', 'fe80::1:0:0:2', 'lladdr', '52:54:00:bb:00:04', 'dev', 'br905', 'nud', 'permanent');
  await ip('addr', 'add', '192.0.2.20/24', 'dev', 'br905');
  await ip('addr', 'add', '192.0.2.33', 'peer', '192.0.2.34', 'dev', 'dum0');
  await ip('addr', 'add', '2001:db8::20/64', 'dev', 'br0', 'nodad');
  inNetns(HYPERVISOR, () => writeFileSync('/proc/sys/net/ipv6/conf/br905/forwarding', '1'));
  lab.guests.forEach((guest) => lab.speakOnce(guest));
  await sleep(3000); // duplicate address detection ends, and with it the changes under our dumps
}

const SCENES: Record<FixtureName, Scene> = {
  devices: {
    comment:
      'Dumps of a host with a device of every kind and table rows of every kind, and what iproute2 said of them.',
    options: { attach: everyKind },
    groups: 0,
    async play(lab, recorder) {
      await fillTables(lab);
      const tables: DumpTable[] = [
        'links',
        'bridgePorts',
        'fdb',
        'neighbours4',
        'neighbours6',
        'addresses',
        'forwarding',
        'portVlans',
      ];
      for (const table of tables) recorder.dump(table);
      const said = [
        json('ip', HYPERVISOR, 'link', 'show'),
        json('bridge', HYPERVISOR, '-compressvlans', 'vlan', 'show'),
        json('bridge', HYPERVISOR, 'fdb', 'show'),
        json('ip', HYPERVISOR, '-4', 'neigh', 'show', 'nud', 'all'),
        json('ip', HYPERVISOR, '-6', 'neigh', 'show', 'nud', 'all'),
        json('ip', HYPERVISOR, 'addr', 'show'),
        json('ip', HYPERVISOR, '-6', 'netconf', 'show'),
        json('bridge', HYPERVISOR, 'vlan', 'show'),
      ];
      const truth = (await Promise.all(said)) as Record<string, any>[][];
      return Object.fromEntries(tables.map((table, i) => [table, truth[i] ?? []]));
    },
  },
  miimon: {
    comment:
      'miimon 100: the active link fails, comes back, an administrator switches back; then the daemon starts anew.',
    options: { attach: plainBridge(1) },
    groups: GROUPS.link,
    async play(lab, recorder) {
      recorder.dump('links');
      await recorder.step('the active link fails', async () => {
        await lab.cutLink(1);
        await lab.untilActive('up2');
      });
      recorder.dump('links', 'a dump after that');
      await recorder.step('it comes back', async () => {
        await lab.mendLink(1);
        await lab.untilUp('up1');
      });
      await recorder.step('an administrator switches back', async () => {
        await lab.setActive('up1');
        await lab.untilActive('up1');
      });
    },
  },
  'all-down': {
    comment: 'miimon 100: both links fail; the second one comes back, and later the first.',
    options: { attach: plainBridge(1) },
    groups: GROUPS.link,
    async play(lab, recorder) {
      recorder.dump('links');
      await recorder.step('both links fail', () => cutBoth(lab));
      recorder.dump('links', 'a dump while they are down');
      await recorder.step('the second link comes back', async () => {
        await lab.mendLink(2);
        await lab.untilActive('up2');
      });
      await recorder.step('both links fail again', () => cutBoth(lab));
      await recorder.step('the same link comes back', async () => {
        await lab.mendLink(2);
        await lab.untilActive('up2');
      });
    },
  },
  'arp-monitoring': {
    comment:
      'ARP monitoring: the way to the target by the active link fails behind the first switch; no carrier changes.',
    options: {
      attach: plainBridge(1),
      bond: arpMonitoring,
      gateway: { behind: 2, hostDevice: 'br0' },
    },
    groups: GROUPS.link,
    async play(lab, recorder) {
      recorder.dump('links');
      await recorder.step('the way to the target fails', async () => {
        await lab.cutBetweenSwitches();
        await lab.untilActive('up2');
      });
    },
  },
  'arp-target-away': {
    comment: 'ARP monitoring: the target is away for a while, with every link whole; then it is back.',
    options: {
      attach: plainBridge(1),
      bond: arpMonitoring,
      gateway: { behind: 2, hostDevice: 'br0' },
    },
    groups: GROUPS.link,
    async play(lab, recorder) {
      recorder.dump('links');
      await recorder.step('the target is away', async () => {
        await lab.cutGateway();
        await lab.untilActive(null);
        await sleep(3 * arpInterval);
      });
      await recorder.step('the target is back', async () => {
        await lab.mendGateway();
        await sleep(8 * arpInterval);
      });
    },
  },
  'fail-over-mac': {
    comment: "miimon 100, fail_over_mac=active: the active link fails; the bond's and the bridge's own address follow.",
    options: { attach: plainBridge(1), bond: { miimon: 100, fail_over_mac: 'active' } },
    groups: GROUPS.link,
    async play(lab, recorder) {
      recorder.dump('links');
      await recorder.step('the active link fails', async () => {
        await lab.cutLink(1);
        await lab.untilActive('up2');
      });
    },
  },
  changes: {
    comment: 'Devices, ports, VLANs and guests that come, change and go.',
    options: { attach: plainBridge(1) },
    groups: GROUPS.link | GROUPS.neigh,
    play: playChanges,
  },
  vlans: {
    comment: "A VLAN-aware bridge: what is told of single VLANs, of a port's lock and of a limit of what is learned.",
    options: {
      attach(hv) {
        hv.bridge('br0', { vlanAware: true });
        hv.port('br0', BOND, { tagged: [905] });
        hv.guest('br0');
        hv.guest('br0');
      },
    },
    groups: GROUPS.link | GROUPS.neigh,
    play: playVlans,
  },
};

async function playVlans(lab: Lab, recorder: Recorder): Promise<void> {
  for (const table of ['links', 'bridgePorts', 'portVlans'] as const) recorder.dump(table);
  await recorder.step('a VLAN of the uplink is blocked', () =>
    bridge('vlan', 'set', 'dev', BOND, 'vid', '905', 'state', '4'),
  );
  recorder.dump('portVlans', 'a dump after that');
  await recorder.step('a VLAN is taken from the uplink', () => bridge('vlan', 'del', 'dev', BOND, 'vid', '905'));
  await recorder.step('the bridge gets another default PVID', () =>
    ip('link', 'set', 'br0', 'type', 'bridge', 'vlan_default_pvid', '100'),
  );
  await recorder.step('and none', () => ip('link', 'set', 'br0', 'type', 'bridge', 'vlan_default_pvid', '0'));
  await recorder.step('the uplink leaves the bridge', () => ip('link', 'set', BOND, 'nomaster'));
  await bridge('vlan', 'add', 'dev', 'tap2', 'vid', '7', 'pvid', 'untagged');
  await recorder.step('a guest speaks at a locked port', async () => {
    lockPort('tap2');
    const [, guest] = lab.guests;
    if (guest) lab.speakOnce(guest, '52:54:00:cc:00:02');
    await sleep(100);
  });
  limitLearning('br0', 100);
  recorder.dump('links', 'a dump with a limit');
}

async function playChanges(lab: Lab, recorder: Recorder): Promise<void> {
  recorder.dump('links');
  const [guest] = lab.guests;
  if (!guest) throw new Error('this scene has a guest');
  await recorder.step('a guest speaks under a new address', () => lab.speakOnce(guest, '52:54:00:cc:00:01'));
  await recorder.step('a third slave is added', async () => {
    await ip('link', 'add', 'up3', 'type', 'veth', 'peer', 'name', 'far3');
    await ip('link', 'set', 'far3', 'up');
    await ip('link', 'set', 'up3', 'master', BOND);
    await sleep(300);
  });
  await recorder.step('the active slave is removed', () => ip('link', 'set', 'up1', 'nomaster'));
  await recorder.step('the bond is renamed', async () => {
    await ip('link', 'set', BOND, 'down');
    await ip('link', 'set', BOND, 'name', 'uplink');
    await ip('link', 'set', 'uplink', 'up');
    await sleep(300);
  });
  await recorder.step('the bridge becomes VLAN-aware', () =>
    ip('link', 'set', 'br0', 'type', 'bridge', 'vlan_filtering', '1'),
  );
  await recorder.step('the uplink joins VLANs', () => bridge('vlan', 'add', 'dev', 'uplink', 'vid', '10-12'));
  await recorder.step('the guest leaves the bridge', () => ip('link', 'set', 'tap1', 'nomaster'));
  await recorder.step('the bond is deleted', () => ip('link', 'del', 'uplink'));
  await recorder.step('a bond of that name is made again', async () => {
    await ip('link', 'add', 'uplink', 'type', 'bond', 'mode', 'active-backup', 'miimon', '100');
    await ip('link', 'set', 'up2', 'down');
    await ip('link', 'set', 'up2', 'master', 'uplink');
    await ip('link', 'set', 'uplink', 'up');
    await sleep(500);
  });
}

async function namesByIndex(): Promise<Record<string, number>> {
  const links = (await json('ip', HYPERVISOR, 'link', 'show')) as { ifname: string; ifindex: number }[];
  return Object.fromEntries(links.map(({ ifname, ifindex }) => [ifname, ifindex]));
}

async function record(name: FixtureName): Promise<Fixture> {
  const scene = SCENES[name];
  const lab = await Lab.build(scene.options);
  const recorder = new Recorder(scene.groups);
  try {
    const names = await namesByIndex();
    const truth = await scene.play(lab, recorder);
    const fixture = { comment: scene.comment, kernel: `Linux ${os.release()}`, names, parts: recorder.parts };
    return truth ? { ...fixture, truth } : fixture;
  } finally {
    recorder.close();
    await lab.destroy();
  }
}

if (process.argv[1]?.endsWith('record-inside.js')) {
  for (const name of process.argv.slice(2) as FixtureName[]) {
    console.log(`${MARK} ${name} ${JSON.stringify(await record(name))}`);
  }
}
