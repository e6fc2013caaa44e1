import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDatagram } from '../../../src/kernel/decode.js';
import type { KernelEvent, LinkEvent } from '../../../src/kernel/events.js';
import { encodeProgram } from '../../../src/kernel/bpf/assembler.js';
import { linkFilter } from '../../../src/kernel/bpf/link-filter.js';
import { FailoverDetector } from '../../../src/topology/failover.js';
import { parseProgram, runBpf } from '../../support/bpf.js';
import { datagramsOf, everyDatagram, FIXTURE_NAMES, KERNELS, loadFixture } from '../../support/fixtures.js';
import { ifinfomsg, message, nested, text, u8 } from '../../support/netlink.js';

const PROGRAM = parseProgram(encodeProgram(linkFilter()));
const ALL_SLAVES = parseProgram(encodeProgram(linkFilter('all')));

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

function passes(datagram: Uint8Array, program = PROGRAM): boolean {
  const bytes = Buffer.from(datagram);
  const whole = (at: number): number => (at + 2 <= bytes.length ? bytes.readUInt16LE(at) : 0xffff);
  return (
    runBpf(program, bytes, {
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

for (const [name, kernel] of FIXTURE_NAMES.flatMap((each) => KERNELS.map((kernel) => [each, kernel] as const))) {
  test(`the failovers of a recording are the same behind the filter: ${name}, ${kernel}`, () => {
    const datagrams = datagramsOf(loadFixture(name, kernel));
    const failovers = (kept: readonly Uint8Array[]): unknown[] => {
      const detector = new FailoverDetector();
      const events: KernelEvent[] = kept.flatMap((datagram) => decodeDatagram(datagram));
      return events.map((event) => detector.apply(event)).filter((failover) => failover !== null);
    };
    for (const program of [PROGRAM, ALL_SLAVES])
      assert.deepEqual(failovers(datagrams.filter((each) => passes(each, program))), failovers(datagrams));
  });
}

const LINKINFO = 18;

/** An RTM_NEWLINK with these attributes; or a message of another type. */
const newLink = ({ type = 16, flags = 0, family = 0 }, ...attributes: Buffer[]): Buffer =>
  message({ type, flags }, ifinfomsg(0, 0, family), ...attributes);
const kind = (name: string): Buffer => nested(LINKINFO, text(1, name));
const slave = (state: number, ...before: Buffer[]): Buffer =>
  nested(LINKINFO, ...before, text(4, 'bond'), nested(5, u8(1, state)));

const NAMED: [string, boolean, Uint8Array][] = [
  ['a bond', true, newLink({}, kind('bond'))],
  ['a bond behind other attributes', true, newLink({}, text(3, 'bond0'), kind('bond'))],
  ['a bond in a bridge', true, newLink({}, nested(LINKINFO, text(1, 'bond'), text(4, 'bridge')))],
  ['another kind of the same beginning', false, newLink({}, kind('bonding'))],
  ['a tap', false, newLink({}, kind('tun'))],
  ['a device of no kind', true, newLink({}, text(3, 'eth0'))],
  ['the active slave', true, newLink({}, slave(0))],
  ['a VLAN device that is the active slave', true, newLink({}, slave(0, text(1, 'vlan')))],
  ['a backup slave', false, newLink({}, slave(1))],
  ['a backup slave in a dump', true, newLink({ flags: 2 }, slave(1))],
  ['the port of a bridge', false, newLink({ family: 7 }, text(3, 'bond0'))],
  ['a device that is gone', true, newLink({ type: 17 }, kind('tun'))],
  ['the end of a dump', true, newLink({ type: 3 })],
];

for (const [what, outcome, datagram] of NAMED) {
  test(`${outcome ? 'passes' : 'does not pass'}: ${what}`, () => assert.equal(passes(datagram), outcome));
}

const PORT = nested(LINKINFO, text(4, 'bridge'), nested(5, u8(1, 1)));
const ALONG: [string, boolean, Uint8Array][] = [
  ['a backup slave', true, newLink({}, slave(1))],
  ['a VLAN device that is a backup slave', true, newLink({}, slave(1, text(1, 'vlan')))],
  ['a port of a bridge', false, newLink({}, PORT)],
  [
    'a slave of a master whose name begins alike',
    false,
    newLink({}, nested(LINKINFO, text(4, 'bonding'), nested(5, u8(1, 1)))),
  ],
];

test('where all slaves are to be heard, backups pass as well, and nothing else', () => {
  for (const [what, outcome, datagram] of ALONG) assert.equal(passes(datagram, ALL_SLAVES), outcome, what);
  for (const [what, outcome, datagram] of NAMED)
    assert.equal(passes(datagram, ALL_SLAVES), outcome || what === 'a backup slave', what);
  for (const datagram of everyDatagram()) {
    const slaves = decodeDatagram(datagram).some((event) => event.type === 'link' && event.bondSlave !== undefined);
    assert.equal(passes(datagram, ALL_SLAVES), passes(datagram) || slaves, Buffer.from(datagram).toString('hex'));
  }
});
