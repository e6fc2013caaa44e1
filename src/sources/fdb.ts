import { isGroupMac, ZERO_MAC } from '../addr/mac.js';
import { NTF_SELF, NUD_PERMANENT } from '../kernel/constants.js';
import type { FdbEvent } from '../kernel/events.js';
import type { IgnoreReason, Sighting } from './sighting.js';

/**
 * What a row of a bridge's forwarding database says of a guest. Learned rows and static ones (NUD_NOARP) count;
 * NUD_PERMANENT is the kernel's mark for the host's own addresses (net/bridge/br_fdb.c:fdb_to_nud).
 * @returns the sighting, or why there is none. Rows of uplinks are sightings too: they say that a MAC is elsewhere.
 */
export function readFdb({ mac, port, bridge, vlan, state, flags }: FdbEvent): Sighting | IgnoreReason {
  if (bridge === null || flags & NTF_SELF) return 'device-row';
  if (state & NUD_PERMANENT) return 'local';
  if (isGroupMac(mac)) return 'group-address';
  if (mac === ZERO_MAC) return 'zero-address';
  return { source: 'fdb', mac, device: port, bridge, vlan };
}
