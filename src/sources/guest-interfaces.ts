import type { Mac } from '../addr/mac.js';
import type { LinkEvent } from '../kernel/events.js';
import { isMacvlan } from '../kernel/link.js';
import type { IgnoreReason, Sighting } from './sighting.js';

/** An interface of a guest that runs on this host. */
export interface GuestInterface {
  readonly mac: Mac;
  /** The name of its device on this host. */
  readonly target: string;
  /** The guest's name. */
  readonly domain: string;
}

/** Tells apart the interfaces that were read, and why others are left out. */
export function sortOut<T extends object>(
  read: readonly (T | IgnoreReason)[],
): { readonly interfaces: readonly T[]; readonly ignored: readonly IgnoreReason[] } {
  return {
    interfaces: read.flatMap((each) => (typeof each === 'string' ? [] : [each])),
    ignored: read.flatMap((each) => (typeof each === 'string' ? [each] : [])),
  };
}

/**
 * The interfaces with the MACs that their devices have now: a macvtap follows the MAC of its guest at once, if it may, and
 * lets in nothing else.
 */
export function withOwnMacs(
  interfaces: readonly GuestInterface[],
  links: Iterable<LinkEvent>,
): readonly GuestInterface[] {
  if (interfaces.length === 0) return interfaces;
  const macvtaps = [...links].filter((link) => link.master === null && isMacvlan(link));
  const own = new Map(macvtaps.map(({ name, address }) => [name, address]));
  return interfaces.map((each) => ({ ...each, mac: own.get(each.target) ?? each.mac }));
}

/**
 * Where the guests' interfaces are. Only a bridge's port or a macvtap that is up and has carrier tells.
 * @param pvidOf the VLAN that a bridge port puts untagged frames into, null for none
 */
export function readInterfaces(
  source: 'libvirt' | 'proxmox',
  interfaces: readonly GuestInterface[],
  links: Iterable<LinkEvent>,
  pvidOf: (ifindex: number) => number | null,
): Sighting[] {
  if (interfaces.length === 0) return [];
  const all = [...links];
  const byName = new Map(all.map((link) => [link.name, link]));
  const byIndex = new Map(all.map((link) => [link.ifindex, link]));
  return interfaces.flatMap(({ mac, target }) => {
    const device = byName.get(target);
    const place = device?.up && device.lowerUp ? placeOf(device, byIndex, pvidOf) : null;
    return place ? [{ source, mac, ...place }] : [];
  });
}

function placeOf(
  link: LinkEvent,
  links: ReadonlyMap<number, LinkEvent>,
  pvidOf: (ifindex: number) => number | null,
): Pick<Sighting, 'device' | 'bridge' | 'vlan'> | null {
  const { ifindex: device, master } = link;
  if (master === null) return isMacvlan(link) ? { device, bridge: null, vlan: null } : null;
  const bridge = links.get(master)?.details;
  if (bridge?.type !== 'bridge') return null;
  if (!bridge.vlanFiltering) return { device, bridge: master, vlan: null };
  const vlan = pvidOf(device);
  return vlan === null ? null : { device, bridge: master, vlan };
}
