import { type Mac, type MacPrefix, matchesMacPrefix } from '../addr/mac.js';
import type { Config, StaticGuest } from '../config/config.js';
import { VIRTUAL_ROUTER_MACS } from '../config/constants.js';
import type { Ip } from '../addr/ip.js';
import { addressKey, exitKey, type Tag } from '../frames/ethernet.js';
import { LruMap } from '../lru-map.js';
import type { Heard } from '../sources/snoop.js';
import { asBond, type BondId, type Exit } from '../topology/bond-id.js';
import type { Topology } from '../topology/topology.js';
import { globPattern } from '../config/glob.js';

/** Who counts as a guest, and how much of them is kept. */
export interface GuestSettings extends Pick<
  Config['guests'],
  'limits' | 'remember' | 'heardFor' | 'exclude' | 'static'
> {
  /** That a MAC has left is always learned from forwarding databases; neighbour tables only confirm addresses. */
  readonly sources: Pick<Config['guests']['sources'], 'fdb' | 'neighbour' | 'hostAddresses' | 'snoop'>;
  /** Addresses that several machines share, and that are not announced for that. */
  readonly virtualRouters: readonly MacPrefix[];
}

/** Who counts as a guest, as the configuration says. */
export function guestSettings({ guests }: Pick<Config, 'guests'>): GuestSettings {
  return { ...guests, virtualRouters: guests.virtualRouterMacs ? [] : VIRTUAL_ROUTER_MACS };
}

/** What the operator wants never to be announced, and why. Closed set: it is a label of metrics. */
export type RefusalReason = 'excluded' | 'virtual-router';

/** What is never announced, whoever is behind it. */
export class Policy {
  private readonly vlans: ReadonlySet<number>;
  private readonly ports: readonly ReturnType<typeof globPattern>[];
  /** Whether guests behind some devices are never announced. */
  readonly excludesPorts: boolean;
  /** Whether what a bridge has learned counts as a guest. */
  readonly learns: boolean;
  /** Whether who was heard leaving counts as a guest. */
  readonly hears: boolean;

  constructor(private readonly settings: Pick<GuestSettings, 'exclude' | 'virtualRouters' | 'sources' | 'heardFor'>) {
    this.vlans = new Set(settings.exclude.vlans);
    this.ports = settings.exclude.ports.map(globPattern);
    this.excludesPorts = this.ports.length > 0;
    this.learns = settings.sources.fdb;
    this.hears = settings.heardFor > 0;
  }

  /** Why a MAC is never announced; null: it may be. */
  ofMac(mac: Mac): RefusalReason | null {
    const isOneOf = (prefixes: readonly MacPrefix[]): boolean => prefixes.some((each) => matchesMacPrefix(mac, each));
    if (isOneOf(this.settings.exclude.macs)) return 'excluded';
    return isOneOf(this.settings.virtualRouters) ? 'virtual-router' : null;
  }

  /** Whether frames with these tags, the outermost first, are never sent. */
  excludesTags(tags: readonly Tag[]): boolean {
    return tags.some(({ vid }) => this.vlans.has(vid));
  }

  /** Whether the guests behind a device are never announced. */
  excludesPort(name: string): boolean {
    return this.ports.some((pattern) => pattern.test(name));
  }
}

/** The operator's word that a MAC is behind a bond. */
export interface Claim {
  readonly bond: BondId;
  /** The outermost tag; null: whatever is right where a source knows the MAC, else untagged. */
  readonly vlan: number | null;
}

/** More stations than that do not quarrel about the addresses of one file. */
const MAX_CLAIMS = 65_536;

/**
 * The guests that the operator names. Their addresses are theirs until another station claims one, and again from when
 * they claim it themselves. Bounded by the configuration, and by MAX_CLAIMS of these claims.
 */
export class StaticGuests {
  private readonly byMac = new Map<Mac, readonly StaticGuest[]>();
  private addresses: ReadonlySet<Ip> = new Set();
  /** Who claimed an address last, by exit and address. */
  private readonly claimants = new LruMap<string, Mac>(MAX_CLAIMS);

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
      if (this.addresses.has(ip)) this.claimants.set(addressKey(exitKey({ bond, tags }), ip), mac);
    }
  }

  /** The addresses that a MAC is said to have at an exit, and that nobody else has claimed there. */
  addressesOf(mac: Mac, exit: Exit, topology: Topology): Ip[] {
    const guests = this.byMac.get(mac);
    if (!guests) return [];
    const name = topology.link(exit.bond)?.name;
    const fits = ({ bond, vlan }: StaticGuest): boolean =>
      bond === name && (vlan === null || vlan === (exit.tags[0]?.vid ?? null));
    const theirs = guests.filter(fits).flatMap(({ addresses }) => addresses);
    return theirs.filter((ip) => (this.claimants.get(addressKey(exitKey(exit), ip)) ?? mac) === mac);
  }
}
