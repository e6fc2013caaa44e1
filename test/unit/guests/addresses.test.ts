import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { Heard } from '../../../src/sources/snoop.js';
import { HostState } from '../../../src/guests/host-state.js';
import { encodeState } from '../../../src/state/document.js';
import { decodeState } from '../../../src/state/decode.js';
import { guestSettings } from '../../support/settings.js';
import { GUEST, Story } from '../../support/story.js';

const ADDRESS = '192.0.2.1' as Ip;
const GLOBAL = '2001:db8::1' as Ip;
const LOCAL = 'fe80::1' as Ip;
const OTHER = '52:54:00:00:00:02' as Mac;
const HOUR = 3600;

/** A guest that is known, and has just said this. */
function said(...words: Partial<Heard>[]): Story {
  const story = new Story();
  story.learned('tap1');
  for (const each of words) story.heard('out', each);
  return story;
}

test('an address that nobody has confirmed for four hours is not announced, until somebody does', () => {
  const story = said({ claims: [ADDRESS] });
  story.now = 4 * HOUR - 1;
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
  story.now = 4 * HOUR;
  assert.deepEqual(story.addresses(), [[ADDRESS, 'unconfirmed']]);
  story.heard('out', { claims: [ADDRESS] });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
});

test('that the host speaks with a neighbour confirms its address, and adds none', () => {
  const story = said({ claims: [ADDRESS] });
  const neighbour = (state: number, address = ADDRESS, mac = GUEST): void =>
    story.take({ type: 'neighbour', gone: false, ifindex: story.host.index('br0'), address, mac, state });
  story.now = 4 * HOUR;
  neighbour(0x04);
  neighbour(0x02, ADDRESS, OTHER);
  neighbour(0x02, '192.0.2.9' as Ip);
  assert.deepEqual(story.addresses(), [[ADDRESS, 'unconfirmed']], 'a stale row, another MAC, another address');
  assert.deepEqual(story.addresses({ mac: OTHER }), []);
  neighbour(0x02);
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
});

test('the neighbour tables confirm nothing when they are switched off', () => {
  const story = new Story(undefined, { sources: { fdb: true, neighbour: false, hostAddresses: true, snoop: true } });
  story.learned('tap1');
  story.heard('out', { claims: [ADDRESS] });
  story.now = 4 * HOUR;
  story.take({
    ...{ type: 'neighbour', gone: false, ifindex: story.host.index('br0') },
    ...{ address: ADDRESS, mac: GUEST, state: 2 },
  });
  assert.deepEqual(story.addresses(), [[ADDRESS, 'unconfirmed']]);
});

test('of a link-local address nothing is said until it is known whether the guest is a router', () => {
  assert.deepEqual(said({ claims: [LOCAL, GLOBAL] }).addresses(), [
    [LOCAL, 'router-unknown'],
    [GLOBAL, false],
  ]);
  assert.deepEqual(said({ claims: [LOCAL] }, { rsSent: true, router: false }).addresses(), [[LOCAL, false]]);
  assert.deepEqual(said({ claims: [LOCAL], router: true }).addresses(), [[LOCAL, true]]);
  const story = said({ claims: [LOCAL] });
  story.now = 1799;
  assert.deepEqual(story.addresses(), [[LOCAL, 'router-unknown']]);
  story.now = 1800;
  assert.deepEqual(story.addresses(), [[LOCAL, false]], 'a router would have advertised itself by now');
});

test('a guest that has sent a Router Advertisement is never said to be a host', () => {
  const story = said(
    { claims: [LOCAL, GLOBAL], raSent: true, router: true },
    { router: false },
    { rsSent: true, router: false },
  );
  assert.deepEqual(story.addresses(), [
    [LOCAL, true],
    [GLOBAL, true],
  ]);
});

test('what comes in from the network says nothing of a guest being a router', () => {
  const story = said({ claims: [LOCAL] });
  story.heard('in', { raSent: true, router: true });
  assert.deepEqual(story.addresses(), [[LOCAL, 'router-unknown']]);
});

test('a guest with too many addresses loses the one that was confirmed longest ago, and that is counted', () => {
  const story = new Story(undefined, { addressesPerGuest: 2 });
  story.learned('tap1');
  const [first, second, third] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as [Ip, Ip, Ip];
  for (const ip of [first, second, first, third]) story.heard('out', { claims: [ip] });
  assert.deepEqual(story.addresses(), [
    [first, false],
    [third, false],
  ]);
  assert.deepEqual(story.state.takeEvictions(), ['addresses-per-guest']);
  assert.deepEqual(story.state.takeEvictions(), []);
});

test('an address belongs to whoever claimed it last, in its VLAN', () => {
  const story = said({ claims: [ADDRESS] }, { claims: [ADDRESS], tags: [{ tpid: 0x8100, vid: 905 }] });
  story.heard('in', { mac: '52:54:00:00:00:77' as Mac, claims: [ADDRESS] });
  assert.deepEqual(story.addresses(), []);
  assert.deepEqual(story.addresses({ vids: [905] }), [[ADDRESS, false]]);
});

test("only a guest itself gives up its address; another's farewell to it does not count", () => {
  const story = said({ claims: [ADDRESS] });
  story.heard('out', { mac: OTHER, releases: [ADDRESS] });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
  story.heard('out', { releases: [ADDRESS] });
  assert.deepEqual(story.addresses(), []);
});

test("a guest's own claim that comes back right after a failover takes nothing from it; another's does", () => {
  const story = said({ claims: [ADDRESS] });
  story.now = 50;
  story.state.failedOver(asBond(story.host.index('bond0')), 50);
  story.heard('in', { claims: [ADDRESS] });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
  story.heard('in', { mac: OTHER, claims: [ADDRESS] });
  assert.deepEqual(story.addresses(), []);
});

test('addresses, what is known of routers and who was heard elsewhere outlive the process', () => {
  const story = said({ claims: [ADDRESS, LOCAL], tags: [{ tpid: 0x8100, vid: 905 }] }, { raSent: true, router: true });
  story.now = 1;
  story.heard('in');
  const pieces = [...encodeState({ bootId: 'b', savedAt: 1 }, story.state.snapshot(5))];
  const decoded = decodeState(Buffer.from(pieces.join('')), 'b');
  assert.ok(decoded.reason === null && decoded.dropped === 0);
  const heir = new Story();
  Object.assign(heir, { host: story.host, state: new HostState(guestSettings()) });
  heir.take(...story.host.dump());
  heir.state.restore(decoded.state.guests, 6);
  assert.deepEqual(heir.addresses({ vids: [905] }), story.addresses({ vids: [905] }));
  const judged = (state: HostState): unknown => (state.takeStale(), state.verdicts(GUEST).map((v) => v.suppressed));
  assert.deepEqual(judged(story.state), ['seen-on-uplink', null]);
  assert.deepEqual(judged(heir.state), ['seen-on-uplink', null]);
});

test('an address that changed hands is worth saving at once, a confirmation is not', () => {
  const story = said({ claims: [ADDRESS] });
  const before = story.state.changed.count;
  story.heard('out', { claims: [ADDRESS] });
  assert.equal(story.state.changed.count, before);
  story.heard('out', { claims: ['192.0.2.2' as Ip] });
  assert.notEqual(story.state.changed.count, before);
});
