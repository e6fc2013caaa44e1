import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListenAddress } from '../../../src/config/schema.js';

const GOOD: [text: string, host: string, port: number][] = [
  ['127.0.0.1:9871', '127.0.0.1', 9871],
  ['[::1]:9871', '::1', 9871],
  ['[2001:DB8:0::1]:1', '2001:db8::1', 1],
  ['0.0.0.0:65535', '0.0.0.0', 65_535],
  [':9871', '', 9871],
];

for (const [text, host, port] of GOOD) {
  test(`${text} is an address`, () => assert.deepEqual(parseListenAddress(text), { host, port }));
}

const BAD = [
  '',
  ':',
  '9871',
  '127.0.0.1',
  '127.0.0.1:',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1:98710',
  '::1:9871',
];
BAD.push('[127.0.0.1]:9871', '[]:9871', '[::1]', 'localhost:9871', '1.2.3:9871', '127.0.0.1:98 71', '127.0.0.1:9871/x');
for (const text of BAD) {
  test(`${JSON.stringify(text)} is no address`, () => assert.equal(parseListenAddress(text), undefined));
}
