import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxmoxConfigError } from '../../../src/errors.js';
import { parseProxmoxGuest, type ProxmoxKind } from '../../../src/sources/proxmox.js';

/** [name, interfaces, reasons] of a file. */
function read(lines: readonly string[], kind: ProxmoxKind = 'qemu', id = '100'): [string, string[], readonly string[]] {
  const { name, interfaces, ignored } = parseProxmoxGuest(`${lines.join('\n')}\n`, kind, id);
  return [name, interfaces.map(({ mac, target }) => `${mac} ${target}`), ignored];
}

test('a virtual machine: its name, and each interface with the device that it has while it runs', () => {
  const file = [
    '#uplink%3A eth0',
    'agent: 1',
    'boot: order=scsi0;net0',
    'cores: 2',
    'name: web1',
    'net0: virtio=BC:24:11:0A:00:01,bridge=vmbr0,firewall=1,tag=100',
    'net1: e1000=bc:24:11:0a:00:02,bridge=vmbr0,trunks=10;20-30,queues=4',
    'net12: virtio,bridge=vnet1,macaddr=BC:24:11:0A:00:03',
    'net2: model=virtio,macaddr=BC:24:11:0A:00:04,bridge=vmbr1',
    'scsi0: local-lvm:vm-100-disk-0,size=32G',
  ];
  assert.deepEqual(read(file), [
    'web1 (100)',
    [
      'bc:24:11:0a:00:01 tap100i0',
      'bc:24:11:0a:00:02 tap100i1',
      'bc:24:11:0a:00:03 tap100i12',
      'bc:24:11:0a:00:04 tap100i2',
    ],
    [],
  ]);
});

test('a container: hostname, hwaddr, and a veth', () => {
  const file = [
    'arch: amd64',
    'hostname: dns1',
    'net0: name=eth0,bridge=vmbr0,firewall=1,gw=192.0.2.1,hwaddr=BC:24:11:0B:00:01,ip=192.0.2.5/24,tag=30,type=veth',
    'lxc.cgroup2.devices.allow: c 10:200 rwm',
  ];
  assert.deepEqual(read(file, 'lxc', '205'), ['dns1 (205)', ['bc:24:11:0b:00:01 veth205i0'], []]);
});

test('what waits for the next start, and snapshots, say nothing of what runs', () => {
  const now = ['name: db1', 'net0: virtio=BC:24:11:0A:00:01,bridge=vmbr0'];
  const later = [
    '',
    '[PENDING]',
    'net0: virtio=BC:24:11:0A:00:09,bridge=vmbr0',
    '[before]',
    'name: old',
    'net1: virtio=BC:24:11:0A:00:08,bridge=vmbr0',
  ];
  assert.deepEqual(read([...now, ...later]), read(now));
});

test('an interface whose cable is pulled, or whose address no station has, is left out with the reason', () => {
  const file = [
    'net0: virtio=BC:24:11:0A:00:01,bridge=vmbr0,link_down=1',
    'net1: virtio=01:00:5E:00:00:01,bridge=vmbr0',
    'net2: virtio=00:00:00:00:00:00,bridge=vmbr0',
    'net3: virtio=BC:24:11:0A:00:02,bridge=vmbr0,link_down=0',
  ];
  assert.deepEqual(read(file), ['100', ['bc:24:11:0a:00:02 tap100i3'], ['unplugged', 'group-address', 'zero-address']]);
});

test('keys that only look like an interface are none, and the last of two lines counts', () => {
  const file = [
    'net32: virtio=BC:24:11:0A:00:01,bridge=vmbr0',
    'net01: virtio=BC:24:11:0A:00:02,bridge=vmbr0',
    ' net1: virtio=BC:24:11:0A:00:03,bridge=vmbr0',
    'netif: net2=virtio',
    '# net3: virtio=BC:24:11:0A:00:04,bridge=vmbr0',
    'net4: virtio=BC:24:11:0A:00:05,bridge=vmbr0',
    'net4: virtio=BC:24:11:0A:00:06,bridge=vmbr0',
  ];
  assert.deepEqual(read(file), ['100', ['bc:24:11:0a:00:06 tap100i4'], []]);
});

test('a file without a guest, cut off in a line, or endless', () => {
  assert.deepEqual(read([]), ['100', [], []]);
  assert.deepEqual(read(['\0\0\0', '::', 'net0']), ['100', [], []]);
  for (const line of ['net0: virtio=BC:24:11', 'net0: virtio,bridge=vmbr0', 'net0:', 'net0: =,=,=']) {
    assert.throws(() => read([line]), new ProxmoxConfigError('an interface without a MAC address: tap100i0'));
  }
  assert.throws(() => read(Array<string>(10_000).fill('#')), /more than 10000 lines/);
});
