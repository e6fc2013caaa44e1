import { type Ip, isLinkLocal } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Exit } from '../topology/bond-id.js';
import { bondsInFront } from '../topology/bonds-in-front.js';
import { voiceOf } from '../topology/host-voice.js';
import type { OwnAddresses } from '../topology/own-addresses.js';
import { leadsOut, speakingDevices } from '../topology/speaking-devices.js';
import type { Topology } from '../topology/topology.js';
import type { HeardExit, RouterSigns } from './heard-book.js';
import type { Parts } from './learned.js';
import type { StaticGuests } from './policy.js';

/** Why an address is not announced. Closed set. */
type AddressReason = 'unconfirmed' | 'router-unknown';

/** An IP address of a guest. */
export interface GuestAddress {
  readonly ip: Ip;
  /** The Router flag that a Neighbor Advertisement about it has to carry. */
  readonly router: boolean;
  /** When the guest last claimed it: monotonic clock, seconds. */
  readonly lastSeen: number;
  /** Why it is not announced now; null: it is. */
  readonly withheld: AddressReason | null;
}

/** An address that was not confirmed for so long, in seconds, may have changed hands unseen. */
const CONFIRMED_FOR = 4 * 3600;

/** A router advertises itself at least this often, in seconds (RFC 4861 section 6.2.1, MaxRtrAdvInterval). */
const MAX_ADVERTISEMENT_INTERVAL = 1800;

/**
 * What is to be announced of an address. Hosts drop their default router when an advertisement for its link-local
 * address says that it is none (RFC 4861 section 7.2.5): so whoever has sent a Router Advertisement is never said to be
 * a host, and of a link-local address nothing is said until we know.
 * @param now monotonic clock, seconds
 */
function judgeAddress(ip: Ip, lastSeen: number, signs: RouterSigns, now: number): GuestAddress {
  const { since, router: said, advertised } = signs;
  const unconfirmed = now - lastSeen >= CONFIRMED_FOR;
  const isKnown = advertised || said !== null || now - since >= MAX_ADVERTISEMENT_INTERVAL;
  const withheld = unconfirmed ? 'unconfirmed' : isLinkLocal(ip) && !isKnown ? 'router-unknown' : null;
  return { ip, router: advertised || said === true, lastSeen, withheld };
}

/** Where addresses are known. */
interface Knowing extends Pick<Parts, 'topology' | 'book' | 'table'> {
  /** null where the configuration names nobody. */
  readonly statics: StaticGuests | null;
  readonly own: OwnAddresses;
}

/**
 * A MAC's addresses at an exit: claimed there by nobody else since, configured, the host's own.
 * @param now monotonic, s
 */
export function knownAddresses(knowing: Knowing, mac: Mac, exit: Exit, now: number): readonly GuestAddress[] {
  const { topology, statics } = knowing;
  const heard = heardAt(knowing, mac, exit);
  const signs = heard ?? { since: now, router: null, advertised: false };
  const own = ownAddresses(knowing, mac, exit, now);
  const found = new Map<string, GuestAddress>();
  // Which addresses the host has, the kernel knows: what a frame with the host's MAC claims beyond is a guest's, or a proxy's.
  for (const [ip, lastSeen] of own.length > 0 ? [] : (heard?.addresses ?? [])) {
    if (!isHostsOwn(knowing, ip, mac, exit)) found.set(ip, judgeAddress(ip, lastSeen, signs, now));
  }
  for (const ip of statics?.addressesOf(mac, exit, topology) ?? []) found.set(ip, judgeAddress(ip, now, signs, now));
  for (const address of own) found.set(address.ip, address);
  return [...found.values()];
}

/** What was heard of a MAC at an exit; where that was no address, at a bond in front of it, which has another way out as well. */
function heardAt({ topology, book }: Knowing, mac: Mac, exit: Exit): HeardExit | undefined {
  const heard = book.at(mac, exit);
  if (heard && heard.addresses.size > 0) return heard;
  const fronts = bondsInFront(topology, exit).flatMap(({ bond }) => book.at(mac, { bond, tags: exit.tags }) ?? []);
  return fronts.find(({ addresses }) => addresses.size > 0) ?? heard;
}

/** Whether the host itself has an address there, by another MAC: the kernel knows that better than who claims it. */
function isHostsOwn({ topology, own }: Knowing, ip: Ip, mac: Mac, exit: Exit): boolean {
  if (own.byDevice.size === 0) return false;
  return own.holders(ip).some((device) => {
    const link = topology.link(device);
    return link?.up === true && link.address !== mac && leadsOut(topology, device, exit);
  });
}

/**
 * Whether the host itself may have sent a frame: from an address of its own, by a device of its own with that MAC that
 * leads there. A device that is a bridge's port has nobody else to speak for; on another one, devices of other network
 * namespaces may sit that share its MAC (ipvlan), and say other addresses.
 */
export function isHostsFrame(
  topology: Topology,
  own: OwnAddresses,
  { mac, bond, tags, claims }: Exit & { readonly mac: Mac; readonly claims: readonly Ip[] },
): boolean {
  return speakingDevices(topology, mac, { bond, tags }).some((device) => {
    const held = own.of(device);
    const isPort = topology.link(topology.link(device)?.master ?? null)?.details.type === 'bridge';
    return isPort || (held.size > 0 && claims.every((ip) => held.has(ip)));
  });
}

function ownAddresses({ topology, table, own }: Knowing, mac: Mac, exit: Exit, now: number): GuestAddress[] {
  return table
    .sightings(mac)
    .filter(({ source, device }) => source === 'host' && leadsOut(topology, device, exit))
    .flatMap(({ device }) =>
      voiceOf(topology, own, device).map((ip) => ({ ip, router: own.isRouter(device), lastSeen: now, withheld: null })),
    );
}
