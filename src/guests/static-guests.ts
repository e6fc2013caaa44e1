import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Heard } from '../sources/heard.js';
import { asBond, type BondId } from '../topology/bond-id.js';
import type { Topology } from '../topology/topology.js';
import type { Claim } from './evidence.js';
import { addressKey, type Exit, exitKey } from '../topology/keys.js';
import { outerVlan } from './order.js';
import type { StaticGuest } from '../config/config.js';

/**
 * The guests that the operator names. Their addresses are theirs until another station claims one, and again from when
 * they claim it themselves. Bounded by the configuration, and by MAX_TAKEN of these claims.
 */
export class StaticGuests {
  private readonly byMac = new Map<Mac, readonly StaticGuest[]>();
  private addresses: ReadonlySet<Ip> = new Set();
  /** Who claimed an address last, by way out and address. */
  private readonly taken = new Map<string, Mac>();

  constructor(guests: readonly StaticGuest[]) {
    this.configure(guests);
  }

  /** Takes these guests in place of those before. Who claimed an address of theirs meanwhile is known still. */
  configure(guests: readonly StaticGuest[]): void {
    this.byMac.clear();
    for (const guest of guests) this.byMac.set(guest.mac, [...(this.byMac.get(guest.mac) ?? []), guest]);
    this.addresses = new Set(guests.flatMap(({ addresses }) => addresses));
  }

  macs(): Iterable<Mac> {
    return this.byMac.keys();
  }

  /** Where a MAC is said to be. A bond that is not there yet is passed over. */
  claims(mac: Mac, topology: Topology): Claim[] {
    return (this.byMac.get(mac) ?? []).flatMap(({ bond: name, vlan }) => {
      const bond = topology.linkByName(name)?.ifindex;
      return bond === undefined ? [] : [{ bond: asBond(bond), vlan }];
    });
  }

  /** Takes in what a station was heard to claim on a bond. */
  heard(bond: BondId, { mac, tags, claims }: Pick<Heard, 'mac' | 'tags' | 'claims'>): void {
    for (const ip of claims) {
      if (!this.addresses.has(ip)) continue;
      const key = addressKey(exitKey({ bond, tags }), ip);
      this.taken.delete(key);
      this.taken.set(key, mac);
      const [oldest] = this.taken.keys();
      if (this.taken.size > MAX_TAKEN && oldest !== undefined) this.taken.delete(oldest);
    }
  }

  /** The addresses that a MAC is said to have by a way out, and that nobody else has claimed there. */
  addressesOf(mac: Mac, way: Exit, topology: Topology): Ip[] {
    const name = topology.link(way.bond)?.name;
    const fits = ({ bond, vlan }: StaticGuest): boolean => bond === name && (vlan === null || vlan === outerVlan(way));
    const theirs = (this.byMac.get(mac) ?? []).filter(fits).flatMap(({ addresses }) => addresses);
    return theirs.filter((ip) => (this.taken.get(addressKey(exitKey(way), ip)) ?? mac) === mac);
  }
}

/** More stations than that do not quarrel about the addresses of one file. */
const MAX_TAKEN = 65_536;
