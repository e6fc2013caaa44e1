import type { Mac } from '../addr/mac.js';
import type { GuestInterface } from '../sources/guest-interfaces.js';
import type { Topology } from './topology.js';

/** A guest's interface whose processors stand still. */
interface StillInterface extends Pick<GuestInterface, 'mac' | 'target'> {
  /** Whether the guest was seen running here before. */
  readonly ran: boolean;
}

/** An interface of a guest that stands still, and the device that it has now; null where it has none. */
interface StillPort extends Pick<StillInterface, 'ran'> {
  readonly device: number | null;
}

/**
 * The guests of this host that stand still, as libvirt says: paused for a migration, or by somebody. Such a guest sends
 * nothing, so what its port lets in of its MAC is another's doing: of the host's own kernel, when the device comes up.
 * Bounded by what libvirt's files name.
 */
export class StillGuests {
  private byMac: ReadonlyMap<Mac, readonly StillInterface[]> = new Map();

  /**
   * Takes these in place of those before.
   * @param ran whether libvirt said until now that a guest's interface runs here
   * @returns the MACs of which something else is said now
   */
  set(interfaces: readonly GuestInterface[], ran: (each: GuestInterface) => boolean): Set<Mac> {
    const before = this.byMac;
    const now = new Map<Mac, StillInterface[]>();
    for (const each of interfaces) {
      const { mac, target } = each;
      const held = before.get(mac)?.find((one) => one.target === target);
      now.set(mac, [...(now.get(mac) ?? []), { mac, target, ran: held?.ran ?? ran(each) }]);
    }
    this.byMac = now;
    return new Set([...before.keys(), ...now.keys()]);
  }

  /** Where a MAC's guest stands still, by the devices that there are now. */
  portsOf(mac: Mac, topology: Topology): readonly StillPort[] {
    const interfaces = this.byMac.get(mac);
    return interfaces?.map(({ target, ran }) => ({ device: topology.linkByName(target)?.ifindex ?? null, ran })) ?? [];
  }

  /** The devices where a MAC's guest stands still, and was not seen running. */
  waitingAt(mac: Mac, topology: Topology): number[] {
    return this.portsOf(mac, topology).flatMap(({ device, ran }) => (ran || device === null ? [] : [device]));
  }
}
