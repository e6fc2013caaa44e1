import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../../src/doctor/diagnose.js';
import type { Facts, PortFacts } from '../../../src/doctor/facts.js';
import { neededReceiveLimit } from '../../../src/doctor/daemon.js';
import { shellWord } from '../../../src/doctor/commands.js';
import { ANNOUNCE_DEFAULTS } from '../../support/announce-defaults.js';
import * as on from './host.js';

const { bond, bridge, guest, host, slave, uplink, vlanHost, withOvs } = on;
const { hearing: heardBy } = on;
const ANNOUNCE = ANNOUNCE_DEFAULTS;
const AGEING = ['advice bridge-ageing br0'];
const ABSENT = { up: false } as const;
const NO_ADMIN = on.daemon({ capabilities: new Set(['CAP_NET_RAW']) });
const guests = (count: number) => ({
  bonds: [{ bond: 'bond0', guests: Array.from({ length: count }, () => guest()) }],
  limits: [],
  count,
  ports: new Map<string, PortFacts>(),
  devices: 10,
});

const SAID: [what: string, facts: Facts, says: string[]][] = [
  ['a healthy host', on.HEALTHY, []],
  ['a daemon that cannot be asked, but announces', host({ daemon: on.daemon({ running: null }) }), []],
  [
    'no daemon, and no bond for one',
    host({ daemon: on.daemon({ running: null }), isAnnounced: false, activeBackup: [], bonds: [] }),
    ['warning bond-missing this host'],
  ],
  ['a guest that fell out of a bridge just now', on.silentHost([guest({ lastSeen: 0 })], 299), AGEING],
  ['one that did after 300 s', on.silentHost([guest({ lastSeen: 0 })], 300), [...AGEING, 'advice silent-guests bond0']],
  ['one that no bridge lists', on.silentHost([guest({ lastSeen: 299, source: 'libvirt' })], 300), AGEING],
  ['one that is not announced', on.silentHost([guest({ lastSeen: 900, reason: 'excluded' })], 300), AGEING],
  [
    'silence that is refreshed',
    on.silentHost([guest({ lastSeen: 900 })], 600, { announce: { ...ANNOUNCE, refresh: 200 } }),
    [],
  ],
  ['84 addresses', host({ guests: on.withAddresses(84) }), []],
  ['92 addresses', host({ guests: on.withAddresses(92) }), ['advice arp-rate bond0']],
  [
    '50 addresses in both forms',
    host({ guests: on.withAddresses(50), announce: { ...ANNOUNCE, garp: 'both' } }),
    ['advice arp-rate bond0'],
  ],
  [
    '600 addresses without a limit',
    host({ guests: on.withAddresses(600), announce: { ...ANNOUNCE, rate: { ...ANNOUNCE.rate, arp: 'unlimited' } } }),
    [],
  ],
  [
    '600 addresses that nothing announces',
    host({ guests: on.withAddresses(600), announce: { ...ANNOUNCE, kinds: ['rarp'] } }),
    [],
  ],
  ['LACP alone', host({ bonds: [bond({}, { mode: '802.3ad' })], activeBackup: [] }), []],
  ['a bond that is named, and there', host({ wantedBonds: ['bond0'] }), []],
  ['miimon 100', host({ bonds: [bond({ miimon: 100 })] }), ['advice bond-miimon bond0']],
  ['miimon 100 where carrier decides', host({ bonds: [bond({ miimon: 100 }, { onCarrierLoss: true })] }), []],
  ['miimon 11, which looks as often', host({ bonds: [bond({ miimon: 11 })] }), []],
  ['miimon 1', host({ bonds: [bond({ miimon: 1 })] }), []],
  ['miimon 50 with a downdelay', host({ bonds: [bond({ miimon: 50, downdelay: 50 })] }), []],
  [
    'miimon 1000 where carrier decides',
    host({ bonds: [bond({ miimon: 1000 }, { onCarrierLoss: true })] }),
    ['advice bond-slow-detection bond0'],
  ],
  [
    'ARP monitoring where carrier was to decide',
    host({ bonds: [bond({ miimon: 0, arpInterval: 900, arpValidate: 'all' }, { onCarrierLoss: true })] }),
    ['advice bond-carrier-loss bond0'],
  ],
  ['carrier is to decide for a bond that is there', host({ switchedBonds: ['bond0'] }), []],
  [
    'carrier is to decide for a bond that is not, and for one without a failover',
    host({ switchedBonds: ['bond7', 'bond0'], bonds: [bond({}, { mode: '802.3ad' })] }),
    ['advice bond-carrier-loss bond7, bond0'],
  ],
  [
    'no monitoring where carrier was to decide',
    host({ bonds: [bond({ miimon: 0 }, { onCarrierLoss: true })] }),
    ['warning bond-no-monitoring bond0'],
  ],
  ['miimon 100 with a downdelay', host({ bonds: [bond({ downdelay: 100 })] }), ['advice bond-slow-detection bond0']],
  ['miimon 101', host({ bonds: [bond({ miimon: 101 })] }), ['advice bond-slow-detection bond0']],
  ['miimon 999', host({ bonds: [bond({ miimon: 999 })] }), ['advice bond-slow-detection bond0']],
  ['miimon 1000', host({ bonds: [bond({ miimon: 1000 })] }), ['warning bond-slow-detection bond0']],
  ['ARP monitoring in order', host({ bonds: [bond({ miimon: 0, arpInterval: 900, arpValidate: 'active' })] }), []],
  ['a bond whose options cannot be read', host({ bonds: [bond({}, { options: null })] }), []],
  ['three links, one dead', host({ bonds: [bond({}, { slaves: threeLinks() })] }), []],
  [
    'three links, two dead',
    host({ bonds: [bond({}, { slaves: threeLinks(ABSENT) })] }),
    ['warning slave-down b', 'warning slave-no-carrier c'],
  ],
  [
    'a link that is coming back',
    host({ bonds: [bond({}, { slaves: [slave('a'), slave('b', { status: 'going' })] })] }),
    [],
  ],
  [
    'a link that miimon has not looked at yet',
    host({ bonds: [bond({}, { slaves: [slave('a'), slave('b', { status: 'down' })] })] }),
    [],
  ],
  ['a bond without links', host({ bonds: [bond({}, { slaves: [] })] }), ['warning bond-one-link bond0']],
  [
    'one link, and that one dead',
    host({ bonds: [bond({}, { slaves: [slave('a', ABSENT)] })] }),
    ['warning slave-down a', 'warning bond-one-link bond0'],
  ],
  ['num_grat_arp 0 and no addresses', host({ bonds: [bond({ numGratArp: 0 })] }), ['advice bond-no-grat-arp bond0']],
  ['LACP', host({ bonds: [bond({ miimon: 0 }, { mode: '802.3ad' })] }), []],
  ['balance-xor', host({ bonds: [bond({}, { mode: 'balance-xor' })] }), ['advice bond-mode bond0']],
  ['balance-tlb', host({ bonds: [bond({}, { mode: 'balance-tlb' })] }), ['warning bond-mode bond0']],
  ['balance-tlb without guests', host({ bonds: [bond({}, { mode: 'balance-tlb', hasGuests: false })] }), []],
  ['fail_over_mac follow', host({ bonds: [bond({ failOverMac: 'follow' })] }), ['advice bond-fail-over-mac bond0']],
  ['spanning tree', host({ bonds: [spanningTree({})] }), ['advice bond-updelay bond0']],
  ['spanning tree and a primary', host({ bonds: [spanningTree({ primary: 'a' })] }), ['warning bond-updelay bond0']],
  [
    'spanning tree and a primary that waits',
    host({ bonds: [spanningTree({ primary: 'a', primaryReselect: 'failure' })] }),
    ['advice bond-updelay bond0'],
  ],
  ['spanning tree and an updelay', host({ bonds: [spanningTree({ updelay: 31_000 })] }), []],
  ['no spanning tree', host({ bonds: [bond({}, { slaves: [slave('a', { bpdus: false }), slave('b')] })] }), []],
  ['ageing of the default', host({ bridges: [bridge({ ageing: 300 })] }), ['advice bridge-ageing br0']],
  ['a bridge that cannot be read', host({ bridges: [unreadable()] }), []],
  ['a bridge behind another', host({ bridges: [bridge({ macPinned: false, uplinks: [] })] }), []],
  [
    'a port that is opening',
    host({ bridges: [bridge({ uplinks: [uplink({ state: 1 }), uplink({ state: 2 })] })] }),
    [],
  ],
  ['a port without carrier', host({ bridges: [bridge({ uplinks: [uplink({ state: 0, carrier: false })] })] }), []],
  [
    'a port switched off',
    host({ bridges: [bridge({ uplinks: [uplink({ state: 0 })] })] }),
    ['warning bridge-port-blocked bond0'],
  ],
  ['a VLAN that the port has', vlanHost([guest({ vlan: 12 })]), []],
  ['a VLAN that is excluded', vlanHost([guest({ vlan: 30, reason: 'excluded' })]), []],
  [
    'a guest that came in by the bond',
    host({ guests: { ...guests(0), bonds: [{ bond: 'bond0', guests: [guest({ reason: 'seen-on-uplink' })] }] } }),
    ['warning seen-on-uplink bond0'],
  ],
  [
    'a bond that is heard by a socket because the operator wants it so',
    heardBy('socket', 'guests.sources.snoop is socket'),
    [],
  ],
  ['a bond that is not heard because the operator wants it so', heardBy('deaf', 'guests.sources.snoop is false'), []],
  [
    'a bond that is heard by a socket because tc takes a right',
    { ...heardBy('socket', 'clsact: rtnetlink: EPERM'), daemon: NO_ADMIN },
    ['warning daemon-capabilities the daemon, process 4711'],
  ],
  ['a bond that is not heard', heardBy('deaf', 'a packet socket: bind: ENODEV'), ['warning listening-deaf bond0']],
  ['a daemon of which nothing is known', host({ daemon: null }), []],
  [
    'somebody without rights',
    host({ daemon: on.daemon({ running: null, capabilities: new Set() }) }),
    ['warning daemon-capabilities a daemon run with your privileges'],
  ],
  [
    'swappable frames',
    host({ daemon: on.daemon({ lockedMemory: 8 << 20 }) }),
    ['advice daemon-privileges the daemon, process 4711'],
  ],
  [
    'capabilities in place of limits',
    host({
      daemon: on.daemon({
        ...{ lockedMemory: 0, realtimePriority: 0 },
        capabilities: new Set(['CAP_NET_RAW', 'CAP_NET_ADMIN', 'CAP_IPC_LOCK', 'CAP_SYS_NICE']),
      }),
    }),
    [],
  ],
  [
    'a small buffer, but the right to go beyond',
    host({ daemon: on.daemon({ receiveLimit: 1 }), guests: guests(500) }),
    [],
  ],
  [
    'a small buffer, and few guests',
    host({ daemon: { ...NO_ADMIN, receiveLimit: 212_992 }, guests: guests(100) }),
    ['warning daemon-capabilities the daemon, process 4711'],
  ],
  [
    'a small buffer, and many guests',
    host({ daemon: { ...NO_ADMIN, receiveLimit: 212_992 }, guests: guests(130) }),
    ['warning daemon-capabilities the daemon, process 4711', 'warning receive-buffer net.core.rmem_max'],
  ],
  ['Open vSwitch in good order', withOvs({ ports: [on.ovsPort('bond1', on.OVS_BOND), on.ovsPort('tap0', null)] }), []],
  ['its ageing of the default', withOvs({ macAgingTime: 300 }), ['advice ovs-ageing br-ex']],
  [
    'an OVS bond with LACP',
    withOvs({ ports: [on.ovsPort('bond1', { ...on.OVS_BOND, updelay: 0, lacp: 'active' })] }),
    [],
  ],
  ['a table that is nearly full', withOvs({}, 95), ['warning ovs-mac-table-full br-ex']],
  ['a table with room', withOvs({}, 94), []],
  ['a bridge that may learn no more', inBridge({ learned: { held: 95, most: 100 } }), ['warning bridge-fdb-full br0']],
  ['a bridge that may learn some more', inBridge({ learned: { held: 94, most: 100 } }), []],
  ['a VLAN that is blocked on the bond', inVlan(4), ['warning bridge-port-blocked bond0']],
  ['a VLAN that is opening', inVlan(2), []],
  ['a blocked VLAN that the bond is not in', inVlan(4, 3, 30), []],
  ['a blocked port, with a blocked VLAN', inVlan(4, 4), ['warning bridge-port-blocked bond0']],
  [
    'warnings before advice',
    withOvs({ macAgingTime: 300 }, 100),
    ['warning ovs-mac-table-full br-ex', 'advice ovs-ageing br-ex'],
  ],
];

