import { until } from '../../support/until.js';
import { ip } from './ip.js';
import type { Lab } from './lab.js';

/** Makes the hypervisor's bridge forget whoever is silent, and waits until it has. */
export async function ageOut(lab: Lab, ...macs: string[]): Promise<void> {
  await ip('hv', ['link set br0 type bridge ageing_time 100']); // in 1/100 s
  const gone = async (): Promise<boolean> => {
    const known = await lab.learned('hv');
    return macs.every((mac) => !known.has(mac));
  };
  await until(gone, { what: 'the bridge has forgotten the silent guests' });
  await ip('hv', ['link set br0 type bridge ageing_time 30000']);
}
