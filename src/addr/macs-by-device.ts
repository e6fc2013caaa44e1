import type { Mac } from './mac.js';

/** Which MACs something is held of at each device. Bounded by whoever keeps it. */
export class MacsByDevice {
  private readonly macs = new Map<number, Set<Mac>>();

  at(device: number): Iterable<Mac> {
    return this.macs.get(device) ?? [];
  }

  add(device: number, mac: Mac): void {
    const held = this.macs.get(device);
    if (held) held.add(mac);
    else this.macs.set(device, new Set([mac]));
  }

  /** Something of a MAC went that was there. @param left what else is held of it */
  leave(device: number, mac: Mac, left: Iterable<{ readonly device: number }>): void {
    for (const each of left) if (each.device === device) return;
    const held = this.macs.get(device);
    held?.delete(mac);
    if (held?.size === 0) this.macs.delete(device);
  }

  clear(): void {
    this.macs.clear();
  }
}
