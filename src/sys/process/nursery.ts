import v8 from 'node:v8';

/** Seldom enough to cost little, and more room than what happens until the next look takes. */
const FULL_ENOUGH = 0.5;

/** @returns how full this thread's nursery is, where V8 puts what is new: a share, 0 to 1 */
export function nurseryUse(): number {
  const space = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  if (!space) return 0;
  return space.space_used_size / (space.space_used_size + space.space_available_size);
}

/**
 * Has V8 collect this thread's nursery if that is half full. By itself V8 collects when it is full, in the middle of
 * whatever the thread is about then. Only for threads that `startThread` has started.
 */
export function collectIfHalfFull(): void {
  if (nurseryUse() > FULL_ENOUGH) globalThis.gc?.({ type: 'minor' });
}
