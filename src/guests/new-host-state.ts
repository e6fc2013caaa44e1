import type { Config } from '../config/config.js';
import { VIRTUAL_ROUTER_MACS } from '../config/constants.js';
import { HostState } from './host-state.js';
import type { GuestSettings } from './settings.js';

/** An empty picture of the host, to be filled from the kernel. */
export function newHostState(config: Config): HostState {
  const host = new HostState(guestSettings(config));
  host.topology.watchOnly(config.bonds);
  return host;
}

/** Who counts as a guest, as the configuration says. */
export function guestSettings({ guests }: Pick<Config, 'guests'>): GuestSettings {
  return { ...guests, virtualRouters: guests.virtualRouterMacs ? [] : VIRTUAL_ROUTER_MACS };
}
