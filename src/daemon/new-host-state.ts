import { type Config, VIRTUAL_ROUTER_MACS } from '../config/defaults.js';
import { HostState } from '../guests/host-state.js';

/** An empty picture of the host, to be filled from the kernel. */
export function newHostState({ guests }: Config): HostState {
  return new HostState({ ...guests, virtualRouters: guests.virtualRouterMacs ? [] : VIRTUAL_ROUTER_MACS });
}
