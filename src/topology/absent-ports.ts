import type { KernelEvent, LinkEvent } from '../kernel/events.js';
import { isOverlay } from './bond-id.js';
import type { Topology } from './topology.js';

/** So long a port that has left its bridge is waited for, in seconds, and then its VLANs: networks are set up again within that. */
const PATIENCE = 60;

/** Where a port was. */
interface Absence {
  /** By its ifindex. */
  bridge: number;
  /** Monotonic clock, seconds. */
  readonly since: number;
}

/**
 * The kernel's ports that have left their bridge, and may be back in a moment with the same guests behind them: a network
 * service that sets the bridge up again takes them out and puts them in. One that goes down, loses its carrier or comes
 * to another bridge is not waited for. Bounded by the devices of the host.
 */
export class AbsentPorts {
  private readonly absences = new Map<number, Absence>();

  /**
   * To be called with every event, before the topology takes it in.
   * @param now monotonic clock, seconds
   * @returns whether a port has come to another bridge than the one that it has left
   */
  precede(event: KernelEvent, topology: Topology, now: number): boolean {
    if (event.type === 'linkGone') this.absences.delete(event.ifindex);
    else if (event.type === 'bridgePortGone') this.leave(event.ifindex, topology, now);
    return event.type === 'link' && this.join(event, topology, now);
  }

  private join({ ifindex, master, up, lowerUp }: LinkEvent, topology: Topology, now: number): boolean {
    if (topology.link(ifindex)?.master !== master) this.leave(ifindex, topology, now);
    const absence = this.absences.get(ifindex);
    const isElsewhere = absence && absence.bridge !== master && topology.link(master) !== undefined;
    if (isElsewhere || !up || !lowerUp) this.absences.delete(ifindex);
    return isElsewhere === true;
  }

  /** Whether a port that has left this bridge may yet be what it was: not one that a dump did not mention any more. */
  awaits({ device, bridge }: { readonly device: number; readonly bridge: number | null }, topology: Topology): boolean {
    return bridge !== null && this.absences.get(device)?.bridge === bridge && topology.link(device) !== undefined;
  }

  /** Whether a port has left its bridge a short while ago; it may be back already. */
  has(device: number): boolean {
    return this.absences.has(device);
  }

  /** A bridge was made anew, with another ifindex. */
  succeed(from: number, to: number): void {
    for (const absence of this.absences.values()) if (absence.bridge === from) absence.bridge = to;
  }

  /** @returns those that are not waited for any more */
  expire(now: number): number[] {
    const over = [...this.absences].filter(([, { since }]) => now - since > PATIENCE).map(([device]) => device);
    for (const device of over) this.absences.delete(device);
    return over;
  }

  private leave(device: number, topology: Topology, since: number): void {
    const link = topology.link(device);
    const bridge = link?.master ?? null;
    const isBridge = bridge !== null && !isOverlay(bridge) && topology.link(bridge)?.details.type === 'bridge';
    if (isBridge && link?.up && link.lowerUp) this.absences.set(device, { bridge, since });
  }
}
