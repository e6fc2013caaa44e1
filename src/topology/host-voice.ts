import { type Ip, isLinkLocal, linkLocalOf } from '../addr/ip.js';
import { type Mac, matchesMacPrefix } from '../addr/mac.js';
import { VIRTUAL_ROUTER_MACS } from '../config/constants.js';
import type { LinkEvent } from '../kernel/events.js';
import { otherKind } from '../kernel/link.js';
import type { Sighting } from '../sources/sighting.js';
import type { Heard } from '../sources/snoop.js';
import { hasSeveralAggregators } from './aggregators.js';
import type { OwnAddresses } from './own-addresses.js';
import type { Topology } from './topology.js';

const NONE: readonly Ip[] = [];

/**
 * The addresses with which the host itself speaks by one of its devices, where no kernel announces them: by bridges, by
 * VLAN devices and macvlans above them, and by bonds with LACP. On a failover the kernel announces only the bond and what is on it; no bridge
 * hands that on (net/bridge/br.c:br_device_event). Every device that has IPv6 has a link-local address, also the
 * bridge that a platform gives each of its guests: nobody speaks by a device that has no other.
 */
export function voiceOf(topology: Topology, own: OwnAddresses, device: number): readonly Ip[] {
  const link = topology.link(device);
  const held = [...own.of(device)];
  if (!link?.up || link.address === null || held.length === 0) return NONE;
  if (isVirtualRouter(link)) return held.filter((ip) => !isOfInterface(topology, own, link, ip));
  const beneath = topology.beneathVlans(device);
  const carrier = isMacvlan(beneath) ? topology.beneathVlans(beneath.lower ?? 0) : beneath;
  return (isSwitch(carrier) || isSilentBond(topology, carrier)) && !held.every(isLinkLocal) ? held : NONE;
}

/**
 * Whether a device is for a virtual router of which another machine is the master (keepalived's use_vmac): it has none
 * of the router's addresses, and who announces its MAC cuts the master off.
 */
export function isBackup(topology: Topology, own: OwnAddresses, device: number): boolean {
  const link = topology.link(device);
  return link !== undefined && isVirtualRouter(link) && voiceOf(topology, own, device).length === 0;
}

function isVirtualRouter(link: LinkEvent): boolean {
  const mac = link.address;
  return isMacvlan(link) && mac !== null && VIRTUAL_ROUTER_MACS.some((prefix) => matchesMacPrefix(mac, prefix));
}

/**
 * keepalived gives the device of a router for IPv6 the link-local address of the interface beneath, or one made of that
 * one's MAC, to advertise from, whoever is the master (vrrp_vmac.c: netlink_link_add_vmac).
 */
function isOfInterface(topology: Topology, own: OwnAddresses, { lower, address }: LinkEvent, ip: Ip): boolean {
  if (!isLinkLocal(ip)) return false;
  const macs = [address, topology.link(lower)?.address ?? null];
  return own.of(lower ?? 0).has(ip) || macs.some((mac) => mac !== null && linkLocalOf(mac) === ip);
}

/** The host's own device; that of a guest, or what a guest's frames pass, is a port of something, or a macvtap. */
function isMacvlan(link: LinkEvent | undefined): link is LinkEvent {
  return link?.master === null && otherKind(link) === 'macvlan';
}

/** A bond with LACP, of whose move to another aggregator the kernel tells nobody (unless broadcast_neighbor is on). */
function isSilentBond(topology: Topology, link: LinkEvent | undefined): boolean {
  if (link?.details.type !== 'bond' || link.details.announcesItself) return false;
  return hasSeveralAggregators(link.details, topology.slavesOf(link.ifindex));
}

/** The host's own interface of a switch is as good as a bridge itself. */
function isSwitch(link: LinkEvent | undefined): boolean {
  return link?.details.type === 'bridge' || otherKind(link) === 'internal';
}

/**
 * Whether the host itself says it, with the MAC of a guest that sources have `sightings` of. libvirt leaves IPv6 on on a macvtap, so the host's kernel gives it
 * an address (RFC 4862 section 5.3), solicits routers with it for as long as none answers (section 6.3.7 of RFC 4861), and
 * tells all nodes of it at every failover (net/ipv6/ndisc.c:ndisc_netdev_event, NETDEV_NOTIFY_PEERS). On the bond nothing
 * tells such a frame from a guest's, and the guest may have chosen the same address: so none that is about an address that
 * the device has says anything of the guest, but for a Router Advertisement, which no kernel sends.
 */
export function isHostsVoice(
  topology: Topology,
  own: OwnAddresses,
  sightings: readonly Sighting[],
  { claims, raSent, rsSent }: Heard,
): boolean {
  const isBare = claims.length === 0;
  if (raSent || (isBare && !rsSent)) return false;
  return sightings.some(({ source, device }) => {
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
  const kind = otherKind(topology.link(device));
  return kind === 'macvtap' || (kind === 'macvlan' && [...own.of(device)].every(isLinkLocal));
}
