import type { DaemonFacts } from './facts.js';
import type { Finding } from './finding.js';
import { restartWith, WANTED_CAPABILITIES } from './restart.js';

/** What goes wrong without them. */
const NEEDED: readonly (readonly [name: string, meaning: string])[] = [
  ['CAP_NET_RAW', 'not a single frame is sent'],
  [
    'CAP_NET_ADMIN',
    'a storm of messages may cost a second of reading all anew, listening slows the guests, and reflections are not healed',
  ],
];

/** Rights that the daemon cannot do its work without, or not well. */
export function checkCapabilities({ capabilities, running }: DaemonFacts): Finding[] {
  const lacking = NEEDED.filter(([name]) => !capabilities.has(name));
  if (lacking.length === 0) return [];
  return [
    {
      id: 'daemon-capabilities',
      level: 'warning',
      subject: subjectOf(running),
      finding: `it needs ${NEEDED.map(([name]) => name).join(' and ')}, and lacks ${lacking.map(([name]) => name).join(' and ')}`,
      meaning: lacking.map(([, meaning]) => meaning).join('; '),
      cure: restartWith(WANTED_CAPABILITIES, running),
    },
  ];
}

/** Rights that keep a busy host from delaying the first frames. A limit does as well as a capability. */
export function checkPrivileges(daemon: DaemonFacts): Finding[] {
  const { capabilities, realtimePriority, lockedMemory, frameBytes, running } = daemon;
  const lacking: string[] = [];
  if (!capabilities.has('CAP_SYS_NICE') && realtimePriority < 1) lacking.push('CAP_SYS_NICE or RLIMIT_RTPRIO 1');
  if (!capabilities.has('CAP_IPC_LOCK') && lockedMemory < frameBytes)
    lacking.push(`CAP_IPC_LOCK or RLIMIT_MEMLOCK ${frameBytes}`);
  if (lacking.length === 0) return [];
  return [
    {
      id: 'daemon-privileges',
      level: 'advice',
      subject: subjectOf(running),
      finding: `it lacks ${lacking.join(', and ')}`,
      meaning: 'the first frames are late when the host is busy, or has swapped them out',
      cure: restartWith(WANTED_CAPABILITIES, running),
    },
  ];
}

/** libvirt's guests are there, but not for the daemon to see. */
export function checkLibvirt(reason: string | null, daemon: DaemonFacts | null): Finding[] {
  if (reason === null) return [];
  return [
    {
      id: 'libvirt-unreadable',
      level: 'warning',
      subject: 'libvirt',
      finding: `its guests cannot be read: ${reason}`,
      meaning: 'guests that have not spoken yet, or not for long, are not known, and one that came back is not trusted',
      cure: restartWith([...WANTED_CAPABILITIES, 'CAP_DAC_READ_SEARCH'], daemon?.running ?? null),
    },
  ];
}

function subjectOf(running: DaemonFacts['running']): string {
  return running === null ? 'the daemon, run as you are' : `the daemon, process ${running.pid}`;
}
