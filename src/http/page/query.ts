import type { BondStatus } from '../../control/status.js';
import type { Finding } from '../../doctor/finding.js';
import type { GuestDescription } from '../../guests/description.js';

/** What the page is asked for, by the query of its address. */
export interface PageQuery {
  /** Only this bond. */
  readonly bond: string | null;
  /** Only guests of which something contains this text. */
  readonly guest: string | null;
  /** Only guests after this one. */
  readonly after: string | null;
  /** Whether the browser is to ask again and again. */
  readonly refresh: boolean;
}

/** What is asked for where nothing is chosen. */
export const EVERYTHING: PageQuery = { bond: null, guest: null, after: null, refresh: false };

/** No name, address or cursor is longer. */
const VALUE_LENGTH = 128;

/** Reads a query such as `bond=bond0&guest=web`. What it does not know it leaves alone, as browsers and proxies add some. */
export function readQuery(text: string): PageQuery {
  const given = new URLSearchParams(text);
  const value = (name: string): string | null => given.get(name)?.trim().slice(0, VALUE_LENGTH) || null;
  return {
    bond: value('bond'),
    guest: value('guest')?.toLowerCase() ?? null,
    after: value('after'),
    refresh: given.has('refresh'),
  };
}

/** The address of the page for a query, relative to itself, so that it also works behind a proxy. */
export function addressOf({ bond, guest, after, refresh }: PageQuery, anchor = ''): string {
  const pairs = Object.entries({ bond, guest, after, refresh: refresh ? 'on' : null });
  const given = pairs.flatMap(([name, value]) => (value === null ? [] : [[name, value] as [string, string]]));
  return `?${String(new URLSearchParams(given))}${anchor}`;
}

/** A bond as the page shows it. */
export type PageBond = BondStatus;

/** A guest, and the bond that it is behind. */
export interface PageGuest extends GuestDescription {
  readonly bond: string;
}

/** One page of the guests that were asked for. */
export interface PageGuests {
  /** In their order. */
  readonly rows: readonly PageGuest[];
  /** How many there are of those asked for, on all pages. */
  readonly matching: number;
  /** How many there are behind all bonds. */
  readonly total: number;
  /** What to ask for to get those that follow; null: there are none. */
  readonly next: string | null;
}

/** What the doctor says. */
export interface PageDiagnosis {
  readonly findings: readonly Finding[];
  /** What could not be read, so that nothing is said of it. */
  readonly unread: readonly string[];
  /** When it looked: seconds since 1970-01-01 00:00 UTC. */
  readonly at: number;
}

/** All that the page shows. Times are seconds since 1970-01-01 00:00 UTC. */
export interface PageValues {
  /** The name of the host. */
  readonly host: string;
  readonly version: string;
  readonly started: number;
  readonly now: number;
  readonly bonds: readonly PageBond[];
  readonly guests: PageGuests;
  /** A text: why the doctor could not look. */
  readonly diagnosis: PageDiagnosis | string;
  /** null: the page is for a file, and has no links that a daemon would have to answer. */
  readonly query: PageQuery | null;
  /** The Content-Security-Policy, where no header has it. */
  readonly policy: string | null;
}
