import type { FrameKind } from '../config/config.js';
import type { BondPlan } from '../plan/bond-plan.js';
import { BondRun, type RunSurroundings } from './bond-run.js';
import type { SlicePort } from './slice-port.js';

/** What became of an announcement by hand. */
export interface ManualOutcome {
  /** Frames that the kernel took. */
  readonly sent: Readonly<Record<FrameKind, number>>;
  /** Frames that it refused, by kind and symbolic errno. */
  readonly refused: readonly { readonly kind: FrameKind; readonly code: string; readonly frames: number }[];
  /** Whether it was cut short: the bond failed over meanwhile, or what is known of the host may be wrong. */
  readonly cut: boolean;
}

/**
 * Carries out a plan to its end.
 * @param plan not begun
 * @param port is closed at the end
 * @param around `mayGo`: once it says no, the announcement is over
 */
export function runManually(
  plan: BondPlan,
  port: SlicePort,
  around: Pick<RunSurroundings, 'clock' | 'mayGo' | 'refresh'>,
): Promise<ManualOutcome> {
  const sent = { rarp: 0, garp: 0, na: 0 };
  const refused: { kind: FrameKind; code: string; frames: number }[] = [];
  plan.begin(around.clock.monotonic(), () => false);
  return new Promise((resolve) => {
    const run = new BondRun(plan, port, {
      clock: around.clock,
      refresh: () => around.refresh(),
      mayGo() {
        if (around.mayGo()) return true;
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
