import assert from 'node:assert/strict';
import { ipBytes, ipFromBytes, isStationIp, parseIp } from '../../../src/addr/ip.js';
import { matchesMacPrefix, parseMac, parseMacPrefix, ZERO_MAC } from '../../../src/addr/mac.js';
import { kindsArgument, macArgument, roundsArgument, vlanArgument } from '../../../src/cli/arguments.js';
import { printable } from '../../../src/cli/table.js';
import { parseDuration } from '../../../src/config/leaves.js';
import { nearest } from '../../../src/config/nearest.js';
import { parseListenAddress } from '../../../src/config/schema.js';
import { shellWord } from '../../../src/doctor/commands.js';
import { oneLine, UsageError } from '../../../src/errors.js';
import { globPattern } from '../../../src/config/glob.js';
import { addressOf, readQuery } from '../../../src/http/page/query.js';
import { bytesOf, type Target } from '../engine/target.js';

function addresses(text: string): void {
  const ip = parseIp(text);
  if (ip !== undefined) {
    const bytes = ipBytes(ip);
    assert.equal(parseIp(ip), ip);
    assert.equal(ipFromBytes(bytes, 0, bytes.length), ip);
    isStationIp(ip);
  }
  const mac = parseMac(text);
  if (mac !== undefined) assert.equal(parseMac(mac), mac);
  const prefix = parseMacPrefix(text);
  if (prefix) {
    assert.ok(prefix.bits >= 0 && prefix.bits <= 48);
    matchesMacPrefix(ZERO_MAC, prefix);
  }
}

function settings(text: string): void {
  const seconds = parseDuration(text);
  assert.ok(seconds === undefined || (Number.isFinite(seconds) && seconds >= 0));
  const listen = parseListenAddress(text);
  if (listen)
    assert.ok(listen.port > 0 && listen.port < 65_536 && (listen.host === '' || parseIp(listen.host) === listen.host));
  nearest(text, ['bonds', 'announce', 'basic_auth_users']);
  globPattern(text).test(text);
  globPattern(text).test('vnet12');
}

/** What is asked of the status page, and comes back in its links. */
function query(text: string): void {
  const asked = readQuery(text);
  for (const value of [asked.bond, asked.guest, asked.after]) assert.ok(value === null || value.length <= 256);
  const address = addressOf(asked);
  assert.match(address, /^\?[\w.~%&=+*-]*$/, 'something that would not stay in an attribute');
  assert.equal(addressOf(readQuery(address.slice(1))), address);
}

/** What is wrong quotes what was typed; it is brought to one line where it is printed. */
function argument(read: (text: string) => unknown, text: string): void {
  try {
    read(text);
  } catch (error) {
    assert.ok(error instanceof UsageError);
  }
}

function run(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  addresses(text);
  settings(text);
  query(text);
  for (const read of [macArgument, vlanArgument, kindsArgument, roundsArgument]) argument(read, text);
  assert.doesNotMatch(printable(text), /\p{Cc}/u);
  assert.doesNotMatch(oneLine(new UsageError(text)), /\n/);
  assert.match(shellWord(text), /^(?:[\w.:@%+,/-]+|'[^]*')$/);
}

export const target = (): Target => ({
  corpus: [
    ...[
      '192.0.2.1',
      '2001:db8::1:0:0:1',
      '::ffff:192.0.2.1',
      'fe80::5054:ff:fe12:3456',
      '52:54:00:12:34:56',
      '52-54-00-12-34-56',
    ],
    ...[
      '00:00:5e:00:01/40',
      '1h30m500ms',
      '1.1s',
      '127.0.0.1:9871',
      '[::1]:9871',
      ':9871',
      'tap*',
      'vnet[0-9]',
      '[!a-c]?x',
    ],
    ...[
      'bond=bond0&guest=web&after=52%3A54%3A00%3A00%3A00%3A01&refresh=on',
      '905',
      'rarp,garp,na',
      'basic_auth_user',
      "it's",
    ],
  ].map(bytesOf),
  tokens: [
    ':',
    '::',
    '.',
    '/',
    '-',
    '[',
    ']',
    '*',
    '?',
    '!',
    '%',
    '&',
    '=',
    '0',
    'ffff',
    ' ',
    '\n',
    '\0',
    '1s',
    'ms',
    '255',
    "'",
    '"',
    '<',
  ],
  maxBytes: 8192,
  run,
});
