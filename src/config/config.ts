import type { Ip } from '../addr/ip.js';
import type { Mac, MacPrefix } from '../addr/mac.js';

/** The frames that speak for a guest. */
export const FRAME_KINDS = ['rarp', 'garp', 'na', 'mcast'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** How many frames of each kind; a count begins with these. */
export type FrameCounts = Readonly<Record<FrameKind, number>>;
export const NO_FRAMES: FrameCounts = { rarp: 0, garp: 0, na: 0, mcast: 0 };

/** All of them. */
export function allFrames(counts: FrameCounts): number {
  return FRAME_KINDS.reduce((sum, kind) => sum + counts[kind], 0);
}

/** The forms of gratuitous ARP that are sent. */
export const GARP_FORMS = ['request', 'reply', 'both'] as const;
export type GarpForm = (typeof GARP_FORMS)[number];

/** A token bucket: frames a second in the long run, and how many at once. */
export type Rate = { readonly rate: number; readonly burst: number } | 'unlimited';

/** A guest that the operator names, because no source can see it. */
export interface StaticGuest {
  readonly mac: Mac;
  /** The outermost tag on the wire; null: whatever is right where a source knows the guest, else untagged. */
  readonly vlan: number | null;
  /** The name of its bond. */
  readonly bond: string;
  readonly addresses: readonly Ip[];
}

/** Where to listen for HTTP: an IP address, or the empty text for every address of this host. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The settings of a run, checked and frozen. Durations are in seconds. */
export interface Config {
  /** The names of the bonds to watch; 'auto' for every active-backup bond. */
  readonly bonds: 'auto' | readonly string[];
  readonly announce: {
    /** In no particular order, each once. */
    readonly kinds: readonly FrameKind[];
    readonly garp: GarpForm;
    /** When the rounds start, counted from the failover: ascending, the first 0. */
    readonly schedule: readonly number[];
    /** The share of its offset, 0 to 1, by which a later round may be late. */
    readonly jitter: number;
    /** After so many seconds a guest that was not heard leaving is announced without a failover; null: never. */
    readonly refresh: number | null;
    /** Each bond has buckets of its own. */
    readonly rate: { readonly rarp: Rate; readonly arp: Rate; readonly na: Rate; readonly mcast: Rate };
    readonly damping: { readonly failovers: number; readonly within: number; readonly holdOff: number };
  };
  readonly failover: {
    /** The bonds whose active slave we change ourselves when it loses its carrier: all, none, or those of these names. */
    readonly onCarrierLoss: boolean | readonly string[];
  };
  readonly guests: {
    readonly sources: {
      readonly fdb: boolean;
      readonly neighbour: boolean;
      readonly hostAddresses: boolean;
      /** By a mirror of tc where that works; 'socket': by a packet socket in any case. */
      readonly snoop: boolean | 'socket';
      readonly libvirt: boolean | 'auto';
      readonly proxmox: boolean | 'auto';
      readonly ovs: boolean | 'auto';
    };
    /** How long a guest that fell silent is remembered. */
    readonly remember: number;
    /** How long a station is announced of which nothing is known but that it was heard leaving. */
    readonly heardFor: number;
    readonly limits: {
      /** How many MAC addresses are held at most. */
      readonly total: number;
      /** How many are learned at most behind one port. */
      readonly perPort: number;
      /** How many IP addresses are kept of one guest in one VLAN. */
      readonly addressesPerGuest: number;
    };
    /** Guests that are never announced: by MAC, by the VLAN they leave with, by the name of their port (globs). */
    readonly exclude: {
      readonly macs: readonly MacPrefix[];
      readonly vlans: readonly number[];
      readonly ports: readonly string[];
    };
    /** Announce the addresses that routers and load balancers share as well. */
    readonly virtualRouterMacs: boolean;
    readonly static: readonly StaticGuest[];
  };
  readonly standby: {
    /** Listen on the links that are not active for which VLANs they carry. */
    readonly watch: boolean;
  };
  readonly metrics: {
    /** Empty for no metrics over HTTP. */
    readonly listen: readonly ListenAddress[];
    /** The file that says who may read the metrics, and how; null: everyone who can reach the address. */
    readonly webConfig: string | null;
    /** Who may see the status page over HTTP: nobody, or who has logged in as a user of `webConfig`. */
    readonly page: 'off' | 'authenticated';
    /** Names by which clients may ask, in lower case, beside addresses and the names of this host and its certificate. */
    readonly names: readonly string[];
    /** Written for the node exporter's textfile collector. */
    readonly textfile: string | null;
  };
  /** In which folders sources are looked for, absolute paths; the first that is there counts. */
  readonly paths: {
    /** Where Open vSwitch keeps its sockets and pid files. */
    readonly ovs: readonly string[];
    /** Where libvirt keeps the status files of running domains. */
    readonly libvirt: readonly string[];
  };
  /** The folder of the state file; made when it is not there. */
  readonly stateDir: string;
}

/** What is announced, when and how fast. */
export type AnnounceConfig = Config['announce'];

/** Whether a setting that is on, off, or a list of bonds, is on for a bond of that name. */
export function isAmong(setting: boolean | readonly string[], bond: string): boolean {
  return typeof setting === 'boolean' ? setting : setting.includes(bond);
}

/** Freezes a value and all that is in it. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}
