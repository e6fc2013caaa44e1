import type { ControlRequest, KernelResults } from '../control/messages.js';
import { describeGuests } from '../guests/description.js';
import type { HostState } from '../guests/host-state.js';
import type { SuppressReason, Verdict } from '../guests/verdict.js';
import { activeBackupBonds, findBond } from '../topology/bonds.js';
import { type Announced, announceByHand, type ManualTools } from '../wire/announce-by-hand.js';
import { type DaemonFacts, describeStatus } from './status.js';

/** What answers are made from: the daemon's state, or one that was read from the kernel just now. */
interface Knowledge {
  readonly host: HostState;
  /** Monotonic clock, seconds. */
  readonly now: number;
  /** Why a guest is not announced (null: it is), where that is not for its verdict alone to say. */
  readonly reasonFor?: (verdict: Verdict) => SuppressReason | null;
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
  guests({ host, now, reasonFor }, { bond }) {
    const bonds = bond === null ? activeBackupBonds(host.topology) : [findBond(host.topology, bond)];
    return {
      bonds: bonds.map(({ ifindex, name }) => ({ bond: name, guests: describeGuests(host, ifindex, now, reasonFor) })),
    };
  },
  async announce({ host, manual, announced }, request) {
    const done = await announceByHand(host, request, manual);
    announced?.(done);
    return done.report;
  },
  status: ({ host, daemon }) => describeStatus(host, daemon),
};

/**
 * Does what a request asks for.
 * @throws BondheraldError when that cannot be
 */
export async function answerRequest<Op extends keyof KernelResults>(
  knowledge: Knowledge,
  request: ControlRequest & { op: Op },
): Promise<KernelResults[Op]> {
  return ANSWERS[request.op](knowledge, request);
}
