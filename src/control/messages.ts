import type { Mac } from '../addr/mac.js';
import type { FrameKind } from '../config/config.js';
import type { GuestDescription } from '../guests/description.js';
import type { SuppressReason } from '../guests/verdict.js';
import type { ManualFrame } from '../plan/manual.js';
import type { StatusReport } from './status.js';

/** Asks who is behind a bond; null: behind every bond. */
export interface GuestsRequest {
  readonly op: 'guests';
  readonly bond: string | null;
}

/** Asks to announce the guests behind a bond now. */
export interface AnnounceRequest {
  readonly op: 'announce';
  readonly bond: string;
  /** Only these; everyone where there are none. */
  readonly macs: readonly Mac[];
  /** Only this VLAN, the outermost tag on the wire; null: whatever is right. */
  readonly vlan: number | null;
  /** null: those of the configuration. */
  readonly kinds: readonly FrameKind[] | null;
  /** So many rounds of the schedule, from its first. */
  readonly rounds: number;
  readonly dryRun: boolean;
}

/** Asks how the bonds stand and what their last failovers were. */
interface StatusRequest {
  readonly op: 'status';
}

/** Asks for the status page, to be read from a file. */
export interface PageRequest {
  readonly op: 'page';
}

/** What a command may ask of the daemon. */
export type ControlRequest = GuestsRequest | AnnounceRequest | StatusRequest | PageRequest;

/** The guests behind one bond. */
export interface BondGuestList {
  readonly bond: string;
  readonly guests: readonly GuestDescription[];
}

/** What became of an announcement. */
export interface AnnounceReport {
  readonly bond: string;
  readonly activeSlave: string | null;
  readonly dryRun: boolean;
  /** In the order in which they are to go. */
  readonly frames: readonly ManualFrame[];
  /** How many frames the kernel took. */
  readonly sent: number;
  readonly suppressed: readonly { readonly mac: Mac; readonly vlan: number | null; readonly reason: SuppressReason }[];
  /** How many frames it refused, by the symbolic errno. */
  readonly refused: Readonly<Record<string, number>>;
  /** Whether it was cut short because the bond failed over meanwhile. */
  readonly cut: boolean;
}

/** What each request is answered with. */
export interface ControlResults {
  readonly guests: { readonly bonds: readonly BondGuestList[] };
  readonly announce: AnnounceReport;
  readonly status: StatusReport;
  readonly page: { readonly html: string };
}

/** What can be answered without a daemon too, by reading the kernel. */
export type KernelResults = Omit<ControlResults, 'page'>;

/** An error as the daemon tells it. */
export interface ControlFailure {
  readonly code: string;
  readonly exitCode: 1 | 2;
  readonly message: string;
}

/** The daemon's answer: a result, or why there is none. */
export type ControlAnswer<Op extends keyof ControlResults> =
  { readonly result: ControlResults[Op] } | { readonly error: ControlFailure };
