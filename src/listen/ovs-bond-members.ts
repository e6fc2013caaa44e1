import { type BondId, isOverlay, isOvsBond } from '../topology/bond-id.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';

/** The members of a bond of Open vSwitch, which is no device itself. */
export interface Members {
  /** Those that are devices of the kernel. */
  readonly devices: readonly number[];
  /** The names of the others: of DPDK, or in another network namespace. */
  readonly elsewhere: readonly string[];
  readonly active: number | null;
}

/** The members of each bond that Open vSwitch keeps, as the host's devices are now. */
export function membersOfOvsBonds(topology: Topology): Map<BondId, Members> {
  const bonds = activeBackupBonds(topology).filter(({ ifindex }) => isOvsBond(ifindex));
  return new Map(
    bonds.map(({ ifindex, slaves, activeSlave }) => [
      ifindex,
      {
        devices: slaves.flatMap((slave) => (isOverlay(slave.ifindex) ? [] : [slave.ifindex])).sort((a, b) => a - b),
        elsewhere: slaves.flatMap((slave) => (isOverlay(slave.ifindex) ? [slave.name] : [])).sort(),
        active: activeSlave?.ifindex ?? null,
      },
    ]),
  );
}

/** Whether both are heard by the same devices. */
export function sameDevices(one: Members, other: Members | undefined): boolean {
  return other !== undefined && all(one).join() === all(other).join();
}

function all({ devices, elsewhere }: Members): (number | string)[] {
  return [...devices, ...elsewhere];
}
