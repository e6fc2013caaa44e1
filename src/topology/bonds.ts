import { UsageError } from '../errors.js';
import { BOND_MODE_ACTIVEBACKUP } from '../kernel/constants.js';
import type { BondDetails, LinkEvent } from '../kernel/events.js';
import { activeMembers, hasSeveralAggregators } from './aggregators.js';
import { asBond, type BondId } from './bond-id.js';
import type { Topology } from './topology.js';

/** A bond of which one link, or one aggregator of links, takes over from another: guests move between ports of switches. */
export interface Bond {
  readonly ifindex: BondId;
  readonly name: string;
  /** The slave that carries the traffic, the first of them with LACP; null when there is none. */
  readonly activeSlave: LinkEvent | null;
  /** Whether its mode is active-backup. */
  readonly isActiveBackup: boolean;
  /** The slaves that carry the traffic. */
  readonly active: readonly LinkEvent[];
  readonly slaves: readonly LinkEvent[];
  /**
   * The mode of a bond that Open vSwitch keeps; null for one of the kernel's. It cannot be sent on: frames enter its
   * bridge as each verdict's `entry` says.
   */
  readonly ovs: 'active-backup' | 'balance-slb' | null;
}

const SERVED = 'active-backup bonds, and 802.3ad bonds with several aggregators,';

/** The kernel's names of the bonding modes (Documentation/networking/bonding.rst), by number. */
const MODES = ['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb'];

/** The bonding mode of a device by its name in bonding.rst, or null when the device is no bond. */
export function bondMode({ details }: LinkEvent): string | null {
  return details.type === 'bond' ? (MODES[details.mode] ?? `mode ${details.mode}`) : null;
}

/** The bonds of the host that are to be watched, in order of their names: active-backup ones, and those of LACP that move guests. */
export function servedBonds(topology: Topology): Bond[] {
  const bonds: Bond[] = [];
  for (const link of topology.allLinks()) {
    const { details, ifindex, name } = link;
    if (details.type !== 'bond' || !topology.watches(name)) continue;
    const slaves = topology.slavesOf(ifindex);
    const active = activeSlaves(topology, details, slaves);
    if (active === null) continue;
    const ovs = details.ovs === 'balance-slb' || details.ovs === 'active-backup' ? details.ovs : null;
    const isActiveBackup = details.mode === BOND_MODE_ACTIVEBACKUP;
    bonds.push({ ifindex: asBond(ifindex), name, isActiveBackup, activeSlave: active[0] ?? null, active, slaves, ovs });
  }
  return bonds.sort((a, b) => a.name.localeCompare(b.name));
}

/** @returns null for a bond whose guests do not move */
function activeSlaves(
  topology: Topology,
  details: BondDetails,
  slaves: readonly LinkEvent[],
): readonly LinkEvent[] | null {
  if (details.mode === BOND_MODE_ACTIVEBACKUP) return [topology.link(details.activeSlave) ?? []].flat();
  return hasSeveralAggregators(details, slaves) ? activeMembers(details, slaves) : null;
}

/**
 * The links of a bond that are not active and hear what floods to them all the same. With LACP there are none: a switch
 * sends nothing to a port that is not in use, and what floods to an aggregator comes by one of its links.
 */
export function standbyLinks({ isActiveBackup, activeSlave, slaves }: Bond): readonly LinkEvent[] {
  return isActiveBackup ? slaves.filter(({ ifindex }) => ifindex !== activeSlave?.ifindex) : [];
}

/** The slave that carries a bond's traffic now; null when none does, or there is no such bond. */
export function activeSlaveOf(topology: Topology, bond: BondId): number | null {
  return servedBonds(topology).find(({ ifindex }) => ifindex === bond)?.activeSlave?.ifindex ?? null;
}

/** The name of a device, or what stands for it where the device is gone. */
export function deviceName(topology: Topology, ifindex: number): string {
  return topology.link(ifindex)?.name ?? `device ${ifindex}`;
}

/**
 * The active-backup bond of that name; of an empty one, which nobody has, it is said which there are.
 * @throws UsageError when there is no such bond, or it is none that fails over
 */
export function findBond(topology: Topology, name: string): Bond {
  const bonds = servedBonds(topology);
  const bond = bonds.find((candidate) => candidate.name === name);
  if (bond) return bond;
  const names = bonds.map((candidate) => candidate.name).join(', ');
  const hint = names ? `the active-backup bonds of this host: ${names}` : 'this host has no active-backup bond';
  if (name === '') throw new UsageError(`name a bond; ${hint}`);
  const link = topology.linkByName(name);
  if (!link) throw new UsageError(`${name}: no such device; ${hint}`);
  const mode = bondMode(link);
  if (mode === null) throw new UsageError(`${name} is not a bond; ${hint}`);
  if (!topology.watches(name)) throw new UsageError(`${name} is not listed under bonds in the configuration; ${hint}`);
  throw new UsageError(`${name} is a bond in mode ${mode}; only ${SERVED} are announced; ${hint}`);
}
