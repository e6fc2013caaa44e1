/** Hosts for the doctor: one in good order, and one with each fault. */
import type { StandbyBond, StandbyVlan } from '../../../src/standby/report.js';
import type { Mac } from '../../../src/addr/mac.js';
import type {
  BondFacts,
  BondOptions,
  BridgeFacts,
  DaemonFacts,
  Facts,
  GuestFacts,
  RunningFacts,
  SlaveFacts,
  UplinkFacts,
} from '../../../src/doctor/facts.js';
import type { FindingId } from '../../../src/doctor/finding.js';
import type { GuestDescription } from '../../../src/guests/description.js';
import type { OvsBond, OvsBridge, OvsInterface, OvsPort } from '../../../src/sources/ovs/config.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import { BY_MIRROR } from '../../support/hearing.js';
import type { Hearing } from '../../../src/sources/hearing.js';

const OPTIONS: BondOptions = {
  miimon: 10,
  updelay: 0,
  downdelay: 0,
  arpInterval: 0,
  arpValidate: 'none',
  primary: null,
  primaryReselect: 'always',
  allSlavesActive: false,
  numGratArp: 1,
  failOverMac: 'none',
};

export function slave(name: string, change: Partial<SlaveFacts> = {}): SlaveFacts {
  return { name, up: true, carrier: true, status: 'up', bpdus: null, ...change };
}

export function bond(options: Partial<BondOptions> = {}, change: Partial<BondFacts> = {}): BondFacts {
  const slaves = [slave('up1'), slave('up2')];
  const common = {
    name: 'bond0',
    mode: 'active-backup',
    slaves,
    aggregators: 0,
    hasGuests: true,
    hasAddresses: false,
    onCarrierLoss: false,
    tick: 4,
  };
  return { ...common, options: { ...OPTIONS, ...options }, ...change };
}

export function uplink(change: Partial<UplinkFacts> = {}): UplinkFacts {
  return {
    name: 'bond0',
    bond: 'bond0',
    tags: [],
    vlans: null,
    carrier: true,
    state: 3,
    states: [],
    learning: true,
    ...change,
  };
}

export function bridge(change: Partial<BridgeFacts> = {}): BridgeFacts {
  const mac = '02:00:00:00:0b:01';
  return {
    name: 'br0',
    ageing: 600,
    mac,
    macPinned: true,
    spanningTree: 'off',
    mst: false,
    instances: [],
    learned: null,
    uplinks: [uplink()],
    ...change,
  };
}

export function guest(change: Partial<GuestDescription> = {}): GuestDescription {
  return {
    mac: '52:54:00:00:00:01' as Mac,
    vlan: null,
    port: 'tap1',
    guest: null,
    addresses: [],
    source: 'fdb',
    lastSeen: null,
    announced: change.reason == null,
    reason: null,
    ...change,
  };
}

export const RUNNING: RunningFacts = { pid: 4711, unit: 'bondherald.service', argv: ['/usr/bin/bondherald', 'run'] };

export function daemon(change: Partial<DaemonFacts> = {}): DaemonFacts {
  const capabilities = new Set(['CAP_NET_RAW', 'CAP_NET_ADMIN']);
  const limits = { realtimePriority: 1, lockedMemory: 512 << 20, frameBytes: 31 << 20, receiveLimit: null };
  return { running: RUNNING, capabilities, ...limits, ...change };
}

/** What the link up2 of bond0 carries, which is not active, of VLAN 10. */
export function standby(vlan: Partial<StandbyVlan>, deaf: string | null = null): StandbyBond {
  const row = { vlans: [10], guests: 12, state: 'unknown', reason: null, proven: null, missed: 14, arrivesWith: null };
  return {
    bond: 'bond0',
    activeSlave: 'up1',
    links: [{ link: 'up2', deaf, vlans: [{ ...row, ...vlan } as StandbyVlan] }],
  };
}

export const HEALTHY: Facts = {
  bonds: [bond()],
  bridges: [bridge()],
  guests: { bonds: [{ bond: 'bond0', guests: [guest()] }], limits: [], count: 1, ports: new Map(), devices: 9 },
  daemon: daemon(),
  announcers: [],
  isAnnounced: true,
  announce: ANNOUNCE_DEFAULTS,
  activeBackup: ['bond0'],
  wantedBonds: 'auto',
  switchedBonds: [],
  libvirt: null,
  proxmox: null,
  speakingMacvtaps: [],
  hidden: { ovs: null, libvirt: null },
  hearings: new Map([['bond0', BY_MIRROR]]),
  standby: [standby({ state: 'carried', proven: 4, missed: 0 })],
  ovs: null,
};

