import type { Ip } from '../addr/ip.js';
import type { MacPrefix } from '../addr/mac-prefix.js';
import type { Mac } from '../addr/mac.js';

/** A guest that the operator names. */
export interface StaticGuest {
  readonly mac: Mac;
  /** The outermost tag on the wire; null: whatever is right where a source knows the guest, else untagged. */
  readonly vlan: number | null;
  /** The name of its bond. */
  readonly bond: string;
  readonly addresses: readonly Ip[];
}

/** What is never announced. */
export interface ExcludeSettings {
  readonly macs: readonly MacPrefix[];
  readonly vlans: readonly number[];
  /** Names of devices, as globs. */
  readonly ports: readonly string[];
}

/** Who counts as a guest, and how much of them is kept. */
export interface GuestSettings {
  readonly limits: {
    /** How many MAC addresses of guests are held at most; and how many of others. */
    readonly total: number;
    /** How many are learned at most behind one port. */
    readonly perPort: number;
    /** How many IP addresses are kept of one guest in one VLAN. */
    readonly addressesPerGuest: number;
  };
  /** How long a guest that fell silent is remembered, in seconds. */
  readonly remember: number;
  readonly sources: {
    /** Whether guests are learned from forwarding databases. That one left is always learned from there. */
    readonly fdb: boolean;
    /** Whether the neighbour tables confirm addresses, and the host's own addresses are announced. */
    readonly neighbour: boolean;
  };
  /** Addresses that several machines share, and that are not announced for that. */
  readonly virtualRouters: readonly MacPrefix[];
  readonly exclude: ExcludeSettings;
  readonly static: readonly StaticGuest[];
}
