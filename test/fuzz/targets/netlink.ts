import assert from 'node:assert/strict';
import { HostState } from '../../../src/guests/host-state.js';
import { decodeDatagram } from '../../../src/kernel/decode.js';
import type { KernelEvent } from '../../../src/kernel/events.js';
import { RTM_NEWQDISC, RTM_NEWTFILTER } from '../../../src/kernel/constants.js';
import { MIRROR_FILTERS } from '../../../src/kernel/mirror-filters.js';
import { dumpRequest } from '../../../src/kernel/requests.js';
import { addClsactRequest, addFilterRequest } from '../../../src/kernel/tc.js';
import { TableDumps } from '../../../src/kernel/table-dumps.js';
import { FailoverDetector } from '../../../src/topology/failover.js';
import { everyDatagram } from '../../support/fixtures.js';
import { guestSettings } from '../../support/settings.js';
import { assertOneLine } from '../engine/only.js';
import type { Target } from '../engine/target.js';

const TYPES = new Set<KernelEvent['type']>([
  ...(['link', 'linkGone', 'bridgePort', 'bridgePortGone', 'portVlans', 'fdb', 'neighbour', 'address'] as const),
  ...(['forwarding', 'done', 'answer', 'lost', 'filter', 'qdisc'] as const),
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
    if (event.type === 'lost') assertOneLine(event.detail);
  }
  assert.ok(before.equals(bytes), 'the decoder changed its input');
  return events;
}

/** What is read from spoilt bytes must not upset those who fold it, either. */
function fold(bytes: Uint8Array): void {
  const host = new HostState(guestSettings({ total: 1000, perPort: 64, remember: 60 }));
  const detector = new FailoverDetector();
  const dumps = new TableDumps(['links'], () => undefined);
  for (const event of readAnything(bytes)) {
    detector.apply(event);
    host.apply(event, 0);
    dumps.take(event);
  }
  const macs = [...host.macs()];
  assert.ok(macs.length <= bytes.length / 16 + 1, 'more guests than messages');
  for (const mac of macs) host.verdicts(mac);
}

/** A qdisc and our filters, as the kernel lists them. */
function listedTc(): Uint8Array[] {
  const listed = (bytes: Uint8Array, type: number): Uint8Array => {
    new DataView(bytes.buffer, bytes.byteOffset).setUint16(4, type, true);
    return bytes;
  };
  const filters = MIRROR_FILTERS.map((filter) => listed(addFilterRequest(7, filter, 9, 1), RTM_NEWTFILTER));
  return [listed(addClsactRequest(7, 1), RTM_NEWQDISC), ...filters];
}

/** What each recording told in one datagram: devices, bonds and rows that belong together. */
function corpus(): Uint8Array[] {
  const small = everyDatagram().filter(({ length }) => length < 8192);
  const whole = Buffer.concat(small).subarray(0, 48 << 10);
  return [...small, new Uint8Array(whole), dumpRequest('links', 1), ...listedTc()];
}

export const target = (): Target => ({ corpus: corpus(), maxBytes: 64 << 10, run: fold });
