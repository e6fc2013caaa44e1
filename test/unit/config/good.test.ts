import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../../src/config/config.js';
import { readConfig } from '../../../src/config/read-config.js';
import { load } from './say.js';

const DEFAULT = readConfig(null).config;

test('without a file the defaults hold', () => {
  assert.deepEqual(DEFAULT, {
    bonds: 'auto',
    announce: {
      kinds: ['rarp', 'garp', 'na', 'mcast'],
      garp: 'request',
      schedule: [0, 1.1, 3, 7, 15, 31],
      jitter: 0.25,
      refresh: null,
      rate: {
        rarp: { rate: 2000, burst: 1000 },
        arp: { rate: 8, burst: 4 },
        na: { rate: 200, burst: 100 },
        mcast: { rate: 200, burst: 100 },
      },
      damping: { failovers: 4, within: 180, holdOff: 30 },
    },
    failover: { onCarrierLoss: false },
    guests: {
      sources: {
        fdb: true,
        neighbour: true,
        hostAddresses: true,
        snoop: true,
        libvirt: 'auto',
        proxmox: 'auto',
        ovs: 'auto',
      },
      remember: 86_400,
      heardFor: 3600,
      limits: { total: 65_536, perPort: 64, addressesPerGuest: 16 },
      exclude: { macs: [], vlans: [], ports: [] },
      virtualRouterMacs: false,
      static: [],
    },
    standby: { watch: true },
    metrics: { listen: [{ host: '127.0.0.1', port: 9871 }], webConfig: null, page: 'off', names: [], textfile: null },
    paths: {
      ovs: [
        '/run/openvswitch',
        '/var/snap/openstack-hypervisor/common/run/openvswitch',
        '/var/snap/microovn/common/run/switch',
        '/run/antrea/openvswitch',
        '/usr/local/var/run/openvswitch',
      ],
      libvirt: [
        '/run/libvirt/qemu',
        '/var/snap/openstack-hypervisor/common/run/libvirt/qemu',
        '/usr/local/var/run/libvirt/qemu',
      ],
    },
    stateDir: '/var/lib/bondherald',
  });
});

for (const text of [
  '',
  '\n',
  '# nothing\n',
  '---\n',
  '{}',
  'guests:\n',
  'guests:\n  limits:\n  exclude: {}\n',
  '\ufeff',
]) {
  test(`a file of ${JSON.stringify(text)} changes nothing`, () => assert.deepEqual(load(text).config, DEFAULT));
}

