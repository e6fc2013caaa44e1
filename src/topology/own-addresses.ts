import { type Ip, isStationIp } from '../addr/ip.js';
import type { AddressEvent, ForwardingEvent } from '../kernel/events.js';

const NONE: ReadonlySet<Ip> = new Set();

/** A gateway for many networks has some hundreds on one device; who has more is paced for minutes anyway. */
const MAX_PER_DEVICE = 1024;

/** The host's own IP addresses, from the kernel's messages; bounded by its table and MAX_PER_DEVICE a device. */
export class OwnAddresses {
  /** The addresses of each device that has some. */
  readonly byDevice = new Map<number, Set<Ip>>();
  private readonly routers = new Set<number>();
  private unconfirmed: ReadonlyMap<number, Set<Ip>> = new Map();

  /** @returns whether the addresses of a device, or whether it is a router's, may be different now */
  apply(event: AddressEvent | ForwardingEvent): boolean {
    if (event.type === 'forwarding') return this.applyForwarding(event);
    const { ifindex, address, gone, usable } = event;
    this.unconfirmed.get(ifindex)?.delete(address);
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
    this.unconfirmed = new Map([...this.byDevice].map(([ifindex, held]) => [ifindex, new Set(held)]));
  }

  /** @returns whether anything went */
  finishDump(): boolean {
    const left = [...this.unconfirmed].flatMap(([ifindex, held]) => [...held].map((ip) => this.remove(ifindex, ip)));
    this.unconfirmed = new Map();
    return left.includes(true);
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
