import type { Sighting } from '../sources/sighting.js';
import { MAX_STATIC_VLANS } from '../sources/static-rows.js';
import type { VlanSet } from '../sources/vlan-set.js';
import { type Exit, isWithin } from './bond-id.js';
import { pvidOf } from './bridge-port.js';
import { leadsStraightOut } from './guest-port.js';
import { portFacts } from './port-facts.js';
import type { Topology } from './topology.js';

/** An exit at which a MAC was heard leaving last at `out`; -Infinity for never. */
type HeardExit = Exit & { readonly out: number };

/**
 * The rows of a MAC that say where it speaks. Of static ones in too many VLANs of a port these are the one in the port's
 * PVID, and those in whose VLANs the MAC was heard leaving.
 * @param heard at which exits the MAC was heard
 */
export function spokenRows(
  topology: Topology,
  sightings: readonly Sighting[],
  heard: readonly HeardExit[],
): readonly Sighting[] {
  if (sightings.every(({ vlans }) => vlans === undefined)) return sightings;
  const left = heard.filter(({ out }) => out > -Infinity);
  return sightings.flatMap((each) => (each.vlans ? rowsOf(topology, each, each.vlans, left) : [each]));
}

function rowsOf(topology: Topology, all: Sighting, vlans: VlanSet, left: readonly HeardExit[]): Sighting[] {
  const { source, mac, device, bridge } = all;
  const own = pvidOf(topology.port(device));
  const vids = new Set(own === null ? [] : [own]);
  for (const { tags } of left) for (const { vid } of tags) vids.add(vid);
  if (left.length > 0) for (const vid of untaggedOutside(topology, bridge)) vids.add(vid);
  const leads = (row: Sighting): boolean =>
    portFacts(topology, row).exits.some((exit) => left.some((heard) => isWithin(exit, heard)));
  return [...vids]
    .filter((vid) => vlans.size === 0 || vlans.has(vid)) // none is left of rows that went
    .map((vlan): Sighting => ({ source, mac, device, bridge, vlan, fixed: true }))
    .filter((row) => row.vlan === own || leads(row));
}

/** The VLANs whose frames leave a bridge without its tag, by a port that leads straight out. */
function untaggedOutside(topology: Topology, bridge: number | null): readonly number[] {
  return topology.memo(`untagged outside ${bridge}`, () => {
    const ports = topology.slavesOf(bridge ?? 0).filter(({ ifindex }) => leadsStraightOut(topology, ifindex));
    const ranges = ports.flatMap(({ ifindex }) => topology.port(ifindex)?.vlans.filter((each) => each.untagged) ?? []);
    const vids = ranges.flatMap(({ first, last }) =>
      Array.from({ length: Math.min(last - first + 1, MAX_STATIC_VLANS) }, (_, n) => first + n),
    );
    return vids.slice(0, MAX_STATIC_VLANS);
  });
}
