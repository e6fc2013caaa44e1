import type { LinkEvent } from '../kernel/events.js';
import type { Sighting } from './sighting.js';

/**
 * The guests on macvlan and macvtap devices, which bypass every bridge: the device's own address is the guest's.
 * A device that is down has no guest; one that is a bridge's port leads to that bridge's guests.
 */
export function readMacvlans(links: Iterable<LinkEvent>): Sighting[] {
  return [...links].filter(isGuestMacvlan).map(({ address, ifindex }) => ({
    source: 'macvlan',
    mac: address,
    device: ifindex,
    bridge: null,
    vlan: null,
  }));
}

function isGuestMacvlan(link: LinkEvent): link is LinkEvent & { address: NonNullable<LinkEvent['address']> } {
  const { details, up, master, address } = link;
  const kind = details.type === 'other' ? details.kind : null;
  return (kind === 'macvlan' || kind === 'macvtap') && up && master === null && address !== null;
}
