import { CONTROL_SOCKET } from '../../config/constants.js';
import { type ProcessFacts, readProcess } from '../../sys/process/process-facts.js';
import { listenerOf } from '../../sys/unix/unix-address.js';

/** A process whose rights count: the daemon's, or our own where none runs. */
export interface Subject {
  readonly process: ProcessFacts;
  readonly isDaemon: boolean;
}

/** @returns null when it cannot be found out whether a daemon runs, or what it may do */
export async function findSubject(unread: (what: string) => void): Promise<Subject | null> {
  const listener = listenerOf(CONTROL_SOCKET);
  if (typeof listener === 'object' && listener !== null) {
    unread(`the process id of the daemon (${CONTROL_SOCKET}: ${listener.errno})`);
    return null;
  }
  const process = await readProcess(listener ?? 'self');
  if (process === null) unread(`/proc/${listener ?? 'self'}`);
  return process && { process, isDaemon: listener !== null };
}
