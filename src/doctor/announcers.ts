import type { AnnouncerFacts } from './facts.js';
import type { Finding } from './finding.js';
import { namesOf } from './merge.js';
import { end } from './restart.js';

/** Processes beside the daemon that do what it does: hold a packet socket on a bond that only ever sends. */
export function checkAnnouncers(announcers: readonly AnnouncerFacts[]): Finding[] {
  return announcers.map((process) => ({
    id: 'second-announcer',
    level: 'warning',
    subject: `process ${process.pid}`,
    finding: `it sends frames by ${namesOf(process.bonds)} as the daemon does: ${process.argv.join(' ')}`,
    meaning: 'guests are announced twice, at twice the rate that the switches bear, and perhaps some that moved away',
    cure: end(process),
  }));
}
