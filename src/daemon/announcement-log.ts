import type { BondId } from '../topology/bond-id.js';
import type { FrameKind } from '../config/config.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Log } from '../sys/log.js';
import { deviceName } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { RunReport } from '../wire/run-report.js';

/** Logs and counts what follows a first round. */
export class AnnouncementLog {
  /** Of bonds with an announcement that lasts: one that is deleted is known by its name to the end. */
  private readonly names = new Map<BondId, string>();

  constructor(
    private readonly tools: { readonly log: Log; readonly metrics: Metrics },
    private readonly topology: Topology,
  ) {}

  began(ifindex: BondId): void {
    this.names.set(ifindex, deviceName(this.topology, ifindex));
  }

  sent(ifindex: BondId, kind: FrameKind, frames: number): void {
    this.tools.metrics.count('bondherald_frames_sent_total', { bond: this.nameOf(ifindex), kind }, frames);
  }

  firstFrameOut(ifindex: BondId, seconds: number): void {
    const bond = this.nameOf(ifindex);
    this.tools.metrics.observe('bondherald_announcement_first_frame_seconds', { bond }, seconds);
  }

  firstRoundOut(ifindex: BondId, seconds: number): void {
    const bond = this.nameOf(ifindex);
    this.tools.metrics.observe('bondherald_announcement_last_frame_seconds', { bond }, seconds);
  }

  refused(ifindex: BondId, kind: FrameKind, code: string, frames: number): void {
    this.tools.metrics.count('bondherald_frame_errors_total', { bond: this.nameOf(ifindex), kind, code }, frames);
  }

  /** One that was held back has its line in the log already. */
  ended(ifindex: BondId, { result, sent, refused, seconds }: RunReport): void {
    const { log, metrics } = this.tools;
    const bond = this.nameOf(ifindex);
    this.names.delete(ifindex);
    metrics.count('bondherald_announcements_total', { bond, result });
    if (result === 'damped') return;
    log.info('announcement over', { bond, result, ...sent, refused, seconds: Math.round(seconds * 10) / 10 });
  }

  private nameOf(ifindex: BondId): string {
    return this.names.get(ifindex) ?? deviceName(this.topology, ifindex);
  }
}
