import type { Mac } from '../addr/mac.js';
import type { GuestInterface } from '../sources/guest-interfaces.js';
import type { Topology } from './topology.js';

/** The interfaces of a MAC in whose place its guest has hardware to use. */
export interface Standby {
  /** The devices of the interfaces, as they are now. */
  readonly devices: readonly number[];
  /** Since when: monotonic clock, seconds. */
  readonly since: number;
}

/**
 * The guests with hardware to use in place of an interface (libvirt's teaming), as long as that is plugged: their frames
 * pass no bond of this host. One that leaves since shows that the hardware has no link, or that the guest knows no teaming.
 * Bounded by what libvirt's files name.
 */
export class StandbyGuests {
  private readonly byMac = new Map<Mac, { targets: readonly string[]; since: number }>();

  /**
   * Takes these in place of those before.
   * @param now monotonic clock, seconds; -Infinity: nobody knows yet
   * @returns the MACs of which something else is said now
   */
  set(interfaces: readonly GuestInterface[], now: number): Set<Mac> {
    const before = new Map(this.byMac);
    this.byMac.clear();
    for (const { mac, target } of interfaces) {
      const { targets = [] } = this.byMac.get(mac) ?? {};
      this.byMac.set(mac, { targets: [...targets, target], since: before.get(mac)?.since ?? now });
    }
    return new Set([...before.keys(), ...this.byMac.keys()]);
  }

  /** @param now of the call, by which they stood so at the latest @returns null where the guest of a MAC has none */
  of(mac: Mac, topology: Topology, now: number): Standby | null {
    const held = this.byMac.get(mac);
    if (!held) return null;
    if (held.since === -Infinity) held.since = now;
    return { devices: held.targets.flatMap((target) => topology.linkByName(target)?.ifindex ?? []), since: held.since };
  }
}
