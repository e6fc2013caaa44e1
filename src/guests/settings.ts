import type { MacPrefix } from '../addr/mac-prefix.js';
import type { Config } from '../config/config.js';
import { VIRTUAL_ROUTER_MACS } from '../config/constants.js';

/** Who counts as a guest, and how much of them is kept. */
export interface GuestSettings extends Pick<Config['guests'], 'limits' | 'remember' | 'exclude' | 'static'> {
  readonly sources: {
    /** Whether guests are learned from forwarding databases. That one left is always learned from there. */
    readonly fdb: boolean;
    /** Whether the neighbour tables confirm addresses. */
    readonly neighbour: boolean;
    /** Whether the host's own addresses are announced. */
    readonly hostAddresses: boolean;
    /** Whether the bonds are listened on. */
    readonly snoop: boolean;
  };
  /** Addresses that several machines share, and that are not announced for that. */
  readonly virtualRouters: readonly MacPrefix[];
}

/** Who counts as a guest, as the configuration says. */
export function guestSettings({ guests }: Pick<Config, 'guests'>): GuestSettings {
  return { ...guests, virtualRouters: guests.virtualRouterMacs ? [] : VIRTUAL_ROUTER_MACS };
}
