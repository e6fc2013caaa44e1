/** The demo's part in the lab: measures the failover without and with the daemon, and prints events (see events.ts). */
import { writeSync } from 'node:fs';
import { eventLine, type DemoEvent } from './events.js';
import { measure } from './measure.js';

/** At once and whole: the process may end right after, and a picture that grows should not wait for a buffer. */
function emit(event: DemoEvent): void {
  const bytes = Buffer.from(eventLine(event));
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
}

try {
  await measure('without', emit);
  await measure('with', emit);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  emit({ event: 'failed', message });
  process.exitCode = 1;
}
// A capture on a device that is gone by now would keep the process.
process.exit();
