import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { OwnAddresses } from '../sources/own-addresses.js';
import type { Sighting } from '../sources/sighting.js';
import { exitsOfDevice } from '../topology/exits.js';
import type { Topology } from '../topology/topology.js';
import { type GuestAddress, judgeAddress } from './addresses.js';
import { type Exit, exitKey } from '../topology/keys.js';
import type { HeardBook } from './heard-book.js';
import type { StaticGuests } from './static-guests.js';
import type { GuestTable } from './table.js';

/** Those who know addresses. */
export interface Knowing {
  readonly topology: Topology;
  readonly book: HeardBook;
  readonly statics: StaticGuests;
  readonly table: GuestTable;
  readonly own: OwnAddresses;
}

/**
 * The addresses of a MAC by one exit out: those that it has claimed there and nobody else since, those that the
 * configuration says are its, and the host's own.
 * @param now monotonic clock, seconds
 */
export function knownAddresses(knowing: Knowing, mac: Mac, exit: Exit, now: number): readonly GuestAddress[] {
  const { topology, book, statics } = knowing;
  const place = book.at(mac, exit);
  const signs = place ?? { since: now, router: null, advertised: false };
  const found = new Map<string, GuestAddress>();
  for (const [ip, lastSeen] of place?.addresses ?? []) {
    if (!isHostsOwn(knowing, ip, { mac, exit })) found.set(ip, judgeAddress(ip, lastSeen, signs, now));
  }
  for (const ip of statics.addressesOf(mac, exit, topology)) found.set(ip, judgeAddress(ip, now, signs, now));
  for (const address of ownAddresses(knowing, mac, exit, now)) found.set(address.ip, address);
  return [...found.values()];
}

/** Whether the host itself has an address there, by another MAC: the kernel knows that better than who claims it. */
function isHostsOwn({ topology, own }: Knowing, ip: Ip, { mac, exit }: { mac: Mac; exit: Exit }): boolean {
  const key = exitKey(exit);
  const leadsThere = (device: number): boolean => exitsOfDevice(topology, device).some((each) => exitKey(each) === key);
  return own.holders(ip).some((device) => {
    const link = topology.link(device);
    return link?.up === true && link.address !== mac && leadsThere(device);
  });
}

function ownAddresses({ topology, table, own }: Knowing, mac: Mac, exit: Exit, now: number): GuestAddress[] {
  const key = exitKey(exit);
  const leadsThere = ({ source, device }: Sighting): boolean =>
    source === 'host' && exitsOfDevice(topology, device).some((each) => exitKey(each) === key);
  return table
    .sightings(mac)
    .filter(leadsThere)
    .flatMap(({ device }) =>
      [...own.of(device)].map((ip) => ({ ip, router: own.isRouter(device), lastSeen: now, withheld: null })),
    );
}
