import type { Ip } from '../addr/ip.js';
import { isStationIp } from '../addr/ip.js';
import type { AddressEvent, ForwardingEvent, LinkEvent } from '../kernel/events.js';
import type { Sighting } from './sighting.js';

/**
 * The host's own IP addresses, folded from the kernel's messages. Bounded by the kernel's own table, and within it by
 * MAX_PER_DEVICE addresses a device.
 */
export class OwnAddresses {
  private readonly byDevice = new Map<number, Set<Ip>>();
  private readonly routers = new Set<number>();
  private unconfirmed: { readonly ifindex: number; readonly address: Ip }[] | null = null;

  /** @returns whether the addresses of a device, or whether it is a router's, may be different now */
  apply(event: AddressEvent | ForwardingEvent): boolean {
    if (event.type === 'forwarding') return this.applyForwarding(event);
    const { ifindex, address, gone, usable } = event;
    this.unconfirmed = this.unconfirmed?.filter((each) => each.ifindex !== ifindex || each.address !== address) ?? null;
    return gone || !usable || !isStationIp(address) ? this.remove(ifindex, address) : this.add(ifindex, address);
  }

  /** The addresses of a device. */
  of(ifindex: number): ReadonlySet<Ip> {
    return this.byDevice.get(ifindex) ?? NONE;
  }

  /** The devices that have an address. */
  holders(address: Ip): number[] {
    return [...this.byDevice].flatMap(([ifindex, held]) => (held.has(address) ? [ifindex] : []));
  }

  /** Whether the host says of itself that it is a router, by this device (RFC 4861 section 6.2.7). */
  isRouter(ifindex: number): boolean {
    return this.routers.has(ifindex);
  }

  /** A device is gone, and its addresses with it. */
  forget(ifindex: number): void {
    this.byDevice.delete(ifindex);
    this.routers.delete(ifindex);
  }

  /** Before a fresh dump: what it does not repeat is to go with `finishDump`. */
  startDump(): void {
    this.unconfirmed = [...this.byDevice].flatMap(([ifindex, held]) =>
      [...held].map((address) => ({ ifindex, address })),
    );
  }

  /** @returns whether anything went */
  finishDump(): boolean {
    const gone = (this.unconfirmed ?? []).filter(({ ifindex, address }) => this.remove(ifindex, address));
    this.unconfirmed = null;
    return gone.length > 0;
  }

  private applyForwarding({ ifindex, forwarding }: ForwardingEvent): boolean {
    if (forwarding === this.routers.has(ifindex)) return false;
    if (forwarding) this.routers.add(ifindex);
    else this.routers.delete(ifindex);
    return this.byDevice.has(ifindex);
  }

  private add(ifindex: number, address: Ip): boolean {
    const held = this.byDevice.get(ifindex) ?? new Set<Ip>();
    if (held.has(address) || held.size >= MAX_PER_DEVICE) return false;
    this.byDevice.set(ifindex, held.add(address));
    return true;
  }

  private remove(ifindex: number, address: Ip): boolean {
    const held = this.byDevice.get(ifindex);
    if (!held?.delete(address)) return false;
    if (held.size === 0) this.byDevice.delete(ifindex);
    return true;
  }
}

const NONE: ReadonlySet<Ip> = new Set();

/** A gateway for many networks has some hundreds on one device; who has more is paced for minutes anyway. */
const MAX_PER_DEVICE = 1024;

/**
 * The host itself, as one of its own guests: it speaks through bridges, and through VLAN devices above them. On a
 * failover the kernel announces only what is on the bond itself and on VLAN devices above the bond; no bridge hands
 * the notification on (net/bridge/br.c:br_device_event).
 * @param isAboveBridge whether a device is a bridge, or a VLAN device above one
 */
export function readOwnAddresses(
  links: Iterable<LinkEvent>,
  addresses: OwnAddresses,
  isAboveBridge: (ifindex: number) => boolean,
): Sighting[] {
  return [...links].flatMap(({ ifindex, up, address: mac }) => {
    const speaks = up && mac !== null && addresses.of(ifindex).size > 0 && isAboveBridge(ifindex);
    return speaks ? [{ source: 'host' as const, mac, device: ifindex, bridge: null, vlan: null }] : [];
  });
}
