import { type Ip, isIpv4, isLinkLocal } from '../addr/ip.js';

/** Why an address is not announced. Closed set. */
export type AddressReason = 'unconfirmed' | 'router-unknown';

/** An IP address of a guest. */
export interface GuestAddress {
  readonly ip: Ip;
  /** The Router flag that a Neighbor Advertisement about it has to carry. */
  readonly router: boolean;
  /** When the guest last claimed it: monotonic clock, seconds. */
  readonly lastSeen: number;
  /** Why it is not announced now; null: it is. */
  readonly withheld: AddressReason | null;
}

/** What a station was heard to say of its being a router or a host. */
export interface RouterSigns {
  /** When it was first heard there: monotonic clock, seconds. */
  readonly since: number;
  /** The Router flag as it last sent it; false after a Router Solicitation, which only hosts send; null: unknown. */
  readonly router: boolean | null;
  /** Whether it has ever sent a Router Advertisement. */
  readonly advertised: boolean;
}

/** An address that nobody has confirmed for so long, in seconds, may have changed hands while nobody looked. */
export const CONFIRMED_FOR = 4 * 3600;

/** A router advertises itself at least this often, in seconds (RFC 4861 section 6.2.1, MaxRtrAdvInterval). */
const MAX_ADVERTISEMENT_INTERVAL = 1800;

/**
 * What is to be announced of an address. Hosts drop their default router when an advertisement for its link-local
 * address says that it is none (RFC 4861 section 7.2.5): so whoever has sent a Router Advertisement is never said to be
 * a host, and of a link-local address nothing is said until we know.
 * @param now monotonic clock, seconds
 */
export function judgeAddress(ip: Ip, lastSeen: number, signs: RouterSigns, now: number): GuestAddress {
  const router = signs.advertised || signs.router === true;
  const unconfirmed = now - lastSeen >= CONFIRMED_FOR;
  const unknown = !isIpv4(ip) && isLinkLocal(ip) && !isKnown(signs, now);
  return { ip, router, lastSeen, withheld: unconfirmed ? 'unconfirmed' : unknown ? 'router-unknown' : null };
}

function isKnown({ since, router, advertised }: RouterSigns, now: number): boolean {
  return advertised || router !== null || now - since >= MAX_ADVERTISEMENT_INTERVAL;
}
