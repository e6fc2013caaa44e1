import type { TestContext } from 'node:test';
import { ask } from '../../../src/cli/ask.js';
import { until } from '../../support/until.js';
import { type Daemon, labWithDaemon, ONE_ROUND } from '../net/daemon.js';
import { type Hypervisor, plainBridge } from '../net/hypervisor.js';
import type { Lab } from '../net/lab.js';
import { Libvirt } from './libvirtd.js';

/** A hypervisor with libvirt, the daemon, and one guest of no libvirt that both switches know: the witness. */
export interface Scene {
  readonly lab: Lab;
  readonly daemon: Daemon;
  readonly libvirt: Libvirt;
}

/** Builds it. @param attach how the bond is used; a plain bridge by default. The witness is its only guest. */
export async function sceneFor(t: TestContext, attach: (hv: Hypervisor) => void = plainBridge(1)): Promise<Scene> {
  const { lab, daemon } = await labWithDaemon(t, { attach, config: ONE_ROUND });
  const libvirt = await Libvirt.start(lab);
  return { lab, daemon, libvirt };
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
