import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isGroupMac, parseMac } from '../../../src/addr/mac.js';
import { ProxmoxConfigError } from '../../../src/errors.js';
import { parseProxmoxGuest } from '../../../src/sources/proxmox.js';
import { only } from '../engine/only.js';
import { bytesOf, type Target } from '../engine/target.js';

const LINES = [
  'name: web1',
  'hostname: dns1',
  'net0: virtio=BC:24:11:0A:00:01,bridge=vmbr0,firewall=1,tag=100',
  'net31: model=e1000,macaddr=bc-24-11-0a-00-02,bridge=vmbr0,trunks=10;20-30',
  'net1: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:0B:00:01,ip=dhcp,type=veth',
  'net2: virtio=01:00:5E:00:00:01,link_down=1',
  'net3: virtio=,',
  '[PENDING]',
  '# net4: virtio=BC:24:11:0A:00:04',
];

function run(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  for (const kind of ['qemu', 'lxc'] as const) {
    const guest = only([ProxmoxConfigError], () => parseProxmoxGuest(text, kind, '100'), 300);
    if (!guest) continue;
    assert.ok(guest.name.length > 0 && guest.name.length <= Math.max(3, text.length));
    assert.ok(guest.interfaces.length + guest.ignored.length <= 32);
    for (const { mac, target } of guest.interfaces) {
      assert.ok(parseMac(mac) === mac && !isGroupMac(mac), mac);
      assert.match(target, /^(tap|veth)100i\d{1,2}$/);
    }
  }
}

/** Whole files, of lines as they are and as they are not. */
const files = fc
  .array(fc.oneof(fc.constantFrom(...LINES), fc.string({ maxLength: 40 })))
  .map((lines) => bytesOf(lines.join('\n')));

export const target = (): Target => ({
  corpus: [bytesOf(LINES.join('\n'))],
  generated: files,
  tokens: [
    'net0: ',
    'net9: ',
    'virtio=',
    'macaddr=',
    'hwaddr=',
    'link_down=1',
    'name: ',
    ',',
    '=',
    '[',
    '\n',
    '\r\n',
    '\0',
    '#',
  ],
  maxBytes: 16 << 10,
  run,
});
