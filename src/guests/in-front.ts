import type { Heard } from '../sources/snoop.js';
import type { BondId } from '../topology/bond-id.js';
import { bondsInFront } from '../topology/bonds-in-front.js';
import type { Parts } from './learned.js';

/**
 * The bonds in front of an exit by which a frame passed that was heard there: on its way out, where the bridge of such a
 * bond has the sender on another port; on its way in, where the member that brings it is the active one, because Open
 * vSwitch drops what comes by another.
 */
export function passedInFront(
  { topology, table, memory }: Pick<Parts, 'topology' | 'table' | 'memory'>,
  bond: BondId,
  { mac, tags, direction }: Heard,
): BondId[] {
  const fronts = bondsInFront(topology, { bond, tags });
  if (fronts.length === 0) return [];
  const rows = [...table.sightings(mac), ...memory.of(mac).map(({ sighting }) => sighting)];
  return fronts.flatMap(({ bond: front, member }) => {
    const link = topology.link(front);
    const isBehind = rows.some(({ bridge, device }) => bridge === link?.master && device !== front);
    const isActive = link?.details.type === 'bond' && link.details.activeSlave === member;
    return (direction === 'out' ? isBehind : isActive) ? [front] : [];
  });
}
