import type { Log, LogFields } from '../sys/log.js';
import { LruMap } from '../lru-map.js';
import type { Events } from '../tasks/events.js';
import type { BondId } from '../topology/bond-id.js';
import { type Bond, deviceName } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { refusedIn } from '../wire/burst.js';
import type { DaemonEvents } from '../wire/events.js';
import { type FirstRound, isFailover } from '../wire/thread-messages.js';
import type { Tools } from './surroundings.js';

/** Of so many bonds and errnos at most is remembered that they were told. */
const MAX_REFUSED = 256;

/** Logs and counts what the failover thread reports. What follows is for logAnnouncements. */
export class FailoverLog {
  private saidUnlocked = false;
  private readonly saidRefused = new LruMap<string, true>(MAX_REFUSED);

  constructor(
    private readonly tools: Pick<Tools, 'clock' | 'log' | 'metrics'>,
    private readonly topology: Topology,
    private readonly bonds: ReadonlyMap<BondId, BondGuests>,
  ) {}

  failover(round: FirstRound): void {
    const bond = this.nameOf(round.bond);
    const { metrics, clock, log } = this.tools;
    if (isFailover(round.cause)) {
      metrics.count('bondherald_bond_failovers_total', { bond });
      metrics.set('bondherald_last_failover_timestamp_seconds', { bond }, clock.unix());
    }
    if (round.damped !== null) {
      const wait_s = Math.ceil(round.damped - round.arrived);
      const fields = { bond, active_slave: this.nameOf(round.slave), wait_s };
      return log.warn('failover not announced yet: the bond fails over too often', fields);
    }
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
    if (cause === 'late') return { late: true };
    if (round.doneByOvs) return { by_ovs: round.doneByOvs.size }; // what we send ourselves, logAnnouncements times
    if (sent > 0) {
      this.tools.metrics.observe('bondherald_announcement_first_frame_seconds', { bond }, firstFrame);
      // Where the rate holds frames up, the last one is for logAnnouncements to time.
      if (waitingOf(round) === 0)
        this.tools.metrics.observe('bondherald_announcement_last_frame_seconds', { bond }, lastFrame);
    }
    const { switchedIn = null } = round;
    const ours = switchedIn === null ? {} : { at_carrier_loss: true, switch_us: Math.round(switchedIn * 1e6) };
    return { ...ours, first_frame_us: Math.round(firstFrame * 1e6), last_frame_us: Math.round(lastFrame * 1e6) };
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

  /** Whether the active slave of a bond is changed at the loss of carrier, or why not. */
  carrierLoss(id: BondId, left: string | null): void {
    const bond = this.nameOf(id);
    if (left === null) this.tools.log.info('the active slave is changed at the loss of its carrier', { bond });
    else this.tools.log.warn('failovers at the loss of carrier are left to the kernel', { bond, reason: left });
  }

  /** The kernel did not do what it was asked for. Said once a bond and errno. */
  switchRefused(id: BondId, slave: number, errno: string): void {
    const bond = this.nameOf(id);
    if (this.saidRefused.has(`${bond} ${errno}`)) return;
    this.saidRefused.set(`${bond} ${errno}`, true);
    const fields = { bond, slave: this.nameOf(slave), reason: errno };
    this.tools.log.warn('the kernel did not change the active slave; miimon will', fields);
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

/** Whether an aggregator of a bond is about to take over: none is used for a moment, though there is a link that works. */
function isBetween({ isActiveBackup, slaves }: Bond): boolean {
  return !isActiveBackup && slaves.some(({ bondSlave }) => bondSlave?.linkUp);
}

/** How many frames the first burst had no tokens for. */
function waitingOf({ portion }: FirstRound): number {
  return portion ? portion.count - portion.turns : 0;
}

/** Logs and counts what follows a first round, from its events. */
export function logAnnouncements(
  events: Events<DaemonEvents>,
  { log, metrics }: Pick<Tools, 'log' | 'metrics'>,
  topology: Topology,
): void {
  /** Of bonds with an announcement that lasts: one that is deleted is known by its name to the end. */
  const names = new Map<BondId, string>();
  const nameOf = (bond: BondId): string => names.get(bond) ?? deviceName(topology, bond);
  events.on('began', (id) => void names.set(id, deviceName(topology, id)));
  events.on('sent', (id, kind, frames) =>
    metrics.count('bondherald_frames_sent_total', { bond: nameOf(id), kind }, frames),
  );
  events.on('firstFrameOut', (id, seconds) =>
    metrics.observe('bondherald_announcement_first_frame_seconds', { bond: nameOf(id) }, seconds),
  );
  events.on('firstRoundOut', (id, seconds) =>
    metrics.observe('bondherald_announcement_last_frame_seconds', { bond: nameOf(id) }, seconds),
  );
  events.on('refused', (id, kind, code, frames) =>
    metrics.count('bondherald_frame_errors_total', { bond: nameOf(id), kind, code }, frames),
  );
  events.on('ended', (id, { result, sent, refused, seconds }) => {
    const bond = nameOf(id);
    names.delete(id);
    metrics.count('bondherald_announcements_total', { bond, result });
    if (result === 'damped') return; // its line came with the failover
    log.info('announcement finished', { bond, result, ...sent, refused, seconds: Math.round(seconds * 10) / 10 });
  });
}

/** Counts what is sent for silent guests without a failover. That the kernel refuses it is said once a bond and errno. */
export function logRefreshes(
  events: Events<DaemonEvents>,
  { log, metrics }: Pick<Tools, 'log' | 'metrics'>,
  topology: Topology,
): void {
  const said = new LruMap<string, true>(MAX_REFUSED);
  events.on('refreshed', (id, kind, frames) => {
    const bond = deviceName(topology, id);
    metrics.count('bondherald_frames_sent_total', { bond, kind }, frames);
    metrics.count('bondherald_refreshed_total', { bond, kind }, frames);
  });
  events.on('notRefreshed', (id, kind, code, frames) => {
    const bond = deviceName(topology, id);
    metrics.count('bondherald_frame_errors_total', { bond, kind, code }, frames);
    if (said.has(`${bond} ${code}`)) return;
    said.set(`${bond} ${code}`, true);
    log.warn('the kernel refused frames for silent guests', { bond, kind, reason: code });
  });
}

/** Logs bonds that come and go, and those that lose their last link. Holds one entry a bond. */
export class BondLog {
  private bonds = new Map<string, string | null>();

  constructor(private readonly log: Log) {}

  /** The bonds as they stand now: compares them with those of the last call, and logs what is new. */
  follow(bonds: readonly Bond[]): void {
    const now = bonds.map((bond) => [bond.name, bond.activeSlave?.name ?? (isBetween(bond) ? 'none' : null)] as const);
    const before = this.bonds;
    this.bonds = new Map(now);
    for (const bond of before.keys())
      if (!this.bonds.has(bond)) this.log.info('bond removed, or its guests do not move any more', { bond });
    for (const [bond, slave] of now) {
      const active_slave = slave ?? 'none';
      if (!before.has(bond)) this.log.info('watching a bond', { bond, active_slave });
      else if (slave === null && before.get(bond) !== null) this.log.warn('bond has no working link', { bond });
    }
  }
}
