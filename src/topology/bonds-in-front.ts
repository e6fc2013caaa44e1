import { exitKey } from '../frames/ethernet.js';
import { otherKind } from '../kernel/link.js';
import { asBond, type BondId, type Exit, isOvsBond } from './bond-id.js';
import { exitsOfCable } from './exits.js';
import type { Topology } from './topology.js';

/** A bond, and the member of it that leads to another. */
interface Front {
  readonly bond: BondId;
  readonly member: number;
}

/**
 * The bonds of Open vSwitch in front of an exit: members of theirs are patch ports to bridges that it is an exit of. What
 * leaves by such a bond cannot be heard on its members, but on the bonds beyond. Where tags change on the way, none is
 * found.
 */
export function bondsInFront(topology: Topology, exit: Exit): readonly Front[] {
  const joined = topology.memo('bonds of cables', () => cabledMembers(topology));
  if (joined.length === 0) return joined;
  const key = exitKey(exit);
  return topology.memo(`in front ${key}`, () =>
    joined.filter(({ member }) => exitsOfCable(topology, member, exit.tags).some((each) => exitKey(each) === key)),
  );
}

/** The bonds beyond one of Open vSwitch, by which frames with these tags leave that are sent on it. */
export function bondsBeyond(topology: Topology, { bond, tags }: Exit): readonly BondId[] {
  const members = topology.memo('bonds of cables', () => cabledMembers(topology)).filter((each) => each.bond === bond);
  if (members.length === 0) return [];
  return topology.memo(`beyond ${exitKey({ bond, tags })}`, () => [
    ...new Set(members.flatMap(({ member }) => exitsOfCable(topology, member, tags).map((exit) => exit.bond))),
  ]);
}

function cabledMembers(topology: Topology): readonly Front[] {
  const bonds = [...topology.allLinks()]
    .filter(({ details }) => details.type === 'bond')
    .map(({ ifindex }) => asBond(ifindex));
  return bonds.filter(isOvsBond).flatMap((bond) =>
    topology
      .slavesOf(bond)
      .filter((member) => otherKind(member) === 'patch' && member.lower !== null)
      .map(({ ifindex: member }) => ({ bond, member })),
  );
}
