import { failureOf } from '../errors.js';
import { openLinkSocket } from '../sys/netlink/link-socket.js';
import { ReceiveRing } from '../sys/packets/receive-ring.js';
import { BondMirror } from './bond-mirror.js';
import { KernelRequests } from './kernel-requests.js';
import { findMirrorDevices } from './mirror-device.js';

/** Names of mirror devices. */
interface LeftMirrors {
  readonly removed: string[];
  /** A daemon listens there. */
  readonly used: string[];
  /** Still there, for want of rights. */
  readonly stuck: string[];
}

/**
 * Removes the mirrors of daemons that were killed: devices, filters, and qdiscs that were ours and that nobody else uses.
 * @param inUse the devices that packet sockets are bound to
 * @throws SyscallError when the kernel does not answer
 */
export function removeLeftMirrors(inUse: ReadonlySet<number>): LeftMirrors {
  const requests = new KernelRequests(openLinkSocket(0));
  try {
    const tools = { requests, ring: new ReceiveRing(), now: () => 0 };
    const found = findMirrorDevices(requests).map((device) => ({ ...device, name: `bh-${device.bond}` }));
    const left = found.filter(({ ifindex }) => !inUse.has(ifindex));
    for (const { bond } of left) failureOf(() => new BondMirror(bond, tools, () => true).clear());
    const still = new Set(findMirrorDevices(requests).map(({ ifindex }) => ifindex));
    const names = (devices: typeof found): string[] => devices.map(({ name }) => name);
    return {
      removed: names(left.filter(({ ifindex }) => !still.has(ifindex))),
      used: names(found.filter(({ ifindex }) => inUse.has(ifindex))),
      stuck: names(left.filter(({ ifindex }) => still.has(ifindex))),
    };
  } finally {
    requests.close();
  }
}
