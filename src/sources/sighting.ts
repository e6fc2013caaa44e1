import type { Mac } from '../addr/mac.js';
import type { VlanSet } from './vlan-set.js';

/** Where we learn of guests. Closed set: it is a label of metrics. */
export type Source = 'fdb' | 'heard' | 'host' | 'libvirt' | 'macvlan' | 'manual' | 'ovs' | 'proxmox' | 'static';

/** One source says that a MAC is behind a device. */
export interface Sighting {
  readonly source: Source;
  readonly mac: Mac;
  /** The device through which the MAC's frames enter the host's network: a bridge port, or the macvlan itself. */
  readonly device: number;
  /** The bridge that learned it; null for a macvlan. */
  readonly bridge: number | null;
  /** The bridge's VLAN; null where the bridge knows none. */
  readonly vlan: number | null;
  /** The administrator has put the row there (NUD_NOARP): that the MAC speaks there, it does not say. */
  readonly fixed?: true;
  /** For one that stands for such rows of its port in too many VLANs (static-rows.ts): those. */
  readonly vlans?: VlanSet;
}

/** Why a source's row is no sighting. Closed set: it is a label of metrics. */
export type IgnoreReason =
  | 'local'
  | 'device-row'
  | 'group-address'
  | 'zero-address'
  /** A row of a locked port, which drops the MAC's frames until someone has let it in. */
  | 'locked'
  /** An interface that the hypervisor's network never sees: hardware passed through, or a switch in user space. */
  | 'bypasses-host'
  /** An interface that has no device on the host yet. */
  | 'no-device'
  /** An interface whose cable the administrator has pulled. */
  | 'unplugged';
