import type { Tag } from '../frames/ethernet.js';

/*
 * Who keeps a device: the kernel, or Open vSwitch in an overlay over the kernel's devices (docs/design/openvswitch.md).
 * The sign of the ifindex tells them apart: the kernel's are positive, those of the overlay negative. Only this file
 * knows.
 */
declare const bondBrand: unique symbol;

/** A bond by its ifindex. A plain number where it crosses to another thread or into a file. */
export type BondId = number & { readonly [bondBrand]: true };

/** An exit of the host: a bond, and the tags that frames leave with, the outermost first. */
export interface Exit {
  readonly bond: BondId;
  readonly tags: readonly Tag[];
}

/** The bond with this ifindex. The caller knows that the device is a bond. */
export function asBond(ifindex: number): BondId {
  return ifindex as BondId;
}

/** Whether Open vSwitch keeps a bond: it is no device of the kernel, and no frame can be sent on it. */
export function isOvsBond(bond: BondId): boolean {
  return isOverlay(bond);
}

/** Whether an ifindex is of a device of the overlay; false for 0, which no device has. */
export function isOverlay(ifindex: number): boolean {
  return ifindex < 0;
}

/** How many ifindexes the overlay has: from -1 down to the least of 32 bits but one. */
export const OVERLAY_INDEXES = 0x7fff_ffff;

/** An ifindex of the overlay. @param n from 0, below OVERLAY_INDEXES */
export function overlayIndex(n: number): number {
  return -1 - n;
}

/** Whether an exit is another one, or that one with more tags: of a station that tags its own traffic. */
export function isWithin(outer: Exit, { bond, tags }: Exit): boolean {
  return bond === outer.bond && outer.tags.every(({ tpid, vid }, n) => tags[n]?.tpid === tpid && tags[n].vid === vid);
}
