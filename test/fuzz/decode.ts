/**
 * Spoils recorded netlink datagrams and looks for one that the decoder does not survive. `make unit` runs a few
 * thousand; for more: node build/test/fuzz/decode.js 1000000
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeDatagram } from '../../src/kernel/decode.js';
import type { KernelEvent } from '../../src/kernel/events.js';
import { FailoverDetector } from '../../src/topology/failover.js';
import { HostState } from '../../src/guests/host-state.js';
import { everyDatagram } from '../support/fixtures.js';
import { guestSettings } from '../support/settings.js';

const TYPES = new Set<KernelEvent['type']>([
  ...(['link', 'linkGone', 'bridgePort', 'bridgePortGone', 'fdb', 'neighbour', 'address', 'forwarding'] as const),
  ...(['done', 'answer', 'lost'] as const),
]);

/** Reads a datagram and holds the result to what every caller relies on. */
export function readAnything(bytes: Uint8Array): KernelEvent[] {
  const before = Buffer.from(bytes);
  const events = decodeDatagram(bytes);
  assert.ok(events.length <= bytes.length / 16 + 1, 'more events than messages');
  for (const event of events) {
    assert.ok(TYPES.has(event.type), event.type);
    if ('ifindex' in event) assert.ok(Number.isInteger(event.ifindex));
    if ('mac' in event && event.mac !== null) assert.match(event.mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    if (event.type === 'lost') assert.match(event.detail, /^[^\n]+$/);
  }
  assert.ok(before.equals(bytes), 'the decoder changed its input');
  return events;
}

/** Bytes of a recording with some of them changed, cut out, doubled, or followed by those of another. */
export function spoiltDatagrams(): fc.Arbitrary<Uint8Array> {
  const recorded = everyDatagram().filter(({ length }) => length < 8192);
  const whole = fc.constantFrom(...recorded);
  const change = fc.record({ at: fc.nat(8191), value: fc.nat(255), length: fc.nat(40), how: fc.nat(3) });
  return fc.tuple(whole, fc.array(change, { maxLength: 8 }), whole).map(([original, changes, other]) => {
    let bytes = Buffer.from(original);
    for (const { at, value, length, how } of changes) {
      const start = at % (bytes.length + 1);
      if (how <= 1) bytes.fill(value, start, Math.min(bytes.length, start + (how === 0 ? 1 : length)));
      else if (how === 2) bytes = Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
      else bytes = Buffer.concat([bytes.subarray(0, start), other.subarray(0, length * 16), bytes.subarray(start)]);
    }
    return bytes;
  });
}

/** What is read from spoilt bytes must not upset those who fold it, either. */
export function fuzzDecoder(numRuns: number): void {
  const host = new HostState(guestSettings({ total: 1000, perPort: 64, remember: 60 }));
  const detector = new FailoverDetector();
  fc.assert(
    fc.property(spoiltDatagrams(), (bytes) => {
      for (const event of readAnything(bytes)) {
        detector.apply(event);
        host.apply(event, 0);
      }
      for (const mac of host.macs()) host.verdicts(mac);
    }),
    { numRuns },
  );
}

if (process.argv[1]?.endsWith('fuzz/decode.js')) fuzzDecoder(Number(process.argv[2] ?? 100_000));
