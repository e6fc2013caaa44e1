import type { KernelEvent } from '../kernel/events.js';
import { pvidOf } from './bridge-port.js';
import type { Topology } from './topology.js';

/** A port that puts untagged frames into another VLAN than before. */
export interface PvidMove {
  readonly port: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Notices that ports get another PVID. Linux 6.1 says no more than that they have the new one, Linux 6.12 first that the
 * VLAN of the old one was taken from them. Bounded by the number of ports on the host.
 */
export class PvidMoves {
  private readonly last = new Map<number, number>();

  /** To be called with every event, before the topology takes it in. */
  precede(event: KernelEvent, topology: Topology): void {
    if (event.type === 'linkGone' || event.type === 'bridgePortGone') this.last.delete(event.ifindex);
    if (event.type !== 'portVlans') return;
    const pvid = pvidOf(topology.port(event.ifindex));
    if (pvid !== null) this.last.set(event.ifindex, pvid);
  }

  /** To be called after that. */
  follow(event: KernelEvent, topology: Topology): PvidMove | null {
    if (event.type !== 'portVlans') return null;
    const { ifindex: port } = event;
    const from = this.last.get(port);
    const to = pvidOf(topology.port(port));
    return from !== undefined && to !== null && from !== to ? { port, from, to } : null;
  }
}
