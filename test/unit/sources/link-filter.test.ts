import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDatagram } from '../../../src/kernel/decode.js';
import type { KernelEvent, LinkEvent } from '../../../src/kernel/events.js';
import { encodeProgram } from '../../../src/sources/bpf/assembler.js';
import { linkFilter } from '../../../src/sources/bpf/link-filter.js';
import { parseProgram, runBpf } from '../../support/bpf.js';
import { everyDatagram, FIXTURE_NAMES, loadFixture } from '../../support/fixtures.js';
import { FailoverDetector } from '../../../src/topology/failover.js';

const PROGRAM = parseProgram(encodeProgram(linkFilter()));

/** net/core/filter.c:bpf_skb_get_nlattr: where the attribute of this type begins, from `from` to `end`; 0 for none. */
function findAttribute(bytes: Buffer, from: number, end: number, type: number): number {
  for (let at = from; at + 4 <= end;) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > end) return 0;
    if ((bytes.readUInt16LE(at + 2) & 0x3fff) === type) return at;
    at += (length + 3) & ~3;
  }
  return 0;
}

function passes(datagram: Uint8Array): boolean {
  const bytes = Buffer.from(datagram);
  const whole = (at: number): number => (at + 2 <= bytes.length ? bytes.readUInt16LE(at) : 0xffff);
  return (
    runBpf(PROGRAM, bytes, {
      12: (a, x) => findAttribute(bytes, a, bytes.length, x),
      16: (a, x) => (a + whole(a) > bytes.length ? 0 : findAttribute(bytes, a + 4, a + whole(a), x)),
    }) > 0
  );
}

/** By our decoder: whether a socket that waits for failovers has no use for it. */
function isUseless(datagram: Uint8Array): boolean {
  const events = decodeDatagram(datagram);
  const [event] = events;
  if (events.length !== 1 || event === undefined) return false;
  const isNews = Buffer.from(datagram).readUInt16LE(4) === 16 && (Buffer.from(datagram).readUInt16LE(6) & 2) === 0;
  if (!isNews) return false;
  if (event.type === 'bridgePort') return true;
  return event.type === 'link' && !matters(event);
}

const matters = ({ details, bondSlaveActive, bridgePortState }: LinkEvent): boolean =>
  details.type === 'bond' || bondSlaveActive === true || bridgePortState === 0;

test('of all recorded messages those pass that are about a bond, an active slave, or no news of a link', () => {
  const outcomes = { passed: 0, dropped: 0 };
  for (const datagram of everyDatagram()) {
    const hasNoInfo = !Buffer.from(datagram).includes('bond') && decodeDatagram(datagram).length === 1;
    if (passes(datagram)) {
      assert.ok(!isUseless(datagram) || hasNoInfo, Buffer.from(datagram).toString('hex'));
      outcomes.passed++;
    } else {
      assert.ok(isUseless(datagram), Buffer.from(datagram).toString('hex'));
      outcomes.dropped++;
    }
  }
  assert.ok(outcomes.passed > 20 && outcomes.dropped > 10, JSON.stringify(outcomes));
});

for (const name of FIXTURE_NAMES) {
  test(`the failovers of a recording are the same behind the filter: ${name}`, () => {
    const datagrams = loadFixture(name).parts.flatMap(({ datagrams: parts }) =>
      parts.map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))),
    );
    const failovers = (kept: readonly Uint8Array[]): unknown[] => {
      const detector = new FailoverDetector();
      const events: KernelEvent[] = kept.flatMap((datagram) => decodeDatagram(datagram));
      return events.map((event) => detector.apply(event)).filter((failover) => failover !== null);
    };
    assert.deepEqual(failovers(datagrams.filter(passes)), failovers(datagrams));
  });
}

/** An RTM_NEWLINK with these attributes, as hex. */
function newLink({ type = 16, flags = 0, family = 0 }, attributes: Buffer): Uint8Array {
  const bytes = Buffer.alloc(32 + attributes.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt8(family, 16);
  attributes.copy(bytes, 32);
  return bytes;
}

function attribute(type: number, ...values: readonly (Buffer | string)[]): Buffer {
  const value = Buffer.concat(values.map((part) => Buffer.from(part)));
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

const kind = (name: string): Buffer => attribute(18, attribute(1, `${name}\0`));
const slave = (state: number, ...before: Buffer[]): Buffer =>
  attribute(18, ...before, attribute(4, 'bond\0'), attribute(5, attribute(1, Buffer.from([state]))));

const NAMED: [string, boolean, Uint8Array][] = [
  ['a bond', true, newLink({}, kind('bond'))],
  ['a bond behind other attributes', true, newLink({}, Buffer.concat([attribute(3, 'bond0\0'), kind('bond')]))],
  ['a bond in a bridge', true, newLink({}, attribute(18, attribute(1, 'bond\0'), attribute(4, 'bridge\0')))],
  ['another kind of the same beginning', false, newLink({}, kind('bonding'))],
  ['a tap', false, newLink({}, kind('tun'))],
  ['a device of no kind', true, newLink({}, attribute(3, 'eth0\0'))],
  ['the active slave', true, newLink({}, slave(0))],
  ['a VLAN device that is the active slave', true, newLink({}, slave(0, attribute(1, 'vlan\0')))],
  ['a backup slave', false, newLink({}, slave(1))],
  ['a backup slave in a dump', true, newLink({ flags: 2 }, slave(1))],
  ['the port of a bridge', false, newLink({ family: 7 }, attribute(3, 'bond0\0'))],
  ['a device that is gone', true, newLink({ type: 17 }, kind('tun'))],
  ['the end of a dump', true, newLink({ type: 3 }, Buffer.alloc(0))],
];

for (const [what, outcome, datagram] of NAMED) {
  test(`${outcome ? 'passes' : 'does not pass'}: ${what}`, () => assert.equal(passes(datagram), outcome));
}
