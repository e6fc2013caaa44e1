import type { HeardOf } from './commands.js';
import type { ModelHost, Place } from './model-host.js';

type Left = Place & { readonly at: number };

/** What the model knows of places. */
interface Known {
  readonly host: ModelHost;
  readonly rows: readonly Place[];
  readonly past: readonly Left[];
}

/**
 * Who comes back is heard and learned by the same frame, and the frame's word may be read up to half a second after the
 * bridge's: then both are of the same moment.
 * @param at when the frame left @returns where everybody was, and when last
 */
export function returnedBy({ mac, bond, tags, direction, proof }: HeardOf, at: number, known: Known): Left[] {
  const { host, rows, past } = known;
  const way = [bond, ...tags].join('/');
  const isBack = ({ bridge, vlan }: Place): boolean =>
    rows.some((row) => row.mac === mac && row.bridge === bridge && row.vlan === vlan && host.isGuests(row));
  const isLate = (place: Left): boolean => place.at > at && place.at - at <= 0.5;
  const wasThere = (place: Left): boolean =>
    place.mac === mac && host.isUplinks(place) && host.wayOfPlace(place) === way;
  const counts = direction === 'out' && proof;
  return past.map((place) => (counts && isLate(place) && wasThere(place) && isBack(place) ? { ...place, at } : place));
}
