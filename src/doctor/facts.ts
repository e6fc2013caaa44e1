import type { AnnounceConfig } from '../config/config.js';
import type { GuestDescription, LimitDescription } from '../guests/description.js';
import type { VlanInstance, VlanRange } from '../kernel/events.js';
import type { Hearing } from '../sources/hearing.js';
import type { OvsConfig } from '../sources/ovs/config.js';
import type { StandbyBond } from '../standby/report.js';
import type { VlanState } from '../topology/bridge-port.js';

/** How a bond is set up (Documentation/networking/bonding.rst); times in milliseconds. */
export interface BondOptions {
  readonly miimon: number;
  readonly updelay: number;
  readonly downdelay: number;
  readonly arpInterval: number;
  readonly arpValidate: string;
  /** The slave that it goes back to; null: it stays where it is. */
  readonly primary: string | null;
  readonly primaryReselect: string;
  readonly allSlavesActive: boolean;
  readonly numGratArp: number;
  readonly failOverMac: string;
}

/** A bond's link. */
export interface SlaveFacts {
  readonly name: string;
  readonly up: boolean;
  readonly carrier: boolean;
  /** What the bond itself holds of it: up, down, or `going` (down, or back); null: it cannot be read. */
  readonly status: string | null;
  /** Whether a switch spoke spanning tree on it; null: nobody listened. */
  readonly bpdus: boolean | null;
}

/** A bond that the configuration does not leave alone. */
export interface BondFacts {
  readonly name: string;
  /** In the words of bonding.rst, such as active-backup. */
  readonly mode: string;
  /** null: they cannot be read. */
  readonly options: BondOptions | null;
  readonly slaves: readonly SlaveFacts[];
  /** Whether the configuration has its active slave changed at the loss of carrier (failover.onCarrierLoss). */
  readonly onCarrierLoss: boolean;
  /** How far apart the ticks of this kernel are, at which it looks at links, in milliseconds: 1000 / CONFIG_HZ. */
  readonly tick: number;
  /** The number of aggregators that its links are in, with LACP; else 0. */
  readonly aggregators: number;
  /** Whether bridges or macvlans are above it. */
  readonly hasGuests: boolean;
  /** Whether the host has addresses on it, or on VLAN devices above it: those the kernel itself announces. */
  readonly hasAddresses: boolean;
}

/** A bridge's port that is a bond, or a VLAN device on one. */
export interface UplinkFacts {
  readonly name: string;
  readonly bond: string;
  /** The VLANs of the devices between bond and port, the outermost first. */
  readonly tags: readonly number[];
  /** Those that it is a member of; null: the bridge knows no VLANs. */
  readonly vlans: readonly VlanRange[] | null;
  readonly carrier: boolean;
  /** BR_STATE_* of linux/if_bridge.h; null: not told. */
  readonly state: number | null;
  /** VLANs of it that have a state of their own. */
  readonly states: readonly VlanState[];
  /** null: it cannot be read. */
  readonly learning: boolean | null;
}

/** A bridge of the kernel whose guests leave by a watched bond. */
export interface BridgeFacts {
  readonly name: string;
  /** After how many seconds it forgets a MAC that it does not hear any more; null: it does not tell, or not now. */
  readonly ageing: number | null;
  readonly mac: string | null;
  /** Whether somebody has given it its MAC, so that it keeps it; null: it cannot be read. */
  readonly macPinned: boolean | null;
  /** Who runs spanning tree on it; null: it cannot be read. */
  readonly spanningTree: 'off' | 'kernel' | 'user' | null;
  /** Whether the state of a VLAN alone decides, and no more that of the port. */
  readonly mst: boolean;
  /** In which instance of spanning tree its VLANs are; those that are missing are in none, or it cannot be read. */
  readonly instances: readonly VlanInstance[];
  /** How many MACs it has learned, and may at most; null: without a limit. */
  readonly learned: { readonly held: number; readonly most: number } | null;
  readonly uplinks: readonly UplinkFacts[];
}

