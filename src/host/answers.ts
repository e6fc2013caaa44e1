import type { ControlRequest, KernelResults } from '../control/messages.js';
import type { BondStatus, StatusReport } from '../control/status.js';
import { describeLimits } from '../guests/description.js';
import type { HostState } from '../guests/host-state.js';
import type { LinkEvent } from '../kernel/events.js';
import type { Hearing } from '../sources/hearing.js';
import { Slices } from '../tasks/slices.js';
import type { BondId } from '../topology/bond-id.js';
import { servedBonds, type Bond, bondMode, findBond } from '../topology/bonds.js';
import { announceByHand, type Announced, type ManualTools } from '../wire/announce-by-hand.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { type GuestsKnown, listGuests } from './guest-lists.js';
import type { FailoverHistory } from './history.js';
import type { StandbyOf } from './standby.js';

/** What answers are made from: the daemon's state, or one that was read from the kernel just now. */
interface Knowledge extends GuestsKnown {
  readonly clock: ConstructorParameters<typeof Slices>[0];
  readonly manual: ManualTools;
  /** null where there is no daemon. */
  readonly daemon: DaemonFacts | null;
  /** Called with each announcement by hand. */
  readonly announced?: (announced: Announced) => void;
}

/** The answer to each request. Each throws a BondheraldError when there is none. */
type Answers = {
  readonly [Op in keyof KernelResults]: (
    knowledge: Knowledge,
    request: ControlRequest & { op: Op },
  ) => KernelResults[Op] | Promise<KernelResults[Op]>;
};

const ANSWERS: Answers = {
  async guests({ clock, daemon, ...known }, { bond }) {
    const { host } = known;
    const bonds = bond === null ? servedBonds(host.topology) : [findBond(host.topology, bond)];
    const [first] = bonds;
    const macs = (bond !== null && first && daemon?.bonds.get(first.ifindex)?.macs()) || host.macsInTurn();
    return { bonds: await listGuests(known, bonds, macs, new Slices(clock)), limits: describeLimits(host) };
  },
  async announce({ host, manual, announced }, request) {
    const done = await announceByHand(host, request, manual);
    announced?.(done);
    return done.report;
  },
  status: ({ host, daemon }) => describeStatus(host, daemon),
};

/** Does what a request asks for. @throws BondheraldError when that cannot be */
export async function answerRequest<Op extends keyof KernelResults>(
  knowledge: Knowledge,
  request: ControlRequest & { op: Op },
): Promise<KernelResults[Op]> {
  return ANSWERS[request.op](knowledge, request);
}

/** What only a daemon knows. */
export interface DaemonFacts {
  readonly version: string;
  /** Seconds since 1970-01-01 00:00 UTC. */
  readonly started: number;
  readonly history: FailoverHistory;
  readonly hearingOf: (bond: BondId) => Hearing;
  readonly standbyOf: StandbyOf;
  /** The guests of each bond as they are announced. */
  readonly bonds: ReadonlyMap<number, BondGuests>;
}

/** An answer has so many failovers, and of each bond's last in any case: a few MB with 1,000 bonds. */
const RECORDS_PER_ANSWER = 2048;

type GuestCounts = BondStatus['guests'];

/** How the bonds of the host stand; without a daemon as far as the kernel's state says. */
export function describeStatus(host: HostState, daemon: DaemonFacts | null): StatusReport {
  const bonds = servedBonds(host.topology);
  const counts = daemon ? countsOf(daemon.bonds) : countGuests(host);
  const records = Math.max(1, Math.floor(RECORDS_PER_ANSWER / Math.max(1, bonds.length)));
  return {
    daemon: daemon && { version: daemon.version, started: Math.round(daemon.started) },
    bonds: bonds.map((bond) => ({
      ...describeBond(bond, host.topology.link(bond.ifindex)),
      guests: counts.get(bond.ifindex) ?? { announced: 0, suppressed: {} },
      failovers: daemon && daemon.history.failoversOf(bond.ifindex),
      listening: daemon && daemon.bonds.has(bond.ifindex) ? daemon.hearingOf(bond.ifindex) : null,
      standby: daemon && (daemon.standbyOf(bond)[0]?.links ?? null),
      lastFailovers: daemon?.history.recordsOf(bond.ifindex, records) ?? [],
    })),
  };
}

function describeBond({ name, activeSlave, active, slaves }: Bond, link: LinkEvent | undefined) {
  const details = link?.details;
  const isMonitored = details?.type === 'bond' && details.miimon !== undefined;
  return {
    bond: name,
    mode: link ? bondMode(link) : null,
    monitoring: isMonitored ? { miimon: details.miimon, arpInterval: details.arpInterval } : null,
    activeSlave: activeSlave?.name ?? null,
    slaves: slaves.map((slave) => ({
      slave: slave.name,
      up: slave.up,
      carrier: slave.lowerUp,
      state: active.includes(slave) ? ('active' as const) : ('backup' as const),
    })),
  };
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
