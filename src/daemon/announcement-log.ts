import type { Metrics } from '../metrics/metrics.js';
import type { Log } from '../sys/log.js';
import type { Events } from '../tasks/events.js';
import type { BondId } from '../topology/bond-id.js';
import { deviceName } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { DaemonEvents } from '../wire/events.js';

/** Logs and counts what follows a first round, from its events. */
export function logAnnouncements(
  events: Events<DaemonEvents>,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
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
