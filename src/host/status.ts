import type { BondMonitoring, BondStatus, StatusReport } from '../control/status.js';
import type { HostState } from '../guests/host-state.js';
import { activeBackupBonds, type Bond, bondMode } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import type { FailoverHistory } from './history.js';

/** What only a daemon knows. */
export interface DaemonFacts {
  readonly version: string;
  /** Seconds since 1970-01-01 00:00 UTC. */
  readonly started: number;
  readonly history: FailoverHistory;
  /** The guests of each bond as they are announced. */
  readonly bonds: ReadonlyMap<number, BondGuests>;
}

/** An answer has so many failovers, and of each bond's last in any case: a few MB with 1,000 bonds. */
const RECORDS_PER_ANSWER = 2048;

type GuestCounts = BondStatus['guests'];

/** How the bonds of the host stand; without a daemon as far as the kernel's state says. */
export function describeStatus(host: HostState, daemon: DaemonFacts | null): StatusReport {
  const bonds = activeBackupBonds(host.topology);
  const counts = daemon ? countsOf(daemon.bonds) : countGuests(host);
  const records = Math.max(1, Math.floor(RECORDS_PER_ANSWER / Math.max(1, bonds.length)));
  return {
    daemon: daemon && { version: daemon.version, started: Math.round(daemon.started) },
    bonds: bonds.map((bond) => ({
      ...describeBond(host.topology, bond),
      guests: counts.get(bond.ifindex) ?? { announced: 0, suppressed: {} },
      failovers: daemon && daemon.history.failoversOf(bond.ifindex),
      lastFailovers: daemon?.history.recordsOf(bond.ifindex, records) ?? [],
    })),
  };
}

function describeBond(topology: Topology, { ifindex, name, activeSlave, slaves }: Bond) {
  const link = topology.link(ifindex);
  return {
    bond: name,
    mode: link ? bondMode(link) : null,
    monitoring: monitoringOf(topology, ifindex),
    activeSlave: activeSlave?.name ?? null,
    slaves: slaves.map((slave) => ({
      slave: slave.name,
      up: slave.up,
      carrier: slave.lowerUp,
      state: slave.ifindex === activeSlave?.ifindex ? ('active' as const) : ('backup' as const),
    })),
  };
}

function monitoringOf(topology: Topology, bond: number): BondMonitoring | null {
  const details = topology.link(bond)?.details;
  if (details?.type !== 'bond' || details.miimon === undefined) return null;
  return { miimon: details.miimon, arpInterval: details.arpInterval };
}

function countsOf(bonds: DaemonFacts['bonds']): Map<number, GuestCounts> {
  const counts = new Map<number, GuestCounts>();
  for (const [bond, guests] of bonds) {
    counts.set(bond, { announced: guests.batch.size, suppressed: Object.fromEntries(guests.countSuppressed()) });
  }
  return counts;
}

/** The same from the verdicts, where no daemon keeps the frames of guests ready. */
function countGuests(host: HostState): Map<number, GuestCounts> {
  const counts = new Map<number, { announced: number; suppressed: Record<string, number> }>();
  for (const mac of host.macs()) {
    for (const { bond, suppressed } of host.verdicts(mac)) {
      const of = counts.get(bond) ?? { announced: 0, suppressed: {} };
      counts.set(bond, of);
      if (suppressed === null) of.announced++;
      else of.suppressed[suppressed] = (of.suppressed[suppressed] ?? 0) + 1;
    }
  }
  return counts;
}