function inBridge(change: Parameters<typeof bridge>[0]) {
  return on.host({ bridges: [bridge(change)] });
}

/** VLAN 10 of the port has that state. */
function inVlan(state: number, port = 3, member = 10) {
  const vlans = [{ first: member, last: member, untagged: false, pvid: false }];
  return inBridge({ uplinks: [uplink({ state: port, vlans, states: [{ first: 10, last: 10, state }] })] });
}

function threeLinks(second = {}) {
  return [slave('a'), slave('b', second), slave('c', { carrier: false })];
}

function spanningTree(options: Parameters<typeof bond>[0]) {
  return bond(options, { slaves: [slave('a'), slave('b', { bpdus: true })] });
}

function unreadable() {
  const uplinks = [uplink({ state: null, learning: null, carrier: false })];
  return bridge({ ageing: null, macPinned: null, spanningTree: null, uplinks });
}

for (const [what, facts, says] of SAID) {
  test(`the doctor on ${what}`, () => {
    const findings = diagnose(facts);
    assert.deepEqual(
      findings.map(({ level, id, subject }) => `${level} ${id} ${subject}`),
      says,
    );
  });
}

for (const [id, facts] of Object.entries(on.SPECIMENS)) {
  test(`the doctor finds ${id}, in lines of their own`, () => {
    const found = diagnose(facts).find((finding) => finding.id === id);
    assert.ok(found);
    for (const line of [found.finding, found.meaning, found.cure]) assert.match(line, /^[^\n]+$/);
  });
}

