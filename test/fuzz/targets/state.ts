import assert from 'node:assert/strict';
import { isStationIp, parseIp } from '../../../src/addr/ip.js';
import { isGroupMac, parseMac } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import { missedFailovers } from '../../../src/topology/named-devices.js';
import { decodeState } from '../../../src/state/decode.js';
import { encodeState, type SavedState } from '../../../src/state/document.js';
import { plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';
import { oddValues } from '../engine/json.js';
import { bytesOf, type Target } from '../engine/target.js';
import { JSON_TOKENS } from './request.js';

const BOOT = '1e7b9e0c-93a5-4f0b-8b3b-2a6f6f0f7a11';
const NOW = 1000;
const TOTAL = 4;
const REASONS = new Set(['too-large', 'malformed', 'version', 'other-boot']);

const events = new FakeHost(plainBridge(2)).dump();

/** A host as it is at the start: its devices are known, and no guests. */
function freshHost(): HostState {
  const host = new HostState(guestSettings({ total: TOTAL, perPort: 3, remember: 60 }));
  for (const event of events) host.apply(event, NOW);
  return host;
}

function assertState({ savedAt, guests }: SavedState, bytes: Uint8Array): void {
  assert.ok(Number.isFinite(savedAt) && savedAt >= 0);
  assert.ok(guests.length <= bytes.length);
  for (const { mac, places, heard } of guests) {
    assert.ok(parseMac(mac) === mac && !isGroupMac(mac));
    assert.ok(places.length <= 64 && heard.length <= 64 && places.length + heard.length > 0);
    for (const { vlan, lastSeen } of places) {
      assert.ok(vlan === null || (Number.isInteger(vlan) && vlan >= 0 && vlan <= 4094));
      assert.ok(Number.isFinite(lastSeen) && lastSeen >= 0);
    }
    for (const [ip] of heard.flatMap(({ addresses }) => addresses)) assert.ok(parseIp(ip) === ip && isStationIp(ip));
  }
}

function encoded(host: HostState, now: number): Uint8Array {
  return bytesOf([...encodeState({ bootId: BOOT, savedAt: 1 }, host.snapshot(now))].join(''));
}

/** What was restored is within the bounds, forgotten in time, and written such that it can be read again. */
function restore({ guests, bonds }: SavedState): void {
  const host = freshHost();
  host.restore(guests, NOW);
  missedFailovers(host.topology, bonds);
  const macs = [...host.macs()];
  assert.ok(macs.length <= TOTAL + 64, `${macs.length} guests where ${TOTAL} may be`);
  for (const mac of macs) host.verdicts(mac);
  const again = decodeState(encoded(host, NOW), BOOT);
  assert.ok(again.reason === null && again.dropped === 0, 'what is written is read back');
  host.expire(NOW + 61);
  for (const mac of guests.map((guest) => guest.mac)) {
    const left = host.verdicts(mac).filter(({ suppressed }) => suppressed === null);
    assert.deepEqual(left, [], 'a guest outlives its time');
  }
}

function run(bytes: Uint8Array): void {
  const decoded = decodeState(bytes, BOOT);
  if (decoded.reason !== null) return assert.ok(REASONS.has(decoded.reason));
  assert.ok(decoded.dropped >= 0);
  assertState(decoded.state, bytes);
  restore(decoded.state);
}

/** What a host with two guests and a third that was heard writes. */
function corpus(): Uint8Array[] {
  const fake = new FakeHost(plainBridge(2));
  const host = freshHost();
  host.apply(fake.fdb('52:54:00:00:00:01', 'tap1'), NOW - 30);
  host.apply(fake.fdb('52:54:00:00:00:02', 'tap2'), NOW - 20);
  const written = Buffer.from(encoded(host, NOW)).toString();
  const heard =
    '"heard":[{"bond":{"ifindex":3,"name":"bond0"},"tags":[{"tpid":33024,"vid":905}],"out":990,"in":null,"since":1,' +
    '"router":false,"advertised":false,"addresses":[["192.0.2.1",990],["2001:db8::1",980]]}]';
  return [written, written.replaceAll('"heard":[]', heard)].map(bytesOf);
}

export const target = (): Target => ({
  corpus: corpus(),
  generated: oddValues(corpus()),
  tokens: [
    ...JSON_TOKENS,
    '"lastSeen":1e300',
    '"ifindex":-1',
    '"source":"ovs"',
    '"vlan":4095',
    BOOT,
    '"places":[',
    '"heard":[',
  ],
  maxBytes: 32 << 10,
  run,
});
