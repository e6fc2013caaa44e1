import { mkdirSync, writeFileSync } from 'node:fs';
import { ask } from '../../../src/cli/ask.js';
import { until } from '../../support/until.js';
import { BONDHERALD, Daemon, ONE_ROUND, SCRATCH } from '../net/daemon.js';
import { type Hypervisor, plainBridge } from '../net/hypervisor.js';
import { Lab } from '../net/lab.js';
import { Libvirt } from './libvirtd.js';

/** A hypervisor with libvirt, the daemon, and one guest of no libvirt that both switches know: the witness. */
export interface Scene {
  readonly lab: Lab;
  readonly daemon: Daemon;
  readonly libvirt: Libvirt;
}

/** Builds it; it goes with its lab. @param attach how the bond is used; a plain bridge by default. The witness is its only guest. */
export async function buildScene(attach: (hv: Hypervisor) => void = plainBridge(1)): Promise<Scene> {
  const lab = await Lab.build({ attach });
  try {
    const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', config()]);
    lab.onDestroy(() => daemon.stop());
    return { lab, daemon, libvirt: await Libvirt.start(lab) };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}

/** Many failovers are to be announced, by one round each. @returns its path */
function config(): string {
  mkdirSync(SCRATCH, { recursive: true });
  writeFileSync(`${SCRATCH}/config.yaml`, ONE_ROUND);
  return `${SCRATCH}/config.yaml`;
}

/** What `guests --json` says of those that libvirt names or knows, each as `NAME MAC VLAN SOURCE`, with the reason if it is not announced. Sorted. */
export async function told(): Promise<string[]> {
  const { result } = await ask({ op: 'guests', bond: null });
  return result.bonds
    .flatMap(({ guests }) => guests)
    .filter(({ guest, source }) => guest !== null || source === 'libvirt')
    .map(({ guest, mac, vlan, source, reason }) => [guest, mac, vlan ?? '-', source, reason ?? ''].join(' ').trim())
    .sort();
}

/** Waits until it says exactly that. */
export async function untilTold(...wanted: readonly string[]): Promise<void> {
  let last: string[] = [];
  const look = async (): Promise<boolean> => {
    last = await told();
    return last.join('\n') === [...wanted].sort().join('\n');
  };
  await until(look, { what: `told: ${wanted.join(', ')}`, every: 50 }).catch((error: unknown) => {
    throw new Error(`${String(error)}; it tells ${last.join(', ')}`);
  });
}