test('a bond whose links the switches may aggregate is not to be made another one', () => {
  for (const mode of ['balance-rr', 'balance-xor', 'broadcast', '802.3ad']) {
    const facts = host({ bonds: [bond({ miimon: 0 }, { mode, aggregators: mode === '802.3ad' ? 2 : 0 })] });
    const cures = diagnose(facts).map(({ cure }) => cure);
    assert.deepEqual(cures, ['grep . /proc/net/bonding/bond0'], mode);
  }
});

test('VLANs that an instance of spanning tree blocks are opened by whoever runs that', () => {
  const states = [
    { first: 10, last: 12, state: 4 },
    { first: 30, last: 30, state: 0 },
  ];
  const vlans = [{ first: 1, last: 40, untagged: false, pvid: false }];
  const instances = [
    { first: 1, last: 9, msti: 1 },
    { first: 11, last: 29, msti: 7 },
    { first: 30, last: 30, msti: 3 },
  ];
  const mst = (change: Parameters<typeof bridge>[0]): Facts =>
    inBridge({ mst: true, instances, uplinks: [uplink({ vlans, states })], ...change });
  const byHand = 'bridge mst set dev bond0 msti 3 state 3 && bridge mst set dev bond0 msti 7 state 3';
  assert.equal(cureOf(mst({})), byHand);
  assert.equal(cureOf(mst({ spanningTree: 'kernel' })), byHand, 'the kernel runs instance 0 only');
  const byDaemon = 'mstpctl settreeportcost br0 bond0 3 1 && mstpctl settreeportcost br0 bond0 7 1';
  assert.equal(cureOf(mst({ spanningTree: 'user' })), byDaemon);
  assert.match(diagnose(mst({}))[0]?.finding ?? '', /in VLAN 10-12, 30 by instance 3, 7 of spanning tree$/);
  assert.equal(cureOf(mst({ instances: [] })), 'bridge -d vlan show dev bond0', 'it cannot be read');
});

