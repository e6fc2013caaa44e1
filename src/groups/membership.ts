import type { Ip } from '../addr/ip.js';
import type { GroupRecord } from '../frames/group-records.js';
import { isSolicitedNode } from '../frames/mld.js';

/** From which sources a host wants a group's packets (RFC 3376 section 3.2): only these, or all but these. */
export interface Membership {
  readonly mode: 'include' | 'exclude';
  readonly sources: readonly Ip[];
  /** The version of IGMP or MLD in which the host reported it last. */
  readonly version: number;
  /** When: monotonic clock, seconds. */
  readonly at: number;
}

/** So many sources of a group are kept: its record fits into any frame, and no programme that we know has more. */
const MAX_SOURCES = 32;

/** Groups that nobody reports, because all hosts are in them, or because they end at the host (RFC 3810 section 6). */
const UNREPORTED = /^(?:224\.0\.0\.1|ff02::1|ff[0-9a-f][01]:.*)$/;

export function isReported(group: Ip): boolean {
  return !UNREPORTED.test(group);
}

/**
 * What a host is in after a record of its report (RFC 3376 section 5.1).
 * @returns null: it has left the group. Of a solicited-node group that is kept, as an empty `include`: the host has left it,
 *   whatever addresses we believe it to have
 */
export function after(
  before: Membership | undefined,
  { type, group, sources }: GroupRecord,
  said: Pick<Membership, 'version' | 'at'>,
): Membership | null {
  const { mode = 'include', sources: held = [] } = before ?? {};
  const adds = type === 'allow' ? mode === 'include' : mode === 'exclude';
  switch (type) {
    case 'is-include':
    case 'to-include':
      return result(group, { mode: 'include', sources, ...said });
    case 'is-exclude':
    case 'to-exclude':
      return result(group, { mode: 'exclude', sources, ...said });
    case 'allow':
    case 'block':
      return result(group, { mode, sources: adds ? [...held, ...sources] : without(held, sources), ...said });
  }
}

/** More sources than are kept: of those wanted, the first; who excludes so many gets packets of all. */
function result(group: Ip, membership: Membership): Membership | null {
  const { mode } = membership;
  const all = [...new Set(membership.sources)];
  if (mode === 'include' && all.length === 0 && !isSolicitedNode(group)) return null;
  const fits = all.length <= MAX_SOURCES;
  return { ...membership, sources: fits ? all : mode === 'include' ? all.slice(0, MAX_SOURCES) : [] };
}

function without(held: readonly Ip[], gone: readonly Ip[]): Ip[] {
  const sources = new Set(gone);
  return held.filter((ip) => !sources.has(ip));
}

/** Whether a membership says no more than that the host has left. */
export function hasLeft({ mode, sources }: Membership): boolean {
  return mode === 'include' && sources.length === 0;
}
