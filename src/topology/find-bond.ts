import { UsageError } from '../errors.js';
import { activeBackupBonds, type Bond, bondMode } from './bonds.js';
import type { Topology } from './topology.js';

/**
 * The active-backup bond of that name.
 * @throws UsageError when there is no such bond, or it is none that fails over
 */
export function findBond(topology: Topology, name: string): Bond {
  const bonds = activeBackupBonds(topology);
  const bond = bonds.find((candidate) => candidate.name === name);
  if (bond) return bond;
  const names = bonds.map((candidate) => candidate.name).join(', ');
  const hint = names ? `the active-backup bonds of this host: ${names}` : 'this host has no active-backup bond';
  const link = topology.linkByName(name);
  if (!link) throw new UsageError(`${name}: no such device; ${hint}`);
  const mode = bondMode(link);
  if (mode === null) throw new UsageError(`${name} is not a bond; ${hint}`);
  if (!topology.watches(name)) throw new UsageError(`${name} is not listed under bonds in the configuration; ${hint}`);
  throw new UsageError(`${name} is a bond in mode ${mode}; only active-backup bonds are announced; ${hint}`);
}
