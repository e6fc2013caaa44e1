import { directWorks, runDirect } from './direct.js';
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

/** This machine's own kernel if it can make a bond for us, which is quicker and has all its CPUs; else another one. */
export function bestWorld(): WorldName {
  return directWorks() ? 'direct' : 'uml';
}
