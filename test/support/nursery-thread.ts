import { collectIfHalfFull, nurseryUse } from '../../src/sys/nursery.js';
import { ownerOfThisThread } from '../../src/sys/thread.js';

/** A thread that fills its nursery to two thirds and tells how full it is before and after each time it is looked after. */
const owner = ownerOfThisThread<never, { before: number; after: number }>();

let latest: unknown;
for (const fill of [0.4, 0.66]) {
  collectIfHalfFull();
  while (nurseryUse() < fill) latest = { earlier: typeof latest };
  const before = nurseryUse();
  collectIfHalfFull();
  owner.post({ before, after: nurseryUse() });
}
