import type { DaemonFacts, GuestFacts } from './facts.js';
import type { Finding } from './finding.js';
import { restart } from './restart.js';

/** What the daemon asks for, in bytes (sys/netlink/route-socket.ts): more than this the limit need not be. */
const WANTED_BUFFER = 16 << 20;

/**
 * What one message takes of a receive buffer, in bytes, as /proc/net/netlink counts it on Linux 6.1: a row of a
 * forwarding database, and a device. The kernel gives room for twice what it is asked for (net/core/sock.c), so these
 * are half of what two messages of a guest (its row goes and comes again) and one of each device take.
 */
const BYTES_A_GUEST = (2 * 1536) / 2;
const BYTES_A_DEVICE = 4352 / 2;

/** How large net.core.rmem_max must be so that one change of everything is not lost, in bytes. */
export function neededReceiveLimit(guests: number, devices: number): number {
  return Math.min(BYTES_A_GUEST * guests + BYTES_A_DEVICE * devices, WANTED_BUFFER);
}

/** A host's limit that is too low for its guests. It binds only those who lack CAP_NET_ADMIN. */
export function checkReceiveBuffer({ running, capabilities, receiveLimit }: DaemonFacts, facts: GuestFacts): Finding[] {
  if (receiveLimit === null || capabilities.has('CAP_NET_ADMIN')) return [];
  const { count: guests } = facts;
  const needed = neededReceiveLimit(guests, facts.devices);
  if (receiveLimit >= needed) return [];
  const set = `sysctl -w net.core.rmem_max=${WANTED_BUFFER}`;
  return [
    {
      id: 'receive-buffer',
      level: 'warning',
      subject: 'net.core.rmem_max',
      finding: `it is ${receiveLimit}, and ${guests} guests and ${facts.devices} devices need ${needed}`,
      meaning:
        'messages of the kernel are lost when much changes at once, and everything is read anew before it goes on',
      cure: running === null ? set : `${set} && ${restart(running)}`,
    },
  ];
}
