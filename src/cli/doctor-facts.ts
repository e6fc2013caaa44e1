import type { Config } from '../config/config.js';
import { type LiveHost, readHost } from '../daemon/read-host.js';
import type { BridgeFacts, Facts } from '../doctor/facts.js';
import { readBridgeAgeing } from '../sys/bridge-settings.js';
import { systemClock } from '../sys/clock.js';
import { activeBackupBonds } from '../topology/bonds.js';
import { exitsOfDevice } from '../topology/exits.js';
import type { Topology } from '../topology/topology.js';

/**
 * Reads what the doctor wants to know of this host.
 * @throws NetlinkRequestError when the kernel does not answer
 */
export async function readFacts(config: Config): Promise<Facts> {
  const live = await readHost(config, systemClock);
  try {
    return { bridges: await readBridges(live.host.topology), ovs: ovsFacts(live) };
  } finally {
    live.close();
  }
}

function ovsFacts({ ovs, ovsTrouble }: LiveHost): Facts['ovs'] {
  if (ovsTrouble !== null) return ovsTrouble;
  const config = ovs.knowledge.config();
  return config && { config, macs: ovs.tableSizes };
}

/** The bridges of the kernel whose guests leave by a watched bond. */
function readBridges(topology: Topology): Promise<BridgeFacts[]> {
  const bonds = new Set(activeBackupBonds(topology).map(({ ifindex }) => ifindex));
  const names = [...topology.allLinks()]
    .filter(({ details, ifindex }) => details.type === 'bridge' && ifindex > 0)
    .filter(({ ifindex }) => exitsOfDevice(topology, ifindex).some(({ bond }) => bonds.has(bond)))
    .map(({ name }) => name);
  return Promise.all(names.map(async (name) => ({ name, ageing: await readBridgeAgeing(name) })));
}
