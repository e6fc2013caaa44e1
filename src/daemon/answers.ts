import type { AnnounceReport, AnnounceRequest, ControlRequest, ControlResults } from '../control/messages.js';
import { PermissionError } from '../errors.js';
import { describeGuests } from '../guests/description.js';
import type { HostState } from '../guests/host-state.js';
import type { SuppressReason, Verdict } from '../guests/verdict.js';
import { planManual } from '../plan/manual.js';
import { VERSION } from '../sys/version.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { BurstOutcome } from '../wire/burst.js';
import { sendNow } from '../wire/send-now.js';
import type { PlannedFrame } from '../plan/first-round.js';
import { findBond } from './find-bond.js';

/** What answers are made from: the daemon's state, or one that was read from the kernel just now. */
export interface Knowledge {
  readonly host: HostState;
  /** Monotonic clock, seconds. */
  readonly now: number;
  /** Why a guest is not announced (null: it is), where that is not for its verdict alone to say. */
  readonly reasonFor?: (verdict: Verdict) => SuppressReason | null;
}

/** The answer to each request. Each throws a BondheraldError when there is none. */
type Answers = {
  readonly [Op in keyof ControlResults]: (
    knowledge: Knowledge,
    request: ControlRequest & { op: Op },
  ) => ControlResults[Op];
};

const ANSWERS: Answers = {
  ping: () => ({ version: VERSION }),
  guests({ host, now, reasonFor }, { bond }) {
    const bonds = bond === null ? activeBackupBonds(host.topology) : [findBond(host.topology, bond)];
    return {
      bonds: bonds.map(({ ifindex, name }) => ({ bond: name, guests: describeGuests(host, ifindex, now, reasonFor) })),
    };
  },
  announce: ({ host }, request) => announce(host, request),
};

/**
 * Does what a request asks for.
 * @throws BondheraldError when that cannot be
 */
export function answerRequest<Op extends keyof ControlResults>(
  knowledge: Knowledge,
  request: ControlRequest & { op: Op },
): ControlResults[Op] {
  return ANSWERS[request.op](knowledge, request);
}

/** Without an active slave nothing is planned and nothing sent: the report says so. */
function announce(host: HostState, { bond: name, macs, vlan, dryRun }: AnnounceRequest): AnnounceReport {
  const { ifindex, activeSlave } = findBond(host.topology, name);
  const plan = activeSlave ? planManual(host, { bond: ifindex, macs, vlan }) : { frames: [], suppressed: [] };
  const outcome = dryRun || !activeSlave ? { sent: 0, errors: {} } : transmit(name, ifindex, plan.frames);
  return {
    bond: name,
    activeSlave: activeSlave?.name ?? null,
    dryRun,
    frames: plan.frames.map(({ kind, mac, vlan }) => ({ kind, mac, vlan, ip: null })),
    sent: outcome.sent,
    suppressed: plan.suppressed,
    refused: outcome.errors,
  };
}

function transmit(bond: string, ifindex: number, frames: readonly PlannedFrame[]): BurstOutcome {
  try {
    return sendNow(ifindex, frames);
  } catch (error) {
    throw error instanceof PermissionError ? new PermissionError(`${bond}: ${error.message}`) : error;
  }
}
