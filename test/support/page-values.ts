import type { Mac } from '../../src/addr/mac.js';
import type { PageBond, PageGuest, PageValues } from '../../src/http/page/query.js';
import type { FailoverRecord } from '../../src/plan/failover-record.js';
import { BY_MIRROR } from './hearing.js';

const sent = (rarp: number, garp: number, na: number, mcast = 0) => ({ rarp, garp, na, mcast });

/** A failover that is over, an hour old. */
export function failover(change: Partial<FailoverRecord> = {}): FailoverRecord {
  return {
    time: 1_772_366_403.25,
    cause: 'failover',
    from: 'up1',
    to: 'up2',
    firstFrame: 70e-6,
    lastRarp: 312e-6,
    firstRoundOut: null,
    sent: sent(108, 66, 33),
    refused: {},
    rounds: [
      { round: 1, start: 70e-6, end: 0.9, sent: sent(18, 11, 11) },
      { round: 2, start: 1.2, end: 2.4, sent: sent(18, 11, 0) },
      { round: 3, start: 3.3, end: 4.5, sent: sent(18, 11, 11) },
      { round: 4, start: 7.9, end: 9.1, sent: sent(18, 11, 0) },
      { round: 5, start: 16.2, end: 17.4, sent: sent(18, 11, 0) },
      { round: 6, start: 33.3, end: 34.5, sent: sent(18, 11, 11) },
    ],
    roundsPlanned: 6,
    heldBack: null,
    result: 'completed',
    seconds: 34.5,
    ...change,
  };
}

export function pageBond(change: Partial<PageBond> = {}): PageBond {
  return {
    bond: 'bond0',
    mode: 'active-backup',
    monitoring: { miimon: 100, arpInterval: 0 },
    activeSlave: 'up2',
    slaves: [
      { slave: 'up1', up: true, carrier: true, state: 'backup' },
      { slave: 'up2', up: true, carrier: true, state: 'active' },
    ],
    guests: { announced: 18, suppressed: { 'seen-on-uplink': 1 } },
    failovers: 1,
    listening: BY_MIRROR,
    standby: null,
    lastFailovers: [failover()],
    ...change,
  };
}

export function pageGuest(n: number, change: Partial<PageGuest> = {}): PageGuest {
  const hex = n.toString(16).padStart(6, '0');
  return {
    mac: `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}` as Mac,
    bond: 'bond0',
    vlan: 905,
    port: `vnet${n}`,
    guest: `web-${n}`,
    addresses: [`10.9.${(n >> 8) & 255}.${n & 255}`, `2001:db8::${(n & 0xffff).toString(16)}`],
    source: 'libvirt',
    lastSeen: null,
    announced: true,
    reason: null,
    ...change,
  };
}

export const guestsOf = (rows: readonly PageGuest[]) => ({
  rows,
  matching: rows.length,
  total: rows.length,
  next: null,
});

/** A host in good order with so many guests. */
export function pageValues(guests = 19, change: Partial<PageValues> = {}): PageValues {
  const rows = Array.from({ length: guests }, (_, n) =>
    pageGuest(n + 1, n === 4 ? { announced: false, reason: 'seen-on-uplink', lastSeen: 754 } : {}),
  );
  return {
    host: 'hv1',
    version: '0.1.0',
    started: 1_772_360_000,
    now: 1_772_370_003,
    bonds: [pageBond()],
    guests: guestsOf(rows),
    diagnosis: { findings: [], unread: [], at: 1_772_370_000 },
    query: { bond: null, guest: null, after: null, refresh: false },
    policy: null,
    ...change,
  };
}
