import type { Mac } from '../addr/mac.js';

/** Where we learn of guests. Closed set: it is a label of metrics. */
export type Source = 'fdb' | 'macvlan' | 'static';

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
}

/** Why a source's row is no sighting. Closed set: it is a label of metrics. */
export type IgnoreReason = 'local' | 'device-row' | 'group-address' | 'zero-address';
