import { isLinkLocal } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Heard } from '../sources/snoop.js';
import type { OwnAddresses } from '../topology/own-addresses.js';
import type { Topology } from '../topology/topology.js';
import type { GuestTable } from './table.js';

/**
 * Whether the host itself says it, with the MAC of a guest. libvirt leaves IPv6 on on a macvtap, so the host's kernel gives it
 * an address (RFC 4862 section 5.3), solicits routers with it for as long as none answers (section 6.3.7 of RFC 4861), and
 * tells all nodes of it at every failover (net/ipv6/ndisc.c:ndisc_netdev_event, NETDEV_NOTIFY_PEERS). On the bond nothing
 * tells such a frame from a guest's, and the guest may have chosen the same address: so none that is about an address that
 * the device has says anything of the guest, but for a Router Advertisement, which no kernel sends.
 */
export function isHostsVoice(
  topology: Topology,
  table: GuestTable,
  own: OwnAddresses,
  { mac, claims, raSent, rsSent }: Heard,
): boolean {
  const isBare = claims.length === 0;
  if (raSent || (isBare && !rsSent)) return false;
  return table.sightings(mac).some(({ source, device }) => {
    if (source !== 'macvlan' || !passesGuest(topology, own, device)) return false;
    const held = own.of(device);
    return isBare ? [...held].some(isLinkLocal) : claims.some((ip) => held.has(ip));
  });
}

/** The MAC of the guest behind a device; null where there is none, or the host itself speaks by it. */
export function guestBehind(topology: Topology, own: OwnAddresses, device: number): Mac | null {
  return passesGuest(topology, own, device) ? (topology.link(device)?.address ?? null) : null;
}

/** Nobody gives a macvlan that passes a guest's frames an address, but the kernel. */
function passesGuest(topology: Topology, own: OwnAddresses, device: number): boolean {
  const details = topology.link(device)?.details;
  const kind = details?.type === 'other' ? details.kind : null;
  return kind === 'macvtap' || (kind === 'macvlan' && [...own.of(device)].every(isLinkLocal));
}
