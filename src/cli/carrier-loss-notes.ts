import { type Config, isAmong } from '../config/config.js';
import { BondheraldError } from '../errors.js';
import { BOND_MODE_ACTIVEBACKUP } from '../kernel/constants.js';
import type { KernelEvent, LinkEvent } from '../kernel/events.js';
import { dumpRequest } from '../kernel/requests.js';
import { KernelRequests } from '../listen/kernel-requests.js';
import { openLinkSocket } from '../sys/netlink/link-socket.js';
import { leftToKernel } from '../topology/carrier-loss.js';

/** What this host's bonds say to `failover.onCarrierLoss`, one line each; nothing where the kernel cannot be asked. */
export function carrierLossNotes({ bonds, failover: { onCarrierLoss } }: Config): string[] {
  if (onCarrierLoss === false) return [];
  const options = new Map<string, string | null>();
  for (const event of readLinks()) {
    if (event.type === 'link' && isActiveBackup(event)) options.set(event.name, leftToKernel(event.details));
  }
  const watched = (name: string): boolean => bonds === 'auto' || bonds.includes(name);
  const named = onCarrierLoss === true ? [] : onCarrierLoss;
  const missing = options.size === 0 ? [] : named.filter((name) => !options.has(name));
  const left = [...options].filter(([name, why]) => why !== null && isAmong(onCarrierLoss, name) && watched(name));
  return [
    ...left.map(([name, why]) => `${name} is left to the kernel: ${why}`),
    ...missing.map((name) => `${name} does not exist on this host, or is not active-backup`),
  ].map((line) => `failover.onCarrierLoss: ${line}`);
}

function isActiveBackup(link: LinkEvent): link is LinkEvent & { details: { type: 'bond' } } {
  return link.details.type === 'bond' && link.details.mode === BOND_MODE_ACTIVEBACKUP;
}

function readLinks(): KernelEvent[] {
  try {
    const requests = new KernelRequests(openLinkSocket(0));
    try {
      return requests.ask('the devices of this host', (seq) => dumpRequest('links', seq));
    } finally {
      requests.close();
    }
  } catch (error) {
    if (error instanceof BondheraldError) return [];
    throw error;
  }
}
