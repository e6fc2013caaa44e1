import type { Config } from '../../config/config.js';
import type { DaemonFacts, Facts } from '../../doctor/facts.js';
import { otherKind } from '../../kernel/link.js';
import { readSetting } from '../../sys/files/host-settings.js';
import { allProcesses, readSendingSockets, socketsOf } from '../../sys/packets/packet-sockets.js';
import { readProcess } from '../../sys/process/process-facts.js';
import { servedBonds, type Bond } from '../../topology/bonds.js';
import { exitsOfDevice } from '../../topology/exits.js';
import type { Topology } from '../../topology/topology.js';
import { batchBytes, RARP_BYTES } from '../../wire/batch-memory.js';
import { readBonds } from './bonds.js';
import { readBridges } from './bridges.js';
import { readHidden, readSources } from './sources.js';
import type { Subject } from './subject.js';

/** What is known already when the doctor begins to look. */
interface Known extends Pick<Facts, 'guests' | 'ovs' | 'hearings' | 'standby'> {
  readonly config: Config;
  readonly topology: Topology;
  /** null: it cannot be found out. */
  readonly subject: Subject | null;
}

/** Reads all else but spanning tree, for which it does not listen. @param unread called with what cannot be read */
export async function readFacts(
  { config, topology, subject, guests, ovs, hearings, standby }: Known,
  unread: (what: string) => void,
): Promise<Facts> {
  const bonds = servedBonds(topology);
  const { onCarrierLoss } = config.failover;
  const announcers = await readAnnouncers(subject, bonds, unread);
  return {
    bridges: await readBridges(topology, unread),
    guests,
    daemon: subject && (await readDaemon(subject, config, bonds, unread)),
    ...(await readSources(subject, config, unread)),
    announce: config.announce,
    activeBackup: bonds.map(({ name }) => name),
    wantedBonds: config.bonds,
    switchedBonds: typeof onCarrierLoss === 'boolean' ? [] : onCarrierLoss,
    hidden: await readHidden(config, topology, ovs),
    ...announcers,
    speakingMacvtaps: await readMacvtaps(topology),
    ovs,
    hearings,
    standby,
    bonds: await readBonds(topology, config.failover, unread),
  };
}

/** The macvtaps that lead to a bond and on which IPv6 is on; on one that goes in this moment it is not. */
async function readMacvtaps(topology: Topology): Promise<string[]> {
  const taps = [...topology.allLinks()].filter(
    (link) => link.up && otherKind(link) === 'macvtap' && exitsOfDevice(topology, link.ifindex).length > 0,
  );
  const off = await Promise.all(taps.map(({ name }) => readSetting(`net/ipv6/conf/${name}/disable_ipv6`)));
  return taps.map(({ name }) => name).filter((_, n) => off[n] === 0);
}

/** What a reader gets to see of something that could not be read. */
export function unreadLine(what: string): string {
  return `not checked, because it cannot be read: ${what}`;
}

/** What the daemon may do, or may do if whoever asks were to run it. */
async function readDaemon(
  { process, isDaemon }: Subject,
  config: Config,
  bonds: readonly Bond[],
  unread: (what: string) => void,
): Promise<DaemonFacts> {
  const { pid, unit, argv, capabilities, realtimePriority, lockedMemory } = process;
  const matters = !capabilities.has('CAP_NET_ADMIN');
  const receiveLimit = matters ? await readSetting('net/core/rmem_max') : null;
  if (matters && receiveLimit === null) unread('/proc/sys/net/core/rmem_max');
  return {
    running: isDaemon ? { pid, unit, argv } : null,
    ...{ capabilities, realtimePriority, lockedMemory, receiveLimit },
    frameBytes: bonds.length * batchBytes(config.guests.limits.total, RARP_BYTES),
  };
}

/**
 * The processes beside the daemon that hold a packet socket on a bond which only sends. That is how bondherald does it,
 * also one that we cannot ask because its control socket is in another mount namespace; who listens, or sends by sockets
 * that are bound to no device, is none of it.
 */
async function readAnnouncers(
  subject: Subject | null,
  bonds: readonly Bond[],
  unread: (what: string) => void,
): Promise<Pick<Facts, 'announcers' | 'isAnnounced'>> {
  const sockets = await readSendingSockets(new Set(bonds.map(({ ifindex }) => ifindex)));
  if (sockets === null) unread('/proc/net/packet');
  const daemon = subject?.isDaemon ? subject.process.pid : null;
  const inodes = new Set(sockets?.map(({ inode }) => inode));
  if (daemon !== null) for (const inode of await socketsOf(daemon, inodes)) inodes.delete(inode);
  if (inodes.size === 0) return { announcers: [], isAnnounced: daemon !== null };
  const owners = new Map<number, Set<string>>();
  for (const pid of await allProcesses()) {
    const held = pid === daemon ? new Set<string>() : await socketsOf(pid, inodes);
    if (held.size > 0) owners.set(pid, held);
  }
  if (owners.size === 0) unread('the processes that send on the bonds: run this as root');
  // Where no daemon answers, the first of them is the one that is to announce.
  const others = daemon === null ? [...owners].slice(1) : [...owners];
  const found = await Promise.all(
    others.map(async ([pid, held]) => {
      const process = await readProcess(pid);
      const devices = new Set(sockets?.filter(({ inode }) => held.has(inode)).map(({ ifindex }) => ifindex));
      const names = bonds.filter(({ ifindex }) => devices.has(ifindex)).map(({ name }) => name);
      return process && { pid, unit: process.unit, argv: process.argv, bonds: names };
    }),
  );
  return { announcers: found.filter((each) => each !== null), isAnnounced: true };
}
