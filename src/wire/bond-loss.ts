import { asBond, type BondId } from '../topology/bond-id.js';
import { BOND_MODE_ACTIVEBACKUP } from '../kernel/constants.js';
import type { KernelEvent } from '../kernel/events.js';
import type { LossReason } from './thread-messages.js';

/** Whether an event says that nothing can leave by a device any more: a bond has no slave that works, or it is gone. */
export function readLoss(event: KernelEvent): { readonly bond: BondId; readonly reason: LossReason } | null {
  if (event.type === 'linkGone') return { bond: asBond(event.ifindex), reason: 'bond-gone' };
  if (event.type !== 'link' || event.details.type !== 'bond') return null;
  const bond = asBond(event.ifindex);
  if (event.details.mode !== BOND_MODE_ACTIVEBACKUP) return { bond, reason: 'bond-gone' };
  return event.lowerUp && event.details.activeSlave !== null ? null : { bond, reason: 'no-active-slave' };
}
