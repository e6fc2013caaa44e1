import type { BondStatus } from '../../control/status.js';
import type { Finding } from '../../doctor/finding.js';
import type { GuestDescription } from '../../guests/description.js';
import type { PageQuery } from './query.js';

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
