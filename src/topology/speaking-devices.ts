import type { Mac } from '../addr/mac.js';
import { exitKey } from '../frames/ethernet.js';
import type { Exit } from './bond-id.js';
import { exitsOfDevice } from './exits.js';
import type { Topology } from './topology.js';

/** Whether frames that a device sends leave by an exit. */
export function leadsOut(topology: Topology, device: number, exit: Exit): boolean {
  const key = exitKey(exit);
  return exitsOfDevice(topology, device).some((each) => exitKey(each) === key);
}

/** The devices of this host with a MAC whose frames leave by an exit. */
export function speakingDevices(topology: Topology, mac: Mac, exit: Exit): readonly number[] {
  const devices = devicesByMac(topology).get(mac);
  if (!devices) return []; // of whoever has no device here nothing is kept
  return topology.memo(`speaking ${mac} ${exitKey(exit)}`, () =>
    devices.filter((device) => leadsOut(topology, device, exit)),
  );
}

function devicesByMac(topology: Topology): ReadonlyMap<Mac, readonly number[]> {
  return topology.memo('devices by MAC', () => {
    const devices = new Map<Mac, number[]>();
    for (const { address, ifindex } of topology.allLinks()) {
      if (address !== null) devices.set(address, [...(devices.get(address) ?? []), ifindex]);
    }
    return devices;
  });
}
