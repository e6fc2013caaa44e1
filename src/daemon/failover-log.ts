import type { BondId } from '../topology/bond-id.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Clock } from '../sys/clock.js';
import type { Log, LogFields } from '../sys/log.js';
import { deviceName } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { refusedIn } from '../wire/burst.js';
import type { FirstRound } from '../wire/thread-messages.js';

/** Logs and counts what the failover thread reports. What follows is for announcement-log.ts. */
export class FailoverLog {
  private saidUnlocked = false;

  constructor(
    private readonly tools: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
    private readonly topology: Topology,
    private readonly bonds: ReadonlyMap<BondId, BondGuests>,
  ) {}

  failover(round: FirstRound): void {
    const bond = this.nameOf(round.bond);
    const { metrics, clock } = this.tools;
    if (round.cause !== 'window') {
      metrics.count('bondherald_bond_failovers_total', { bond });
      metrics.set('bondherald_last_failover_timestamp_seconds', { bond }, clock.unix());
    }
    if (round.damped !== null) return this.reportDamped(bond, round, round.damped);
    metrics.count('bondherald_frames_sent_total', { bond, kind: 'rarp' }, round.sent);
    for (const [code, frames] of Object.entries(round.errors)) {
      metrics.count('bondherald_frame_errors_total', { bond, kind: 'rarp', code }, frames);
    }
    this.report(bond, round, { suppressed: this.countSuppressed(round.bond, bond), ...this.timing(bond, round) });
  }

  /** When a missed failover was is unknown, so it has no latency; nor has one that had to wait. */
  private timing(bond: string, round: FirstRound): LogFields {
    const { cause, sent, firstFrame, lastFrame } = round;
    if (cause === 'missed') return { missed: true };
    if (cause === 'window') return { delayed: true };
    if (round.doneByOvs) return { by_ovs: round.doneByOvs.size }; // what we send ourselves, announcement-log.ts times
    if (sent > 0) {
      this.tools.metrics.observe('bondherald_announcement_first_frame_seconds', { bond }, firstFrame);
      // Where the rate holds frames up, the last one is for announcement-log.ts to time.
      if (waitingOf(round) === 0)
        this.tools.metrics.observe('bondherald_announcement_last_frame_seconds', { bond }, lastFrame);
    }
    return { first_frame_us: Math.round(firstFrame * 1e6), last_frame_us: Math.round(lastFrame * 1e6) };
  }

  resync(reason: 'overrun' | 'truncated' | 'malformed'): void {
    const { metrics, log } = this.tools;
    if (reason === 'overrun') metrics.count('bondherald_netlink_overruns_total', { socket: 'link' });
    metrics.count('bondherald_resyncs_total', { reason });
    log.warn('netlink link messages were lost; reading all links again', { reason });
  }

  unwatched(bond: BondId, error: string): void {
    this.tools.log.warn('cannot announce the guests of a bond', { bond: this.nameOf(bond), reason: error });
  }

  delayable(reason: string): void {
    this.tools.log.info('the failover thread has no real-time priority; a busy host may delay failovers', {
      reason,
    });
  }

  /** Frames are kept in memory that may be swapped out. Said once: it is the same for every bond. */
  unlocked(reason: string): void {
    if (this.saidUnlocked) return;
    this.saidUnlocked = true;
    this.tools.log.info('cannot lock frames in memory; swapping may delay failovers', { reason });
  }

  private nameOf(ifindex: number): string {
    return deviceName(this.topology, ifindex);
  }

  private countSuppressed(ifindex: BondId, bond: string): number {
    let all = 0;
    for (const [reason, guests] of this.bonds.get(ifindex)?.countSuppressed() ?? []) {
      this.tools.metrics.count('bondherald_guests_suppressed_total', { bond, reason }, guests);
      all += guests;
    }
    return all;
  }

  private reportDamped(bond: string, { slave, arrived }: FirstRound, until: number): void {
    this.tools.log.warn('failover not announced yet: the bond fails over too often', {
      bond,
      active_slave: this.nameOf(slave),
      wait_s: Math.ceil(until - arrived),
    });
  }

  private report(bond: string, round: FirstRound, more: LogFields): void {
    const refused = refusedIn(round);
    const waiting = waitingOf(round);
    const fields = {
      bond,
      active_slave: this.nameOf(round.slave),
      frames: round.sent,
      refused,
      ...(waiting > 0 ? { waiting } : {}),
      ...more,
    };
    if (round.sent + refused + waiting + (round.doneByOvs?.size ?? 0) === 0)
      return this.tools.log.info('failover with no guests to announce', fields);
    if (refused === 0) return this.tools.log.info('failover announced', fields);
    const codes = Object.keys(round.errors).join(',');
    this.tools.log.warn('failover partly announced: the kernel refused frames', { ...fields, codes });
  }
}

/** How many frames the first burst had no tokens for. */
function waitingOf({ portion }: FirstRound): number {
  return portion ? portion.count - portion.turns : 0;
}
