import { AlreadyRunningError, PermissionError } from '../errors.js';
import { removeLeftMirrors } from '../listen/left-mirrors.js';
import { devicesWithSockets } from '../sys/packets/packet-sockets.js';
import type { Output } from './output.js';

/**
 * Removes what a daemon that was killed left on this host. Quiet when there is nothing.
 * @returns the exit code
 * @throws AlreadyRunningError when a daemon uses it; PermissionError without rights; SyscallError
 */
export async function cleanup(output: Output): Promise<number> {
  const inUse = await devicesWithSockets();
  if (inUse === null) throw new PermissionError('/proc/net/packet cannot be read, which tells whether a daemon runs');
  const { removed, used, stuck } = removeLeftMirrors(inUse);
  if (removed.length > 0) output.text(`removed ${removed.join(', ')}`);
  if (stuck.length > 0) throw new PermissionError(`removing ${stuck.join(', ')} needs CAP_NET_ADMIN: run this as root`);
  if (used.length > 0) throw new AlreadyRunningError(`a daemon is using ${used.join(', ')}; stop it first`);
  return 0;
}
