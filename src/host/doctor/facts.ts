import type { Config } from '../../config/config.js';
import { CONTROL_SOCKET } from '../../config/constants.js';
import type { AnnouncerFacts, DaemonFacts, Facts, HiddenSource } from '../../doctor/facts.js';
import { SyscallError } from '../../errors.js';
import { otherKind } from '../../kernel/link.js';
import { readSetting } from '../../sys/files/host-settings.js';
import { FirstFolder } from '../../sys/files/first-folder.js';
import { openFolder } from '../../sys/files/watch-folder.js';
import { allProcesses, readSendingSockets, socketsOf } from '../../sys/packets/packet-sockets.js';
import { firstUnreadable, type ProcessFacts, readProcess } from '../../sys/process/process-facts.js';
import { listenerOf } from '../../sys/unix/unix-address.js';
import { activeBackupBonds, type Bond } from '../../topology/bonds.js';
import { exitsOfDevice } from '../../topology/exits.js';
import type { Topology } from '../../topology/topology.js';
import { batchBytes } from '../../wire/batch-memory.js';
import { signOfLibvirt, signOfOvs } from '../hidden-sources.js';
import { readBonds } from './bonds.js';
import { readBridges } from './bridges.js';

/** What is known already when the doctor begins to look. */
interface Known extends Pick<Facts, 'guests' | 'ovs' | 'hearings'> {
  readonly config: Config;
  readonly topology: Topology;
  /** null: it cannot be found out. */
  readonly subject: Subject | null;
}

/** Reads all else but spanning tree, for which it does not listen. @param unread called with what cannot be read */
export async function readFacts(
  { config, topology, subject, guests, ovs, hearings }: Known,
  unread: (what: string) => void,
): Promise<Facts> {
  const bonds = activeBackupBonds(topology);
  return {
    bridges: await readBridges(topology, unread),
    guests,
    daemon: subject && (await readDaemon(subject, config, bonds, unread)),
    libvirt: subject && (await readLibvirt(subject, config, unread)),
    hidden: await readHidden(config, topology, ovs),
    announcers: await readAnnouncers(subject, bonds, unread),
    speakingMacvtaps: await readMacvtaps(topology),
    ovs,
    hearings,
    bonds: await readBonds(topology, unread),
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

/** As many of libvirt's files as the daemon reads, and as much of each. */
const LIBVIRT_LIMITS = { files: 4096, bytes: 1 << 20 };

/** A process whose rights count: the daemon's, or our own where none runs. */
interface Subject {
  readonly process: ProcessFacts;
  readonly isDaemon: boolean;
}

/** @returns null when it cannot be found out whether a daemon runs, or what it may do */
export async function findSubject(unread: (what: string) => void): Promise<Subject | null> {
  const listener = listenerOf(CONTROL_SOCKET);
  if (typeof listener === 'object' && listener !== null) {
    unread(`the process id of the daemon (${CONTROL_SOCKET}: ${listener.errno})`);
    return null;
  }
  const process = await readProcess(listener ?? 'self');
  if (process === null) unread(`/proc/${listener ?? 'self'}`);
  return process && { process, isDaemon: listener !== null };
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
    frameBytes: bonds.length * batchBytes(config.guests.limits.total),
  };
}

/** Why libvirt's guests cannot be read by the daemon; null: they can, there are none, or they are not wanted. */
async function readLibvirt(
  { process, isDaemon }: Subject,
  config: Config,
  unread: (what: string) => void,
): Promise<string | null> {
  if (config.guests.sources.libvirt === false) return null;
  if (!isDaemon) return tryLibvirt(config);
  for (const folder of config.paths.libvirt) {
    try {
      const file = await firstUnreadable(folder, '.xml', process);
      if (file !== null) return `${file}: the daemon may not read it`;
    } catch {
      unread(folder);
    }
  }
  return null;
}

function libvirtFolder({ paths }: Config): FirstFolder {
  return new FirstFolder(paths.libvirt.map((each) => openFolder(each)));
}

async function tryLibvirt(config: Config): Promise<string | null> {
  const folder = libvirtFolder(config);
  try {
    for (const { name } of (await folder.list('.xml', LIBVIRT_LIMITS.files)) ?? []) {
      await folder.read(name, LIBVIRT_LIMITS.bytes);
    }
    return null;
  } catch (error) {
    if (error instanceof SyscallError) return error.message;
    throw error;
  }
}

/** Which sources run here, and are not found in the folders of the configuration. */
async function readHidden(config: Config, topology: Topology, ovs: Facts['ovs']): Promise<Facts['hidden']> {
  const { guests, paths } = config;
  const { sources } = guests;
  const seeks = async (
    folders: readonly string[],
    sign: () => Promise<string | null>,
  ): Promise<HiddenSource | null> => {
    const seen = await sign();
    return seen === null ? null : { sign: seen, folders };
  };
  const hasLibvirt =
    sources.libvirt === false ||
    (await libvirtFolder(config)
      .list('.xml', 0)
      .catch(() => [])) !== null;
  return {
    ovs: ovs === null && sources.ovs !== false ? await seeks(paths.ovs, () => signOfOvs(topology)) : null,
    libvirt: hasLibvirt ? null : await seeks(paths.libvirt, signOfLibvirt),
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
): Promise<AnnouncerFacts[]> {
  const sockets = await readSendingSockets(new Set(bonds.map(({ ifindex }) => ifindex)));
  if (sockets === null) unread('/proc/net/packet');
  const daemon = subject?.isDaemon ? subject.process.pid : null;
  const inodes = new Set(sockets?.map(({ inode }) => inode));
  if (daemon !== null) for (const inode of await socketsOf(daemon, inodes)) inodes.delete(inode);
  if (inodes.size === 0) return [];
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
  return found.filter((each) => each !== null);
}