const GOOD: [text: string, look: (config: Config) => unknown, expected: unknown][] = [
  ['bonds: auto', ({ bonds }) => bonds, 'auto'],
  ['bonds: [bond0, bond1]', ({ bonds }) => bonds, ['bond0', 'bond1']],
  ['bonds: [auto]', ({ bonds }) => bonds, ['auto']],
  ['announce: {kinds: [na]}', ({ announce }) => announce.kinds, ['na']],
  ['announce: {schedule: [0s]}', ({ announce }) => announce.schedule, [0]],
  ['announce: {schedule: [0ms, 500ms, 1m]}', ({ announce }) => announce.schedule, [0, 0.5, 60]],
  ['announce: {jitter: 0}', ({ announce }) => announce.jitter, 0],
  ['announce: {rate: {arp: unlimited}}', ({ announce }) => announce.rate.arp, 'unlimited'],
  ['announce: {rate: {arp: {rate: 0.5}}}', ({ announce }) => announce.rate.arp, { rate: 0.5, burst: 4 }],
  ['announce: {rate: {arp: unlimited}}', ({ announce }) => announce.rate.na, { rate: 200, burst: 100 }],
  ['announce: {damping: {within: 5m}}', ({ announce }) => announce.damping, { failovers: 4, within: 300, holdOff: 30 }],
  [
    'guests: {sources: {libvirt: false, ovs: true, snoop: socket}}',
    ({ guests }) => [guests.sources.libvirt, guests.sources.ovs, guests.sources.snoop],
    [false, true, 'socket'],
  ],
  ['paths: {ovs: [/opt/ovs/run]}', ({ paths }) => [paths.ovs, paths.libvirt.length], [['/opt/ovs/run'], 3]],
  ['guests: {remember: 1d}', ({ guests }) => guests.remember, 86_400],
  ['guests: {exclude: {macs: [02:bf/16]}}', ({ guests }) => guests.exclude.macs, [{ value: 0x02bf00000000, bits: 16 }]],
  ['guests: {exclude: {macs: [52-54-00-12-34-56]}}', ({ guests }) => guests.exclude.macs[0]?.bits, 48],
  [
    'guests: {exclude: {ports: ["vnet*", "tap[0-9]?", "x[!a]"]}}',
    ({ guests }) => guests.exclude.ports,
    ['vnet*', 'tap[0-9]?', 'x[!a]'],
  ],
  [
    'guests: {static: [{mac: "52:54:00:AB:34:56", bond: bond0}]}',
    ({ guests }) => guests.static,
    [{ mac: '52:54:00:ab:34:56', vlan: null, bond: 'bond0', addresses: [] }],
  ],
  [
    'guests: {static: [{mac: 52:54:00:12:34:56, bond: b, vlan: 905, addresses: [192.0.2.7, "2001:db8:0::7"]}]}',
    ({ guests }) => guests.static[0]?.addresses,
    ['192.0.2.7', '2001:db8::7'],
  ],
  ['metrics: {listen: off}', ({ metrics }) => metrics.listen, []],
  ['metrics: {listen: ":80"}', ({ metrics }) => metrics.listen, [{ host: '', port: 80 }]],
  ['metrics: {listen: ["127.0.0.1:1", "[::1]:1"]}', ({ metrics }) => metrics.listen.length, 2],
  ['metrics: {page: off}', ({ metrics }) => metrics.page, 'off'],
  ['metrics: {page: "off"}', ({ metrics }) => metrics.page, 'off'],
  ['metrics: {page: false}', ({ metrics }) => metrics.page, 'off'],
  ['%YAML 1.1\n---\nmetrics: {page: off}', ({ metrics }) => metrics.page, 'off'],
  ['metrics: {page: authenticated, webConfig: /w}', ({ metrics }) => metrics.page, 'authenticated'],
  [
    'metrics: {names: [HV12.example.net, hv12-mgmt, a_b, 3com.example]}',
    ({ metrics }) => metrics.names,
    ['hv12.example.net', 'hv12-mgmt', 'a_b', '3com.example'],
  ],
  ['stateDir: /srv/x', ({ stateDir }) => stateDir, '/srv/x'],
  ['%YAML 1.1\n---\nmetrics: {listen: off}', ({ metrics }) => metrics.listen, []],
];

for (const [text, look, expected] of GOOD) {
  test(`${JSON.stringify(text)} is understood`, () => assert.deepEqual(look(load(text).config), expected));
}

test('two guests may share an address in different VLANs, and one guest may have one in each', () => {
  const guests = [
    '- {mac: 52:54:00:00:00:01, bond: bond0, vlan: 1, addresses: [10.0.0.1]}',
    '- {mac: 52:54:00:00:00:02, bond: bond0, vlan: 2, addresses: [10.0.0.1]}',
    '- {mac: 52:54:00:00:00:01, bond: bond0, vlan: 2}',
  ];
  assert.equal(load(`guests:\n  static:\n    ${guests.join('\n    ')}`).config.guests.static.length, 3);
});

test('a configuration cannot be changed', () => {
  const config = load('bonds: [bond0]').config as unknown as { bonds: string[]; guests: { limits: { total: number } } };
  assert.throws(() => config.bonds.push('bond1'), TypeError);
  assert.throws(() => (config.guests.limits.total = 1), TypeError);
});

test('options count more than the file', () => {
  const { config } = load('bonds: [bond0]\nannounce: {kinds: [na], jitter: 1}', [
    { name: '--bond', path: ['bonds'], value: ['bond1'] },
    { name: '--kinds', path: ['announce', 'kinds'], value: ['rarp'] },
  ]);
  assert.deepEqual([config.bonds, config.announce.kinds, config.announce.jitter], [['bond1'], ['rarp'], 1]);
});
