import type { BondId } from '../topology/bond-id.js';
import type { Clock } from '../sys/clock.js';

/** So many seconds before a round it is looked who is to be announced in it. */
const LEAD = 0.3;

/** Has something read again shortly before each round of an announcement. Holds one entry a bond that is announced. */
export class BeforeRounds {
  private readonly pending = new Map<BondId, { readonly at: number; readonly cancel: () => void }>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonic' | 'after'>,
    private readonly read: () => unknown,
  ) {}

  /** A bond's next round is at `at` (monotonic clock, seconds); null: there is none. */
  expect(bond: BondId, at: number | null): void {
    const held = this.pending.get(bond);
    if (held?.at === at) return;
    held?.cancel();
    this.pending.delete(bond);
    if (at === null) return;
    const wait = Math.max(0, at - LEAD - this.clock.monotonic());
    this.pending.set(bond, { at, cancel: this.clock.after(wait, () => void this.read()) });
  }
}
