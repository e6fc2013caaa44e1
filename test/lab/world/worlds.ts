import { fileURLToPath } from 'node:url';
import { directWorks, runDirect } from './direct.js';
import { SUITES } from './kernel.js';
import { bootService } from './service.js';
import { bootSmp2 } from './smp2.js';
import type { World } from './types.js';
import { bootUml } from './uml.js';

/** The places a lab test can run in. */
export const WORLDS = {
  uml: bootUml,
  direct: runDirect,
  smp2: bootSmp2,
  service: bootService,
} as const satisfies Record<string, World>;

export type WorldName = keyof typeof WORLDS;

/** Kernels that only the emulator boots: their releases have no User Mode Linux of that version. */
export const EMULATED: readonly string[] = Object.keys(SUITES);

/** The world in which a kernel is booted; null: that of this machine. */
export function worldOf(kernel: string | null): WorldName {
  if (kernel === null) return bestWorld();
  return EMULATED.includes(kernel) ? 'smp2' : 'uml';
}

/** User Mode Linux in a Debian that scripts/kernel-root.sh made, or the emulator with a kernel that it fetches. */
export function withKernel(version: string): World {
  if (EMULATED.includes(version)) return (run) => bootSmp2({ ...run, kernel: version });
  const root = fileURLToPath(new URL(`../../../../.lab/uml-${version}/root`, import.meta.url));
  return (run) => bootUml({ ...run, root });
}

/** This machine's own kernel if it can make a bond for us, which is quicker and has all its CPUs; else another one. */
export function bestWorld(): WorldName {
  return directWorks() ? 'direct' : 'uml';
}
