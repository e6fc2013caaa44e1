import type { BondId } from '../topology/bond-id.js';
import { allFrames, type AnnounceConfig, type FrameCounts, type FrameKind, NO_FRAMES } from '../config/config.js';
import type { AnnounceReport, AnnounceRequest } from '../control/messages.js';
import { PermissionError, UsageError } from '../errors.js';
import type { HostState } from '../guests/host-state.js';
import { BondPlan, type Buckets, newBuckets } from '../plan/bond-plan.js';
import { listFrames, type ManualFrame, ManualGuests, manualSettings } from '../plan/manual.js';
import type { ReportsOf } from '../plan/turns.js';
import { chance, type Clock } from '../sys/clock.js';
import { BondRun } from './bond-run.js';
import type { SlicePort } from './slice-port.js';
import { findBond } from '../topology/bonds.js';

/** What an announcement by hand needs beside the host's state. */
export interface ManualTools {
  readonly settings: AnnounceConfig;
  readonly clock: Clock;
  /** @throws SyscallError */
  openPort(bond: BondId): SlicePort;
  /** What the bond's other announcements draw from as well. */
  bucketsOf(bond: BondId): Buckets;
  /** @returns whether what was true of the bond at the time of the call is true still */
  watchOver(bond: BondId): () => boolean;
  readonly reportsOf: ReportsOf;
  /** Brings who is announced up to date. */
  refresh(): void;
}

/** What became of the frames of an announcement by hand. */
interface ManualOutcome {
  /** Frames that the kernel took. */
  readonly sent: FrameCounts;
  /** Frames that it refused, by kind and symbolic errno. */
  readonly refused: readonly { readonly kind: FrameKind; readonly code: string; readonly frames: number }[];
  /** Whether it was cut short: the bond failed over meanwhile, or what is known of the host may be wrong. */
  readonly cut: boolean;
}

/** An announcement, and what was sent by kind. */
export interface Announced {
  readonly report: AnnounceReport;
  readonly outcome: ManualOutcome;
}

const NOTHING: ManualOutcome = { sent: NO_FRAMES, refused: [], cut: false };

/**
 * Announces the guests behind a bond, or says what that would send: nothing without an active slave.
 * @throws BondheraldError when that cannot be, naming the bond
 */
export async function announceByHand(
  host: HostState,
  request: AnnounceRequest,
  tools: ManualTools,
): Promise<Announced> {
  const { bond: name, macs, vlan, dryRun } = request;
  const { ifindex, activeSlave } = findBond(host.topology, name);
  const settings = settingsOf(request, tools.settings);
  const guests = new ManualGuests(host, { bond: ifindex, macs, vlan }, tools.reportsOf);
  const frames = activeSlave ? await list(settings, guests, tools.clock) : [];
  const send = activeSlave !== null && !dryRun;
  const outcome = send ? await transmit(name, ifindex, settings, guests, tools) : NOTHING;
  const report = {
    bond: name,
    activeSlave: activeSlave?.name ?? null,
    dryRun,
    frames,
    sent: allFrames(outcome.sent),
    suppressed: activeSlave ? guests.suppressed : [],
    refused: byCode(outcome),
    cut: outcome.cut,
  };
  return { report, outcome };
}

function settingsOf({ bond, kinds, rounds }: AnnounceRequest, settings: AnnounceConfig): AnnounceConfig {
  const most = settings.schedule.length;
  if (rounds > most) throw new UsageError(`${bond}: --rounds ${rounds}: announce.schedule has only ${most} rounds`);
  return manualSettings(settings, { kinds: kinds ?? settings.kinds, rounds });
}

async function list(settings: AnnounceConfig, guests: ManualGuests, clock: Clock): Promise<ManualFrame[]> {
  const plan = new BondPlan(settings, newBuckets(settings.rate), guests, chance);
  const frames: ManualFrame[] = [];
  for (const portion of listFrames(plan, guests, clock.monotonic())) {
    frames.push(...portion);
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
  return frames;
}

/** Carries the plan out to its end, or until what was true at its beginning is true no more. */
function transmit(
  name: string,
  ifindex: BondId,
  settings: AnnounceConfig,
  guests: ManualGuests,
  tools: ManualTools,
): Promise<ManualOutcome> {
  const mayGo = tools.watchOver(ifindex);
  const plan = new BondPlan(settings, tools.bucketsOf(ifindex), guests, chance);
  const port = openPort(name, ifindex, tools);
  const sent = { ...NO_FRAMES };
  const refused: { kind: FrameKind; code: string; frames: number }[] = [];
  plan.begin(tools.clock.monotonic(), () => false);
  return new Promise((resolve) => {
    const run = new BondRun(plan, port, {
      clock: tools.clock,
      refresh: () => tools.refresh(),
      mayGo() {
        if (mayGo()) return true;
        run.cancel();
        resolve({ sent, refused, cut: true });
        return false;
      },
      sent: (kind, frames) => void (sent[kind] += frames),
      refused: (kind, code, frames) => void refused.push({ kind, code, frames }),
      paused: () => undefined,
      ended: () => resolve({ sent, refused, cut: false }),
    });
  });
}

function openPort(bond: string, ifindex: BondId, tools: ManualTools): SlicePort {
  try {
    return tools.openPort(ifindex);
  } catch (error) {
    throw error instanceof PermissionError ? new PermissionError(`${bond}: ${error.message}`) : error;
  }
}

function byCode({ refused }: ManualOutcome): Record<string, number> {
  const codes: Record<string, number> = {};
  for (const { code, frames } of refused) codes[code] = (codes[code] ?? 0) + frames;
  return codes;
}
