import { BondheraldError } from '../errors.js';
import type { HostState } from '../guests/host-state.js';
import { type BondSnapshot, missedFailovers } from '../guests/snapshot.js';
import { type PlannedFrame, planFirstRound } from '../plan/first-round.js';
import type { BurstOutcome } from '../wire/burst.js';
import type { FailoverLog } from './failover-log.js';
import { oneLine } from './task.js';

/** Announces, once, the failovers that came while we were not running. */
export class MissedFailovers {
  /**
   * @param capacity how many guests a bond may have
   * @param send puts frames on a device at once
   */
  constructor(
    private readonly host: HostState,
    private readonly failovers: FailoverLog,
    private readonly capacity: number,
    private readonly send: (bond: number, frames: readonly PlannedFrame[]) => BurstOutcome,
  ) {}

  /** @param before the bonds as they were when we stopped */
  announce(before: readonly BondSnapshot[]): void {
    for (const { bond, slave } of missedFailovers(this.host.topology, before)) {
      try {
        this.failovers.missed({ bond, slave, ...this.send(bond, this.frames(bond)) });
      } catch (error) {
        if (!(error instanceof BondheraldError)) throw error;
        this.failovers.unwatched(bond, oneLine(error));
      }
    }
  }

  private frames(bond: number): PlannedFrame[] {
    const frames: PlannedFrame[] = [];
    for (const mac of this.host.macs()) {
      for (const verdict of this.host.verdicts(mac)) {
        if (verdict.bond === bond && verdict.suppressed === null) frames.push(planFirstRound(verdict));
      }
    }
    return frames.slice(0, this.capacity);
  }
}
