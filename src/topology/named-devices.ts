import type { LinkEvent } from '../kernel/events.js';
import { inOneAggregator } from './aggregators.js';
import { asBond, type BondId } from './bond-id.js';
import { servedBonds } from './bonds.js';
import type { Failover } from './failover.js';
import type { Topology } from './topology.js';

/** A device, by both of its names: either may come to mean another device while nobody looks. */
export type NamedDevice = Pick<LinkEvent, 'ifindex' | 'name'>;

/** An active-backup bond and the slave that carried its traffic. */
export interface BondSnapshot extends NamedDevice {
  readonly activeSlave: NamedDevice | null;
}

/** The active-backup bonds as they stand. */
export function snapshotBonds(topology: Topology): BondSnapshot[] {
  return servedBonds(topology).map(({ ifindex, name, activeSlave }) => ({
    ifindex,
    name,
    activeSlave: activeSlave && { ifindex: activeSlave.ifindex, name: activeSlave.name },
  }));
}

/** A device under both of its names, as it is now; null where it is not there. */
export function nameDevice(topology: Topology, ifindex: number | null): NamedDevice | null {
  const link = topology.link(ifindex);
  return link ? { ifindex: link.ifindex, name: link.name } : null;
}

/** Whether the device is still there under the same index and the same name. */
export function stands(topology: Topology, { ifindex, name }: NamedDevice): boolean {
  return topology.link(ifindex)?.name === name;
}

/** The bond of then, or the one that was made anew under its name; null where there is neither. */
export function bondNow(topology: Topology, { ifindex, name }: NamedDevice): BondId | null {
  const link = topology.link(ifindex);
  if (link) return link.name === name ? asBond(ifindex) : null;
  const anew = topology.linkByName(name);
  return anew?.details.type === 'bond' ? asBond(anew.ifindex) : null;
}

/**
 * The bonds whose traffic another slave carries now than then, and those that were made anew. A bond that is new, or has
 * no slave that works, is none.
 */
export function missedFailovers(topology: Topology, before: readonly BondSnapshot[]): Failover[] {
  return servedBonds(topology).flatMap(({ ifindex, name, activeSlave: now }) => {
    const held = before.find((bond) => bond.name === name && bondNow(topology, bond) === ifindex);
    if (!held || !now || !topology.link(ifindex)?.lowerUp) return [];
    const then = held.ifindex === ifindex && held.activeSlave ? topology.link(held.activeSlave.ifindex) : undefined;
    const same = then?.name === held.activeSlave?.name && then && (then === now || inOneAggregator(then, now));
    return same ? [] : [{ bond: ifindex, slave: now.ifindex }];
  });
}
