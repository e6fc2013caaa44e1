import { newBuckets } from '../plan/bond-plan.js';
import type { ManualTools } from '../wire/announce-by-hand.js';
import type { Announcements } from '../wire/announcements.js';
import type { Settings } from './settings.js';

/** What announcements by hand work with: they draw from the buckets of the others, and end when a bond fails over. */
export function manualTools(
  settings: Settings,
  announcements: Announcements,
  tools: Pick<ManualTools, 'clock' | 'openPort' | 'refresh'>,
): ManualTools {
  return {
    ...tools,
    get settings() {
      return settings.current.announce;
    },
    bucketsOf: (bond) => announcements.of(bond)?.buckets ?? newBuckets(settings.current.announce.rate),
    watchOver(bond) {
      const epoch = announcements.of(bond)?.epoch;
      return () => announcements.of(bond)?.epoch === epoch;
    },
  };
}