/** A bridge's port. */
export interface PortFacts {
  readonly bridge: string;
  /** The VLAN that its untagged frames are in. */
  readonly pvid: number | null;
}

/** Who is behind the bonds, as far as the daemon, or the kernel where none runs, can tell. */
export interface GuestFacts {
  readonly bonds: readonly { readonly bond: string; readonly guests: readonly GuestDescription[] }[];
  /** The limits that are met, and who is not announced for that. */
  readonly limits: readonly LimitDescription[];
  /** How many there are; more than those above where only some were worth a look. */
  readonly count: number;
  /** Where the ports of bridges are, by their names. */
  readonly ports: ReadonlyMap<string, PortFacts>;
  /** How many devices the host has. */
  readonly devices: number;
}

/** A running process. */
export interface RunningFacts {
  readonly pid: number;
  /** Its systemd unit; null: none, or not known. */
  readonly unit: string | null;
  /** What it was started with. */
  readonly argv: readonly string[];
}

/** What the daemon may do. */
export interface DaemonFacts {
  /** null: none runs, so this is about whoever asks. */
  readonly running: RunningFacts | null;
  /** The effective ones, such as CAP_NET_RAW. */
  readonly capabilities: ReadonlySet<string>;
  /** RLIMIT_RTPRIO. */
  readonly realtimePriority: number;
  /** RLIMIT_MEMLOCK in bytes. */
  readonly lockedMemory: number;
  /** How many bytes of ready-made frames a bond has. */
  readonly frameBytes: number;
  /** net.core.rmem_max in bytes; null: it cannot be read, or does not matter. */
  readonly receiveLimit: number | null;
}

/** A process that sends by bonds and never receives, as we do. */
export interface AnnouncerFacts extends RunningFacts {
  readonly bonds: readonly string[];
}

/** What Open vSwitch tells of itself. */
export interface OvsFacts {
  readonly config: OvsConfig;
  /** By the UUID of the bridge, how many MACs its table holds. */
  readonly macs: ReadonlyMap<string, number>;
}

/** A source that is not found where it was looked for. */
export interface HiddenSource {
  /** What shows that it is here, in a few words. */
  readonly sign: string;
  readonly folders: readonly string[];
}

/** What of this host decides how the next failover goes. */
export interface Facts {
  readonly bonds: readonly BondFacts[];
  readonly bridges: readonly BridgeFacts[];
  readonly guests: GuestFacts;
  /** null: it cannot be read. */
  readonly daemon: DaemonFacts | null;
  /** What is announced, when and how fast. */
  readonly announce: AnnounceConfig;
  /** Processes beside the daemon. */
  readonly announcers: readonly AnnouncerFacts[];
  /** Whether a process announces here: the daemon, or one that cannot be asked. */
  readonly isAnnounced: boolean;
  /** The active-backup bonds of this host, of the kernel and of Open vSwitch. */
  readonly activeBackup: readonly string[];
  /** The bonds that the configuration names; `auto`: all. */
  readonly wantedBonds: readonly string[] | 'auto';
  /** Those that it names in failover.onCarrierLoss. */
  readonly switchedBonds: readonly string[];
  /** null: none here, not wanted, or it can be read; a text: why it cannot. */
  readonly libvirt: string | null;
  readonly proxmox: string | null;
  /** The macvtaps of guests on which the host has IPv6, so that its kernel speaks by them. */
  readonly speakingMacvtaps: readonly string[];
  /** What shows that a source is here that is wanted, and whose folder is not found; null: nothing does. */
  readonly hidden: { readonly ovs: HiddenSource | null; readonly libvirt: HiddenSource | null };
  /** How the daemon hears what leaves by a bond, by the name of the bond; of a bond that it does not announce, nothing. */
  readonly hearings: ReadonlyMap<string, Hearing>;
  /** What the links of each bond carry that are not active; empty without a daemon. */
  readonly standby: readonly StandbyBond[];
  /** null: there is none here; a text: why it cannot be read. */
  readonly ovs: OvsFacts | string | null;
}
