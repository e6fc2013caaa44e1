import { fileURLToPath } from 'node:url';
import { makeNestedGuest } from './nested-guest.js';
import type { World, WorldResult } from './types.js';
import { bootUml, missing } from './uml.js';

/** The memory of a machine in which others run. */
const MEMORY_MIB = 1536;

/**
 * A Debian that scripts/libvirt-root.sh made, in User Mode Linux, with room for guests.
 * @param version of its libvirt, for example 11.3
 */
export function withLibvirt(version: string): World {
  const root = fileURLToPath(new URL(`../../../../.lab/libvirt-${version}/root`, import.meta.url));
  return async (run): Promise<WorldResult> => {
    try {
      makeNestedGuest();
    } catch (error) {
      return missing(error instanceof Error ? error.message : String(error));
    }
    return bootUml({ ...run, root, memory: MEMORY_MIB });
  };
}
