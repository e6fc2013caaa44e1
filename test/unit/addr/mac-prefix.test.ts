import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Mac, macFromBytes, matchesMacPrefix, parseMac, parseMacPrefix } from '../../../src/addr/mac.js';
import { VIRTUAL_ROUTER_MACS } from '../../../src/config/constants.js';

function matches(prefix: string, mac: string): boolean {
  const parsed = parseMacPrefix(prefix);
  const address = parseMac(mac);
  assert.ok(parsed, prefix);
  assert.ok(address, mac);
  return matchesMacPrefix(address, parsed);
}

test('a prefix takes in its first and its last address, and neither neighbour', () => {
  const edges: [prefix: string, before: string, first: string, last: string, after: string][] = [
    ['00:00:5e:00:01/40', '00:00:5e:00:00:ff', '00:00:5e:00:01:00', '00:00:5e:00:01:ff', '00:00:5e:00:02:00'],
    ['00:00:0c:9f:f0:00/36', '00:00:0c:9f:ef:ff', '00:00:0c:9f:f0:00', '00:00:0c:9f:ff:ff', '00:00:0c:a0:00:00'],
    ['00:07:b4:00/32', '00:07:b3:ff:ff:ff', '00:07:b4:00:00:00', '00:07:b4:00:ff:ff', '00:07:b4:01:00:00'],
    ['02:bf/16', '02:be:ff:ff:ff:ff', '02:bf:00:00:00:00', '02:bf:ff:ff:ff:ff', '02:c0:00:00:00:00'],
    ['52:54:00:12:34:56', '52:54:00:12:34:55', '52:54:00:12:34:56', '52:54:00:12:34:56', '52:54:00:12:34:57'],
  ];
  for (const [prefix, before, first, last, after] of edges) {
    assert.deepEqual(
      [before, first, last, after].map((mac) => matches(prefix, mac)),
      [false, true, true, false],
      prefix,
    );
  }
});

test('a prefix matches exactly the addresses that share its first bits', () => {
  const six = fc.uint8Array({ minLength: 6, maxLength: 6 });
  const toBits = (mac: Mac): string =>
    mac
      .split(':')
      .map((octet) => parseInt(octet, 16).toString(2).padStart(8, '0'))
      .join('');
  const length = fc.integer({ min: 0, max: 48 });
  fc.assert(
    fc.property(six, six, length, length, (a, b, bits, shared) => {
      const base = macFromBytes(a);
      const other = toBits(base).slice(0, shared) + toBits(macFromBytes(b)).slice(shared);
      const mac = macFromBytes(Uint8Array.from(other.match(/.{8}/g) ?? [], (octet) => parseInt(octet, 2)));
      const parsed = parseMacPrefix(`${base}/${bits}`);
      assert.ok(parsed);
      assert.equal(matchesMacPrefix(mac, parsed), toBits(base).slice(0, bits) === other.slice(0, bits));
    }),
  );
});

test('a prefix is read in the forms of a MAC, with colons, dashes or dots', () => {
  for (const text of ['00-00-5E-00-01/40', '0000.5e00.01/40', '0000.5E00.0100/40'])
    assert.deepEqual(parseMacPrefix(text), parseMacPrefix('00:00:5e:00:01/40'), text);
  assert.deepEqual(parseMacPrefix('0000.5e/24'), parseMacPrefix('00:00:5e/24'));
});

test('text that is no prefix is refused', () => {
  const malformed = ['', '/', '/40', '00:00:5e/', '00:00:5e/49', '00:00:5e/-1', '00:00:5e/4x', '00:00:5e/40/40'];
  for (const text of [
    ...malformed,
    '0:0:5e/40',
    '00:00:5e:00:01:00:00/40',
    'xx/8',
    '00:00:5e/1e1',
    '00::5e/40',
    '0000.5/16',
    '.5e00/16',
    '0000..5e/24',
    '00-00:5e/24',
  ]) {
    assert.equal(parseMacPrefix(text), undefined, JSON.stringify(text));
  }
});

test('the addresses of VRRP, HSRP, GLBP and NLB are held back, and those of guests are not', () => {
  const refused = (text: string): boolean =>
    VIRTUAL_ROUTER_MACS.some((prefix) => matchesMacPrefix(text as Mac, prefix));
  const shared = ['00:00:5e:00:01:0a', '00:00:5e:00:02:0a', '00:00:0c:07:ac:01', '00:00:0c:9f:f1:23'];
  for (const mac of [...shared, '00:07:b4:00:01:02', '02:bf:0a:00:00:01']) assert.ok(refused(mac), mac);
  const guests = ['52:54:00:12:34:56', '00:00:5e:00:53:01', '00:00:5e:00:03:01', '02:be:0a:00:00:01'];
  for (const mac of [...guests, '00:07:b4:01:00:00', '00:00:0c:9f:e0:01', '00:00:0c:07:ad:01']) {
    assert.ok(!refused(mac), mac);
  }
  assert.equal(VIRTUAL_ROUTER_MACS.length, 6);
});
