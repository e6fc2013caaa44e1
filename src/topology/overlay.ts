import type { LinkEvent } from '../kernel/events.js';
import type { BridgePort } from './topology.js';

/**
 * Devices that the kernel does not tell of, because another switch keeps them (docs/design/openvswitch.md). Their
 * ifindexes are negative, so that they are never taken for the kernel's.
 */
export interface Overlay {
  /** Bridges, bonds, and the ends of cables between bridges. */
  readonly devices: readonly LinkEvent[];
  /**
   * The interfaces that may be devices of the kernel, by name. The kernel's device of that name is the port, with this
   * one's master; while there is none, the interface is elsewhere, in another network namespace, and counts itself.
   */
  readonly interfaces: ReadonlyMap<string, LinkEvent>;
  /** How ports treat VLANs, by their ifindexes here. */
  readonly ports: ReadonlyMap<number, BridgePort>;
}

export const NO_OVERLAY: Overlay = { devices: [], interfaces: new Map(), ports: new Map() };

/** Whether an ifindex is of a device of the overlay. */
export function isOverlay(ifindex: number): boolean {
  return ifindex < 0;
}
