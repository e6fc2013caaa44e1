import { end, restart, restartInGroup, restartWith, WANTED_CAPABILITIES } from './commands.js';
import type { AnnouncerFacts, DaemonFacts, GuestFacts } from './facts.js';
import { type Finding, found, namesOf } from './finding.js';

/** What goes wrong without them. */
const NEEDED: readonly (readonly [name: string, meaning: string])[] = [
  ['CAP_NET_RAW', 'no frame is sent'],
  [
    'CAP_NET_ADMIN',
    'a burst of kernel messages may cost a second of reading again, listening slows the guests, and reflections are not healed',
  ],
];

/** What the daemon asks for, in bytes (sys/netlink/route-socket.ts): more than this the limit need not be. */
const WANTED_BUFFER = 16 << 20;

/**
 * What one message takes of a receive buffer, in bytes, as /proc/net/netlink counts it on Linux 6.1: a row of a
 * forwarding database, and a device. The kernel gives room for twice what it is asked for (net/core/sock.c), so these
 * are half of what two messages of a guest (its row goes and comes again) and one of each device take.
 */
const BYTES_A_GUEST = (2 * 1536) / 2;
const BYTES_A_DEVICE = 4352 / 2;

/** Rights that the daemon cannot do its work without, or not well. */
export function checkCapabilities({ capabilities, running }: DaemonFacts): Finding | null {
  const lacking = NEEDED.filter(([name]) => !capabilities.has(name));
  if (lacking.length === 0) return null;
  return found('daemon-capabilities', {
    subject: subjectOf(running),
    finding: `it needs ${NEEDED.map(([name]) => name).join(' and ')}, and lacks ${lacking.map(([name]) => name).join(' and ')}`,
    meaning: lacking.map(([, meaning]) => meaning).join('; '),
    cure: restartWith(WANTED_CAPABILITIES, running),
  });
}

/** Rights that keep a busy host from delaying the first frames. A limit does as well as a capability. */
export function checkPrivileges(daemon: DaemonFacts): Finding | null {
  const { capabilities, realtimePriority, lockedMemory, frameBytes, running } = daemon;
  const lacking: string[] = [];
  if (!capabilities.has('CAP_SYS_NICE') && realtimePriority < 1) lacking.push('CAP_SYS_NICE or RLIMIT_RTPRIO 1');
  if (!capabilities.has('CAP_IPC_LOCK') && lockedMemory < frameBytes)
    lacking.push(`CAP_IPC_LOCK or RLIMIT_MEMLOCK ${frameBytes}`);
  if (lacking.length === 0) return null;
  return found('daemon-privileges', {
    subject: subjectOf(running),
    finding: `it lacks ${lacking.join(', and ')}`,
    cure: restartWith(WANTED_CAPABILITIES, running),
  });
}

/** How large net.core.rmem_max must be so that one change of everything is not lost, in bytes. */
export function neededReceiveLimit(guests: number, devices: number): number {
  return Math.min(BYTES_A_GUEST * guests + BYTES_A_DEVICE * devices, WANTED_BUFFER);
}

/** A host's limit that is too low for its guests. It binds only those who lack CAP_NET_ADMIN. */
export function checkReceiveBuffer(daemon: DaemonFacts, { count, devices }: GuestFacts): Finding | null {
  const { running, capabilities, receiveLimit } = daemon;
  if (receiveLimit === null || capabilities.has('CAP_NET_ADMIN')) return null;
  const needed = neededReceiveLimit(count, devices);
  if (receiveLimit >= needed) return null;
  const set = `sysctl -w net.core.rmem_max=${WANTED_BUFFER}`;
  return found('receive-buffer', {
    subject: 'net.core.rmem_max',
    finding: `it is ${receiveLimit}, but ${count} guests and ${devices} devices need ${needed}`,
    cure: running === null ? set : `${set} && ${restart(running)}`,
  });
}

/** libvirt's guests are there, but not for the daemon to see. */
export function checkLibvirt(reason: string | null, daemon: DaemonFacts | null): Finding | null {
  if (reason === null) return null;
  return found('libvirt-unreadable', {
    subject: 'libvirt',
    finding: `its guests cannot be read: ${reason}`,
    cure: restartWith([...WANTED_CAPABILITIES, 'CAP_DAC_READ_SEARCH'], daemon?.running ?? null),
  });
}

/** Proxmox VE's guests are there, but not for the daemon to see. */
export function checkProxmox(reason: string | null, daemon: DaemonFacts | null): Finding | null {
  if (reason === null) return null;
  return found('proxmox-unreadable', {
    subject: 'Proxmox VE',
    finding: `the guests of this node cannot be read: ${reason}`,
    cure: restartInGroup('www-data', daemon?.running ?? null),
  });
}

/** A process beside the daemon that does what it does: holds a packet socket on a bond that only ever sends. */
export function checkAnnouncer(process: AnnouncerFacts): Finding {
  return found('second-announcer', {
    subject: `process ${process.pid}`,
    finding: `it sends frames on ${namesOf(process.bonds)} as the daemon does: ${process.argv.join(' ')}`,
    cure: end(process),
  });
}

const subjectOf = (running: DaemonFacts['running']): string =>
  running === null ? 'a daemon run with your privileges' : `the daemon, process ${running.pid}`;