export function host(change: Partial<Facts>): Facts {
  return { ...HEALTHY, ...change };
}

/** A host whose bridge knows VLANs. */
export function vlanHost(guests: readonly GuestDescription[], change: Partial<UplinkFacts> = {}): Facts {
  const vlans = [{ first: 10, last: 19, untagged: false, pvid: false }];
  return host({
    bridges: [bridge({ uplinks: [uplink({ vlans, ...change })] })],
    guests: {
      bonds: [{ bond: 'bond0', guests }],
      limits: [],
      count: guests.length,
      ports: new Map([['tap1', { bridge: 'br0', pvid: 30 }]]),
      devices: 9,
    },
  });
}

export const OVS_BOND: OvsBond = { mode: 'active-backup', active: null, lacp: 'off', updelay: 31_000 };

export function ovsPort(name: string, ovsBond: OvsBond | null): OvsPort {
  const vlans = { mode: 'trunk', tag: null, trunks: [], cvlans: [], ethertype: 0x88a8 } as const;
  return { uuid: `port ${name}`, name, vlans, interfaces: [], bond: ovsBond };
}

const OVS_INTERFACE: OvsInterface = {
  ...{ uuid: 'i', name: 'bond0', type: 'system', ifindex: 5, ofport: 1, peer: null, mac: null },
  ...{ up: true, lowerUp: true },
};

export function withOvs(change: Partial<OvsBridge>, macs = 10): Facts {
  const common = { uuid: 'u', name: 'br-ex', programmed: false, macAgingTime: 600, macTableSize: 100, ports: [] };
  return host({ ovs: { config: { bridges: [{ ...common, ...change }] }, macs: new Map([['u', macs]]) } });
}

/** A host whose bond is heard so. */
export const hearing = (how: Hearing['how'], reason: string): Facts =>
  host({ hearings: new Map([['bond0', { how, reason }]]) });

const NO_ADMIN = daemon({ capabilities: new Set(['CAP_NET_RAW']) });

