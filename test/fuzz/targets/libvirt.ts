import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { isGroupMac, parseMac } from '../../../src/addr/mac.js';
import { LibvirtStatusError } from '../../../src/errors.js';
import { readInterfaces } from '../../../src/sources/guest-interfaces.js';
import { guestInterfaces, parseDomainStatus, standbyInterfaces } from '../../../src/sources/libvirt.js';
import { FIXTURES } from '../../support/fixtures.js';
import { domainStatus } from '../../support/domain-status.js';
import { only } from '../engine/only.js';
import { bytesOf, type Target } from '../engine/target.js';

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
  assert.ok(domain.interfaces.length + domain.ignored.length <= 512);
  for (const { mac, type, target } of domain.interfaces) {
    assert.ok(parseMac(mac) === mac && !isGroupMac(mac), mac);
    assert.ok(type.length > 0 && target.length > 0);
  }
  const interfaces = guestInterfaces([domain]);
  assert.ok(interfaces.length <= domain.interfaces.length);
  assert.ok(standbyInterfaces([domain]).length <= domain.interfaces.length);
  assert.deepEqual(
    readInterfaces('libvirt', interfaces, [], () => null),
    [],
  );
}

/** Whole files with interfaces of every kind. */
const domains = fc
  .record({
    name: fc.constantFrom('web', 'a&amp;b', '', '<b/>', ' '),
    state: fc.constantFrom('running', 'paused', '', 'constructor'),
    interfaces: fc.array(
      fc.record({
        mac: fc.constantFrom('52:54:00:00:00:01', '01:00:5e:00:00:01', '00:00:00:00:00:00', 'FF-FF-FF-FF-FF-FF', ''),
        target: fc.constantFrom('tap1', '', '&lt;', 'x'.repeat(200)),
        type: fc.constantFrom('bridge', 'hostdev', 'direct', '__proto__'),
        current: fc.constantFrom(undefined, '52:54:00:00:00:02', '01:00:5e:00:00:01', ''),
        teamed: fc.boolean(),
      }),
    ),
  })
  .map((options) => bytesOf(domainStatus(options)));

export const target = (): Target => ({
  corpus: corpus(),
  generated: domains,
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
      ' currentAddress=',
      '<teaming type="transient" persistent="',
      '>',
    ],
  ],
  maxBytes: 32 << 10,
  run,
});
