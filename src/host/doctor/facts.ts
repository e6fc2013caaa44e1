import type { Config } from '../../config/config.js';
import type { Facts, GuestFacts } from '../../doctor/facts.js';
import { activeBackupBonds } from '../../topology/bonds.js';
import type { Topology } from '../../topology/topology.js';
import { readBonds } from './bonds.js';
import { readBridges } from './bridges.js';
import { readAnnouncers, readDaemon, readLibvirt, type Subject } from './daemon.js';

/** What is known already when the doctor begins to look. */
interface Known {
  readonly config: Config;
  readonly topology: Topology;
  /** null: it cannot be found out. */
  readonly subject: Subject | null;
  readonly guests: GuestFacts;
  readonly ovs: Facts['ovs'];
}

/**
 * Reads what else the doctor wants to know of this host. It does not listen for spanning tree.
 * @param unread called with what cannot be read
 */
export async function readFacts(
  { config, topology, subject, guests, ovs }: Known,
  unread: (what: string) => void,
): Promise<Facts> {
  const bonds = activeBackupBonds(topology);
  return {
    bridges: await readBridges(topology, unread),
    guests,
    daemon: subject && (await readDaemon(subject, config, bonds, unread)),
    libvirt: subject && (await readLibvirt(subject, config, unread)),
    announcers: await readAnnouncers(subject, bonds, unread),
    ovs,
    bonds: await readBonds(topology, unread),
  };
}

/** What a reader gets to see of something that could not be read. */
export function unreadLine(what: string): string {
  return `not checked, because it cannot be read: ${what}`;
}
