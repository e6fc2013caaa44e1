import { SyscallError } from '../../errors.js';
import * as libc from '../libc.js';
import { LONGEST_NAME, unixAddress } from '../unix/unix-address.js';

/*
 * sd_notify(3): a datagram of KEY=VALUE lines to the unix socket that NOTIFY_SOCKET names, a path or, with `@` in front,
 * a name in the abstract namespace. Node has no datagram sockets of the unix family.
 */

/** What started us and wants to know how we are: systemd, or another that speaks its language. */
export interface ServiceManager {
  /** We are ended unless we are heard of within so many seconds; null: nobody watches. */
  readonly watchdog: number | null;
  /**
   * Tells it something, KEY=VALUE each. Waits a moment where its socket is full, and no longer.
   * @returns null, or the symbolic errno when it was not told
   */
  notify(...assignments: string[]): string | null;
}

/** How long we wait for a manager that does not read, in ms. */
const SEND_TIME_LIMIT_MS = 200;

/**
 * The service manager that the environment speaks of.
 * @param pid our own process: the watchdog may be meant for another one (sd_watchdog_enabled(3))
 * @returns null without NOTIFY_SOCKET
 * @throws SyscallError when there is no socket to be had, or NOTIFY_SOCKET is no address that we know
 */
export function openServiceManager(environment = process.env, pid = process.pid): ServiceManager | null {
  const name = environment.NOTIFY_SOCKET;
  if (name === undefined || name === '') return null;
  const isKnown = /^[/@]./s.test(name) && Buffer.byteLength(name) <= LONGEST_NAME;
  if (!isKnown) throw new SyscallError('sendto', 'EINVAL', `NOTIFY_SOCKET=${name}`);
  const address = unixAddress(name);
  const fd = libc.check(libc.socket(libc.AF_UNIX, libc.SOCK_DGRAM | libc.SOCK_CLOEXEC, 0), 'socket', 'NOTIFY_SOCKET');
  libc.setTimeLimit(fd, libc.SO_SNDTIMEO, SEND_TIME_LIMIT_MS);
  return {
    watchdog: watchdogOf(environment, pid),
    notify(...assignments) {
      const bytes = Buffer.from(assignments.join('\n'));
      const sent = libc.sendto(fd, bytes, bytes.length, libc.MSG_NOSIGNAL, address, address.length);
      return sent < 0 ? libc.lastErrno() : null;
    },
  };
}

function watchdogOf({ WATCHDOG_USEC: microseconds, WATCHDOG_PID: meant }: NodeJS.ProcessEnv, pid: number) {
  if (meant !== undefined && meant !== String(pid)) return null;
  const seconds = Number(microseconds) / 1e6;
  return seconds > 0 && Number.isFinite(seconds) ? seconds : null;
}
