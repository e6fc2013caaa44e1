import type { HostState } from '../guests/host-state.js';
import type { Clock } from '../sys/clock.js';
import type { Log } from '../sys/log.js';
import { openServiceManager } from '../sys/process/sd-notify.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { EchoSign } from './echo-sign.js';
import type { Echo } from '../http/health.js';
import { ServiceNotifier } from './service-notifier.js';
import { serviceStatus } from './service-status.js';

/**
 * What tells systemd, if that has started us, how the daemon is.
 * @param sockets how to ask the kernel over each netlink socket; without its answers the watchdog is not fed
 * @throws SyscallError when NOTIFY_SOCKET is not an address
 */
export function newServiceNotifier(
  { topology }: HostState,
  bonds: ReadonlyMap<number, BondGuests>,
  tools: { readonly clock: Clock; readonly log: Log },
  sockets: Readonly<Record<string, Echo>>,
): ServiceNotifier {
  const signs = Object.entries(sockets).map(([name, ask]) => new EchoSign(name, ask));
  return new ServiceNotifier(openServiceManager(), tools, () => serviceStatus(topology, bonds), signs);
}
