import * as libc from '../libc.js';
import { privileged } from '../process/privileges.js';
import { bindToDevice, openPacketSocket } from './packet-socket.js';

/** Sends one frame at a time on one device, and does not wait for a full queue. */
export interface MarkSender {
  /** @returns null, or the symbolic errno: ENETDOWN while the device is down */
  send(frame: Uint8Array): string | null;
  close(): void;
}

/**
 * Opens an AF_PACKET socket that never receives. What it sends passes tc, as the frames of guests do.
 * @param mark of its frames
 * @throws PermissionError without CAP_NET_RAW
 * @throws SyscallError EPERM without CAP_NET_ADMIN, ENODEV when the device is gone
 */
export function openMarkSender(ifindex: number, mark: number): MarkSender {
  const prepare = (fd: number): void => {
    bindToDevice(fd, ifindex, 0);
    libc.check(libc.setOption(fd, libc.SOL_SOCKET, libc.SO_MARK, mark), 'setsockopt', 'SO_MARK');
  };
  const fd = privileged(() => openPacketSocket('trying a mirror', prepare));
  return {
    send: (frame) => (libc.send(fd, frame, frame.length, libc.MSG_DONTWAIT) < 0 ? libc.lastErrno() : null),
    close: () => void libc.close(fd),
  };
}
