import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { isGroupMac, parseMac } from '../../../src/addr/mac.js';
import { LibvirtStatusError } from '../../../src/errors.js';
import { guestInterfaces, parseDomainStatus, readLibvirt } from '../../../src/sources/libvirt.js';
import { FIXTURES } from '../../support/fixtures.js';
import { only } from '../engine/only.js';
import type { Target } from '../engine/target.js';

/** A folder's worth of status files. */
function corpus(): Uint8Array[] {
  const folder = new URL('libvirt/', FIXTURES);
  return readdirSync(folder).map((name) => new Uint8Array(readFileSync(new URL(name, folder))));
}

function run(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const domain = only([LibvirtStatusError], () => parseDomainStatus(text), 300);
  if (!domain) return;
  assert.ok(domain.name.length > 0 && domain.name.length <= text.length);
  assert.match(domain.uuid, /^[0-9a-f-]{36}$/);
  assert.ok(domain.interfaces.length + domain.ignored.length <= 512);
  for (const { mac, type, target } of domain.interfaces) {
    assert.ok(parseMac(mac) === mac && !isGroupMac(mac), mac);
    assert.ok(type.length > 0 && target.length > 0);
  }
  const interfaces = guestInterfaces([domain]);
  assert.ok(interfaces.length <= domain.interfaces.length);
  assert.deepEqual(
    readLibvirt(interfaces, [], () => null),
    [],
  );
}

export const target = (): Target => ({
  corpus: corpus(),
  tokens: [
    ...[
      '<domstatus ',
      '</domstatus>',
      '<domain>',
      '<interface type="bridge">',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?xml',
    ],
    ...[
      '<!DOCTYPE a [<!ENTITY b "c">]>',
      '&b;',
      '&#x41;',
      '&amp;',
      '<__proto__ a="b"/>',
      '<constructor/>',
      ' __proto__="x"',
    ],
    ...[
      'hasOwnProperty="1"',
      '<a ',
      '/>',
      '="',
      "='",
      '\0',
      '\ufeff',
      '<a:b xmlns:a="c"/>',
      '     ',
      '<mac address=',
      '>',
    ],
  ],
  maxBytes: 32 << 10,
  run,
});
