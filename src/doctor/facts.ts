import type { OvsConfig } from '../sources/ovs/config.js';

/** A bridge of the kernel that has a watched bond as a port. */
export interface BridgeFacts {
  readonly name: string;
  /** After how many seconds it forgets a MAC that it does not hear any more; null: it does not tell. */
  readonly ageing: number | null;
}

/** What Open vSwitch tells of itself. */
export interface OvsFacts {
  readonly config: OvsConfig;
  /** By the UUID of the bridge, how many MACs its table holds. */
  readonly macs: ReadonlyMap<string, number>;
}

/** What of this host decides how the next failover goes. */
export interface Facts {
  readonly bridges: readonly BridgeFacts[];
  /** null: there is none here; a text: why it cannot be read. */
  readonly ovs: OvsFacts | string | null;
}