const cureOf = (facts: Facts): string | undefined => diagnose(facts)[0]?.cure;

test('VLANs that are missing are one finding for a port, and one range where they follow each other', () => {
  const cutOff = [32, 30, 31, 40, 31].map((vlan) => guest({ vlan, reason: 'vlan-not-on-uplink' }));
  const findings = diagnose(vlanHost(cutOff));
  assert.equal(findings.length, 1);
  assert.match(findings[0]?.finding ?? '', /VLAN 30-32, 40, which 5 guests are in: 52:54:00:00:00:01 on tap1/);
  assert.equal(findings[0]?.cure, 'bridge vlan add dev bond0 vid 30-32 && bridge vlan add dev bond0 vid 40');
});

test('above VLAN devices the VLAN that is missing is the one of the port of the guest', () => {
  const cutOff = guest({ vlan: 10, reason: 'vlan-not-on-uplink' });
  const facts = vlanHost([cutOff], { name: 'bond0.10', tags: [10] });
  assert.equal(cureOf(facts), 'bridge vlan add dev bond0.10 vid 30');
  assert.equal(cureOf(vlanHost([cutOff], { name: 'bond0.11', tags: [11] })), undefined);
});

test('the VLAN that is missing is missing on the bridge of the guest, not on another one of the same bond', () => {
  const vlans = [{ first: 1, last: 1, untagged: true, pvid: true }];
  const onBond = bridge({ uplinks: [uplink({ vlans })] });
  const onDevice = bridge({ name: 'br50', uplinks: [uplink({ name: 'bond0.50', tags: [50], vlans })] });
  const cutOff = guest({ vlan: 50, reason: 'vlan-not-on-uplink' });
  for (const [behind, bridges, missing] of [
    ['br50', [onBond, onDevice], 'bond0.50 vid 60'],
    ['br0', [onDevice, onBond], 'bond0 vid 50'],
    ['qbr7', [onBond, onDevice], 'bond0.50 vid 60'],
  ] as const) {
    const ports = new Map([['tap1', { bridge: behind, pvid: 60 }]]);
    const facts = host({
      bridges,
      guests: { bonds: [{ bond: 'bond0', guests: [cutOff] }], limits: [], count: 1, ports, devices: 9 },
    });
    assert.equal(cureOf(facts), `bridge vlan add dev ${missing}`, behind);
  }
});

