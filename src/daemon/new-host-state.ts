import type { Config } from '../config/config.js';
import { VIRTUAL_ROUTER_MACS } from '../config/constants.js';
import { HostState } from '../guests/host-state.js';

/** An empty picture of the host, to be filled from the kernel. */
export function newHostState({ bonds, guests }: Config): HostState {
  const virtualRouters = guests.virtualRouterMacs ? [] : VIRTUAL_ROUTER_MACS;
  const host = new HostState({ ...guests, virtualRouters });
  if (bonds !== 'auto') host.topology.watchOnly(bonds);
  return host;
}
