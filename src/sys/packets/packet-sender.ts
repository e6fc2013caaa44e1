import { PermissionError } from '../../errors.js';
import * as libc from '../libc.js';
import { privileged } from '../process/privileges.js';
import { bindToDevice, openPacketSocket } from './packet-socket.js';

/** Sends ready-made frames on one device. */
export interface PacketSender {
  /**
   * Hands `count` frames to the kernel in one system call.
   * @param messages address of as many struct mmsghdr, kept alive by the caller
   * @returns how many the kernel took, or the symbolic errno when it took none
   */
  send(messages: bigint, count: number): number | string;
  close(): void;
}

/** What the frames of a burst may take of kernel memory, about 1 kB each, until the link has sent them. */
const SEND_BUFFER_BYTES = 8 << 20;

/**
 * The mark on every frame that we send ("bond" in ASCII), by which the filter of our own listening sockets knows it:
 * what we say about a guest is no word of the guest's. It stays on this host.
 */
export const OWN_FRAMES_MARK = 0x626f6e64;

/** A link that takes nothing for so long is not working: the failover thread has others to serve. */
const SEND_TIME_LIMIT_MS = 200;

/**
 * Opens an AF_PACKET socket for sending on a device. Its protocol is 0: it never receives, and costs the host
 * nothing. On a bond, frames leave by the active slave.
 * @param waits whether `send` waits for a full queue; otherwise it says EAGAIN
 * @throws PermissionError without CAP_NET_RAW, or before Linux 5.17 without CAP_NET_ADMIN
 * @throws SyscallError for example ENODEV when the device is gone
 */
export function openPacketSender(ifindex: number, waits = true): PacketSender {
  const flags = waits ? 0 : libc.MSG_DONTWAIT;
  const fd = privileged(() => openPacketSocket('sending frames', (socket) => prepare(socket, ifindex)));
  return {
    send(messages, count) {
      const taken = libc.sendmmsg(fd, messages, count, flags);
      return taken >= 0 ? taken : libc.lastErrno();
    },
    close: () => void libc.close(fd),
  };
}

function prepare(fd: number, ifindex: number): void {
  bindToDevice(fd, ifindex, 0);
  const marked = libc.setOption(fd, libc.SOL_SOCKET, libc.SO_MARK, OWN_FRAMES_MARK);
  if (marked < 0 && libc.lastErrno() === 'EPERM')
    throw new PermissionError('marking frames needs CAP_NET_ADMIN: run this as root or grant that capability');
  libc.check(marked, 'setsockopt', 'the mark of our own frames');
  libc.setBufferSize(fd, libc.SO_SNDBUFFORCE, libc.SO_SNDBUF, SEND_BUFFER_BYTES);
  libc.setTimeLimit(fd, libc.SO_SNDTIMEO, SEND_TIME_LIMIT_MS);
}
