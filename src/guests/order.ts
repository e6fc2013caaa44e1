import type { Verdict } from './verdict.js';

/** The outermost tag that a guest's frames leave with; null when they leave untagged. */
export function outerVlan({ tags }: Pick<Verdict, 'tags'>): number | null {
  return tags[0]?.vid ?? null;
}

/** The order in which people get to see guests. */
export function byMacAndVlan(a: Verdict, b: Verdict): number {
  if (a.mac !== b.mac) return a.mac < b.mac ? -1 : 1;
  return (outerVlan(a) ?? 0) - (outerVlan(b) ?? 0);
}
