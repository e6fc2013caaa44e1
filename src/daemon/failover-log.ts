import type { Metrics } from '../metrics/metrics.js';
import type { Clock } from '../sys/clock.js';
import type { Log, LogFields } from '../sys/log.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import type { FailoverListener } from '../wire/failover-client.js';
import type { FirstRound } from '../wire/thread-messages.js';

/** The first round of a failover of which the kernel's message is not known. */
type MissedRound = Pick<FirstRound, 'bond' | 'slave' | 'sent' | 'errors'>;

/** Logs and counts what the failover thread reports. */
export class FailoverLog implements FailoverListener {
  constructor(
    private readonly tools: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
    private readonly topology: Topology,
    private readonly bonds: ReadonlyMap<number, BondGuests>,
  ) {}

  failover(round: FirstRound): void {
    const bond = this.nameOf(round.bond);
    const { metrics } = this.tools;
    if (round.sent > 0) {
      metrics.observe('bondherald_announcement_first_frame_seconds', { bond }, round.firstFrame);
      metrics.observe('bondherald_announcement_last_frame_seconds', { bond }, round.lastFrame);
    }
    this.count(bond, round, {
      first_frame_us: Math.round(round.firstFrame * 1e6),
      last_frame_us: Math.round(round.lastFrame * 1e6),
    });
  }

  /** A failover came while we were not running, and is announced now: nobody knows when it was, so it has no latency. */
  missed(round: MissedRound): void {
    this.count(this.nameOf(round.bond), round, { missed: true });
  }

  private count(bond: string, round: MissedRound, more: LogFields): void {
    const { metrics, clock } = this.tools;
    metrics.count('bondherald_bond_failovers_total', { bond });
    metrics.set('bondherald_last_failover_timestamp_seconds', { bond }, clock.unix());
    metrics.count('bondherald_frames_sent_total', { bond, kind: 'rarp' }, round.sent);
    for (const [code, frames] of Object.entries(round.errors)) {
      metrics.count('bondherald_frame_errors_total', { bond, kind: 'rarp', code }, frames);
    }
    const suppressed = this.countSuppressed(round.bond, bond);
    this.report(bond, round, { suppressed, ...more });
  }

  resync(reason: 'overrun' | 'truncated' | 'malformed'): void {
    const { metrics, log } = this.tools;
    if (reason === 'overrun') metrics.count('bondherald_netlink_overruns_total', { socket: 'link' });
    metrics.count('bondherald_resyncs_total', { reason });
    log.warn('link messages were lost; reading all links again', { reason });
  }

  unwatched(bond: number, error: string): void {
    this.tools.log.warn('a bond cannot be announced', { bond: this.nameOf(bond), reason: error });
  }

  private nameOf(ifindex: number): string {
    return this.topology.link(ifindex)?.name ?? `device ${ifindex}`;
  }

  private countSuppressed(ifindex: number, bond: string): number {
    let all = 0;
    for (const [reason, guests] of this.bonds.get(ifindex)?.countSuppressed() ?? []) {
      this.tools.metrics.count('bondherald_guests_suppressed_total', { bond, reason }, guests);
      all += guests;
    }
    return all;
  }

  private report(bond: string, round: MissedRound, more: LogFields): void {
    const refused = Object.values(round.errors).reduce((sum, frames) => sum + frames, 0);
    const result = refused > 0 ? 'refused' : round.sent > 0 ? 'sent' : 'empty';
    this.tools.metrics.count('bondherald_announcements_total', { bond, result });
    const fields = {
      bond,
      active_slave: this.nameOf(round.slave),
      frames: round.sent,
      refused,
      ...more,
    };
    if (result === 'empty') return this.tools.log.info('failover with nobody to announce', fields);
    if (result === 'sent') return this.tools.log.info('failover announced', fields);
    const codes = Object.keys(round.errors).join(',');
    this.tools.log.warn('failover announced in part: the kernel refused frames', { ...fields, codes });
  }
}