/** For each finding a host that has it: docs/doctor.md shows what is said of these. */
export const SPECIMENS: Readonly<Record<FindingId, Facts>> = {
  'bond-no-monitoring': host({ bonds: [bond({ miimon: 0 })] }),
  'bond-slow-detection': host({ bonds: [bond({ miimon: 1000, updelay: 31_000 })] }),
  'bond-miimon': host({ bonds: [bond({ miimon: 100, updelay: 31_000 })] }),
  'bond-carrier-loss': host({ bonds: [bond({ miimon: 10, downdelay: 50 }, { onCarrierLoss: true })] }),
  'bond-arp-unvalidated': host({ bonds: [bond({ miimon: 0, arpInterval: 100 })] }),
  'bond-updelay': host({
    bonds: [bond({ primary: 'up1' }, { slaves: [slave('up1', { bpdus: true }), slave('up2')] })],
  }),
  'bond-one-link': host({ bonds: [bond({}, { slaves: [slave('up1')] })] }),
  'bond-all-slaves-active': host({ bonds: [bond({ allSlavesActive: true })] }),
  'bond-no-grat-arp': host({ bonds: [bond({ numGratArp: 0 }, { hasAddresses: true })] }),
  'bond-mode': host({ bonds: [bond({}, { mode: 'balance-alb' })] }),
  'bond-aggregators': host({ bonds: [bond({}, { mode: '802.3ad', aggregators: 2 })] }),
  'bond-aggregate': host({ bonds: [bond({}, { mode: '802.3ad', aggregators: 1 })] }),
  'bond-missing': host({ wantedBonds: ['bond0', 'bond7'] }),
  'bond-fail-over-mac': host({ bonds: [bond({ failOverMac: 'active' })] }),
  'slave-down': host({ bonds: [bond({}, { slaves: [slave('up1'), slave('up2', { up: false })] })] }),
  'slave-no-carrier': host({ bonds: [bond({}, { slaves: [slave('up1'), slave('up2', { carrier: false })] })] }),
  'slave-no-answer': host({
    bonds: [
      bond(
        { miimon: 0, arpInterval: 100, arpValidate: 'all' },
        { slaves: [slave('up1'), slave('up2', { status: 'down' })] },
      ),
    ],
  }),
  'bridge-ageing': host({ bridges: [bridge({ ageing: 300 })] }),
  'bridge-mac': host({ bridges: [bridge({ macPinned: false })] }),
  'bridge-port-blocked': host({ bridges: [bridge({ spanningTree: 'kernel', uplinks: [uplink({ state: 4 })] })] }),
  'bridge-fdb-full': host({ bridges: [bridge({ learned: { held: 100, most: 100 } })] }),
  'bridge-port-learning': host({ bridges: [bridge({ uplinks: [uplink({ learning: false })] })] }),
  'vlan-not-on-uplink': vlanHost([guest({ vlan: 30, reason: 'vlan-not-on-uplink' })]),
  'seen-on-uplink': host({
    guests: { ...HEALTHY.guests, bonds: [{ bond: 'bond0', guests: [guest({ reason: 'seen-on-uplink' })] }] },
  }),
  'macvtap-ipv6': host({ speakingMacvtaps: ['macvtap0', 'macvtap1'] }),
  'listening-deaf': hearing('deaf', 'a packet socket on device 5: bind: ENODEV'),
  'listening-by-socket': hearing('socket', 'the qdisc ingress has the place of clsact'),
  'listening-in-the-way': withOvs({
    ports: [{ ...ovsPort('bond0', null), interfaces: [{ ...OVS_INTERFACE, policed: true }] }],
  }),
  'standby-vlan-missing': host({ standby: [standby({ state: 'missing' })] }),
  'standby-vlan-apart': host({ standby: [standby({ reason: 'strangers' })] }),
  'standby-deaf': host({ standby: [standby({ reason: 'deaf' }, 'ENODEV: bind: a packet socket on device 7')] }),
  'guest-limit': host({
    guests: {
      ...HEALTHY.guests,
      limits: [{ reason: 'per-port', port: 'tap1', mac: '52:54:00:00:00:99' as Mac, limit: 64, count: 36 }],
    },
  }),
  'static-rows': host({
    guests: {
      ...HEALTHY.guests,
      limits: [{ reason: 'static-vlans', port: 'tap1', mac: '52:54:00:00:00:01' as Mac, limit: 16, count: 20 }],
    },
  }),
  'unexplained-speakers': host({
    guests: {
      ...HEALTHY.guests,
      bonds: [{ bond: 'bond0', guests: [guest({ source: 'heard', port: null, vlan: 100, reason: 'too-many' })] }],
    },
  }),
  'silent-guests': silentHost([guest({ lastSeen: 900 }), guest({ lastSeen: 0 })], 300),
  'arp-rate': host({ guests: withAddresses(600) }),
  'no-daemon': host({ daemon: daemon({ running: null }), isAnnounced: false }),
  'daemon-capabilities': host({ daemon: NO_ADMIN }),
  'daemon-privileges': host({ daemon: daemon({ realtimePriority: 0 }) }),
  'receive-buffer': host({
    daemon: { ...NO_ADMIN, receiveLimit: 212_992 },
    guests: { ...HEALTHY.guests, count: 200 },
  }),
  'libvirt-unreadable': host({ libvirt: '/run/libvirt/qemu/1-web.xml: the daemon may not read it' }),
  'proxmox-unreadable': host({ proxmox: '/etc/pve: the daemon may not read it' }),
  'libvirt-not-found': host({
    hidden: {
      ovs: null,
      libvirt: {
        sign: 'the socket /var/lib/libvirt/qemu/domain-1-web/monitor.sock',
        folders: ['/run/libvirt/qemu'],
      },
    },
  }),
  'second-announcer': host({
    announcers: [{ pid: 815, unit: null, argv: ['node', '/opt/bondherald/bin/bondherald', 'run'], bonds: ['bond0'] }],
  }),
  'ovs-ageing': withOvs({ macAgingTime: 300 }),
  'ovs-bond-updelay': withOvs({ ports: [ovsPort('bond1', { ...OVS_BOND, updelay: 0 })] }),
  'ovs-mac-table-full': withOvs({}, 100),
  'ovs-not-found': host({
    hidden: { ovs: { sign: 'the device ovs-system', folders: ['/run/openvswitch', '/opt/ovs/run'] }, libvirt: null },
  }),
  'ovs-unreadable': host({ ovs: 'EACCES' }),
};

/** Guests of a bridge that forgets after so many seconds. */
export function silentHost(guests: readonly GuestDescription[], ageing: number, change: Partial<Facts> = {}): Facts {
  return host({
    bridges: [bridge({ ageing })],
    guests: {
      ...HEALTHY.guests,
      bonds: [{ bond: 'bond0', guests }],
      ports: new Map([['tap1', { bridge: 'br0', pvid: null }]]),
    },
    ...change,
  });
}

/** Each guest has an address of either family. */
export function withAddresses(count: number): GuestFacts {
  const addresses = ['192.0.2.1', '2001:db8::1'];
  return {
    ...HEALTHY.guests,
    bonds: [{ bond: 'bond0', guests: Array.from({ length: count }, () => guest({ addresses })) }],
  };
}
