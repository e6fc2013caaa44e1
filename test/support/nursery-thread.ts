import { collectIfHalfFull, nurseryUse } from '../../src/sys/process/real-time.js';
import { ownerOfThisThread } from '../../src/sys/process/thread.js';

/** How full the nursery was before and after it was looked after. */
export interface Look {
  readonly before: number;
  readonly after: number;
}

/** A thread that fills its nursery to two thirds, and has it looked after before that and then. */
const owner = ownerOfThisThread<never, Look>();

let latest: unknown;
for (const fill of [0.4, 0.66]) {
  collectIfHalfFull();
  while (nurseryUse() < fill) latest = { earlier: typeof latest };
  const before = nurseryUse();
  collectIfHalfFull();
  owner.post({ before, after: nurseryUse() });
}