test('what is the same of a hundred bridges is one finding, whose cure cures them all', () => {
  const names = Array.from({ length: 100 }, (_, n) => `br${n}`);
  const [finding, ...others] = diagnose(host({ bridges: names.map((name) => bridge({ name, ageing: 300 })) }));
  assert.equal(others.length, 0);
  assert.equal(finding?.subject, 'br0, br1, br2, br3 and 96 more');
  assert.equal(finding?.cure.split(' && ').length, 100);
});

test('hundreds of MACs that were seen outside are one finding with an example', () => {
  const moved = Array.from({ length: 300 }, (_, n) =>
    guest({ mac: `52:54:00:00:${(n >> 8).toString(16)}0:01` as never, vlan: n, reason: 'seen-on-uplink' }),
  );
  const [finding, ...others] = diagnose(host({ guests: { ...guests(0), bonds: [{ bond: 'bond0', guests: moved }] } }));
  assert.equal(others.length, 0);
  assert.match(finding?.finding ?? '', /the MACs of 2 guests .* 52:54:00:00:00:01, here on tap1/);
});

test('where to look for what keeps tc from hearing follows from the reason', () => {
  for (const [reason, cure] of [
    ['the qdisc ingress has the place of clsact', 'tc qdisc show dev bond0'],
    ['a tcx program at its egress, id 7, keeps frames from our filters', 'bpftool net show dev bond0'],
    ['another tc filter, pref 20, comes before ours', 'tc -s filter show dev bond0 egress'],
    ['device bh-5 exists, and bondherald did not create it', 'ip -d link show | grep -A 3 bh-'],
  ] as const)
    assert.equal(cureOf(heardBy('socket', reason)), cure);
});

test('a cure of the monitoring keeps the updelay, which the kernel counts in looks', () => {
  const facts = host({ bonds: [bond({ miimon: 1000, updelay: 31_000, downdelay: 2000 })] });
  assert.equal(cureOf(facts), 'ip link set dev bond0 type bond miimon 10 updelay 31000 downdelay 0');
});

test('a daemon without a unit is started again as it was, one with a unit gets a drop-in', () => {
  const running = { pid: 7, unit: null, argv: ['node', 'bin/bondherald', 'run', '--config', 'my file'] };
  const by = (daemon: Facts['daemon']) => cureOf(host({ daemon }));
  assert.equal(by({ ...NO_ADMIN, running: null }), 'bondherald run');
  assert.equal(
    by({ ...NO_ADMIN, running }),
    "kill 7 && tail --pid=7 -f /dev/null && node bin/bondherald run --config 'my file'",
  );
  assert.match(
    by(NO_ADMIN) ?? '',
    /bondherald\.service\.d\/capabilities\.conf .*systemctl restart bondherald\.service$/,
  );
});

test('the limit that a host needs grows with its guests and ends at what we ask for', () => {
  assert.deepEqual([neededReceiveLimit(0, 10), neededReceiveLimit(100, 10)], [21_760, 175_360]);
  assert.equal(neededReceiveLimit(65_536, 1000), 16 << 20);
});

test('a cure can be pasted into a shell, whatever the name of the device', () => {
  assert.equal(shellWord('br-ex.905'), 'br-ex.905');
  assert.equal(shellWord("a;rm -rf 'x'"), `'a;rm -rf '\\''x'\\'''`);
  assert.equal(
    cureOf(host({ bridges: [bridge({ name: '$(reboot)', ageing: 1 })] })),
    "ip link set dev '$(reboot)' type bridge ageing_time 60000",
  );
  assert.equal(
    cureOf(host({ bonds: [bond({ miimon: 0 }, { name: 'a&b' })] })),
    "ip link set dev 'a&b' type bond miimon 10 updelay 0 downdelay 0",
  );
});
