import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Above all who are measured, whatever priority they have chosen. */
const PRIORITY = '2';

/**
 * Has what is sent arrive while it is sent, as by a link whose far side has a processor of its own. Here that is the
 * sender's, and before Linux 6.5 frames wait for ksoftirqd as soon as it is runnable, behind every sender that does not
 * sleep (kernel/softirq.c:ksoftirqd_running).
 */
export function serveFarSideFirst(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    if (nameOf(pid).startsWith('ksoftirqd/')) execFileSync('chrt', ['--fifo', '--pid', PRIORITY, pid]);
}

/** '' for a process that has ended. */
function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return '';
  }
}
