import { outerVlan } from '../guests/verdict.js';
import type { Announceable } from './announceable.js';
import type { BondPlan } from './bond-plan.js';
import type { ManualFrame } from './manual.js';

/** So many frames are listed in one step: well below a millisecond. */
const FRAMES_A_STEP = 64;

/**
 * The frames of a whole announcement in the order in which they would go, found by playing the plan through in time
 * that takes none. One list a step, so that others may have their turn in between.
 * @param plan not begun
 * @param now monotonic clock, seconds
 */
export function* listFrames(plan: BondPlan, guests: Announceable, now: number): Generator<readonly ManualFrame[]> {
  plan.begin(now, () => false);
  for (let at: number | null = now; at !== null; at = plan.wakeAt(at)) {
    yield plan.next(at, FRAMES_A_STEP).flatMap(({ turn: { kind, key, ip } }) => {
      const place = guests.place(key);
      return place ? [{ kind, mac: place.mac, vlan: outerVlan(place), ip }] : [];
    });
  }
}
