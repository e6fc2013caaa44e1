import type { STANDBY_STATES } from './judgement.js';

/** Whether a link carries one of the VLANs that guests use. */
export interface StandbyVlan {
  /** The tags of their frames, the outermost first; none: untagged. */
  readonly vlans: readonly number[];
  /** How many guests are announced with these tags. */
  readonly guests: number;
  readonly state: (typeof STANDBY_STATES)[number];
  /** Of `unknown`: why (UnknownReason of judgement.ts). */
  readonly reason: string | null;
  /** So many seconds ago a broadcast that passed the active link was heard here with these tags; null: never. */
  readonly proven: number | null;
  /** So many have passed the active link since and were not heard here. */
  readonly missed: number;
  /** With which tags they arrive here instead, where they do. */
  readonly arrivesWith: readonly number[] | null;
}

/** Why a link is not listened on, where somebody has chosen that, another finding tells of it, or it is about to change. */
export const NOT_LISTENED = {
  noCarrier: 'it has no carrier',
  unwanted: 'standby.watch or guests.sources.snoop is false',
  noneActive: 'no link of the bond is active',
  notYet: 'the daemon has not begun to listen on it yet',
} as const;

/** Which of the VLANs that guests use a link carries that is not active. */
export interface StandbyLink {
  readonly link: string;
  /** Why it is not listened on; null: it is. */
  readonly deaf: string | null;
  /** In order of their VLANs. */
  readonly vlans: readonly StandbyVlan[];
}

/** All links of a bond that are not active. */
export interface StandbyBond {
  readonly bond: string;
  readonly activeSlave: string | null;
  readonly links: readonly StandbyLink[];
}

/** What people read of a stack of tags. */
export function stackWords(vlans: readonly number[]): string {
  const [outer, ...inner] = vlans;
  if (outer === undefined) return 'untagged';
  return inner.length === 0 ? `VLAN ${outer}` : `VLAN ${outer}, in it ${inner.join(', ')}`;
}

const NAMED = 8;

/** The VLANs of some rows, of many the first ones: `VLAN 10, VLAN 20 and 3 more`. */
export function vlanWords(rows: readonly Pick<StandbyVlan, 'vlans'>[]): string {
  const named = rows.slice(0, NAMED).map(({ vlans }) => stackWords(vlans));
  const more = rows.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}

/** The rows of one state. */
export function inState({ vlans }: StandbyLink, state: StandbyVlan['state']): StandbyVlan[] {
  return vlans.filter((each) => each.state === state);
}

/** One line about a link: what is missing first. */
export function linkWords(link: StandbyLink): string {
  if (link.deaf !== null) return `not known: ${link.deaf}`;
  if (link.vlans.length === 0) return 'no VLAN of guests to carry';
  const [missing, carried, unknown] = [inState(link, 'missing'), inState(link, 'carried'), inState(link, 'unknown')];
  return [
    ...(missing.length > 0 ? [`missing: ${vlanWords(missing)}`] : []),
    ...(carried.length > 0 ? [`carried: ${vlanWords(carried)}`] : []),
    ...(unknown.length > 0 ? [`not known: ${vlanWords(unknown)}`] : []),
  ].join('; ');
}
