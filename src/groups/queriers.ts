import type { Family, GroupQuery } from '../frames/group-records.js';
import { LruMap } from '../lru-map.js';

/** The latest versions of IGMP and of MLD. */
export const LATEST: Readonly<Record<Family, number>> = { 4: 3, 6: 2 };

/**
 * With the default numbers of a querier (RFC 3376 sections 8.4 and 8.12, RFC 3810 sections 9.4 and 9.12) a report counts for
 * so long, and a querier of an older version is believed to be there: seconds.
 */
const DEFAULT_INTERVAL = 260;

/** So many VLANs of all bonds, over IPv4 and IPv6; whoever invents more forgets the querier that was silent longest. */
const CAPACITY = 8192;

interface Querier {
  /** When it was last heard that a querier of each version is there, by version. */
  readonly heard: readonly (number | undefined)[];
  readonly interval: number;
}

const NONE: Querier = { heard: [], interval: DEFAULT_INTERVAL };

/** The queriers behind each exit of the host: which version they want, and for how long reports count. Holds CAPACITY. */
export class Queriers {
  private readonly queriers = new LruMap<string, Querier>(CAPACITY);

  /** @param exit its key @param at monotonic clock, seconds */
  heard(exit: string, { family, version, membershipInterval }: GroupQuery, at: number): void {
    const key = `${family} ${exit}`;
    const { heard, interval } = this.queriers.get(key) ?? NONE;
    const times = [...heard];
    times[version] = at;
    this.queriers.set(key, { heard: times, interval: membershipInterval ?? interval });
  }

  /** The version to report in: the oldest that a querier has asked in of late (RFC 3376 section 7.2.1). */
  version(exit: string, family: Family, now: number): number {
    const { heard, interval } = this.of(exit, family);
    const oldest = heard.findIndex((at) => at !== undefined && now - at < interval);
    return oldest < 0 ? LATEST[family] : oldest;
  }

  /** For how long a report counts, in seconds. */
  interval(exit: string, family: Family): number {
    return this.of(exit, family).interval;
  }

  private of(exit: string, family: Family): Querier {
    return this.queriers.get(`${family} ${exit}`) ?? NONE;
  }
}
