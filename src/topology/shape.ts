import { isDeepStrictEqual } from 'node:util';
import type { LinkEvent } from '../kernel/events.js';
import type { Overlay } from './overlay.js';

/** What of a device decides the way of frames: all but its name and, so that a failover is no change, a bond's choice of slave and the carrier of its slaves. */
export function shapeOf({
  ifindex,
  up,
  lowerUp,
  address,
  master,
  lower,
  details,
  bondSlaveActive,
}: LinkEvent): unknown {
  const kind = details.type === 'bond' ? { type: details.type, mode: details.mode, ovs: details.ovs } : details;
  return { ifindex, up, carrier: bondSlaveActive !== null || lowerUp, address, master, lower, kind };
}

/** Whether two overlays send frames the same ways, and call their devices the same. */
export function sameOverlay(one: Overlay, other: Overlay): boolean {
  return isDeepStrictEqual(comparable(one), comparable(other));
}

function comparable({ devices, interfaces, ports }: Overlay): unknown {
  const links = [...devices, ...interfaces.values()];
  return { links: new Map(links.map((link) => [link.ifindex, [link.name, shapeOf(link)]])), ports };
}
