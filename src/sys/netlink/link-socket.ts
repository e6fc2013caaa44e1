import { SyscallError } from '../../errors.js';
import * as libc from '../libc.js';
import { attachFilter } from '../packets/packet-socket.js';

/** A storm of link messages while we send ten thousand frames must fit. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

/** The kernel's datagrams are at most 32 KiB (net/netlink/af_netlink.c:netlink_dump). */
const DATAGRAM_BYTES = 64 << 10;

/** How long a thread may be deaf to its owner while nothing happens and nobody has the kernel answer it. */
export const RECEIVE_TIME_LIMIT_MS = 1000;

// struct sockaddr_nl (linux/netlink.h): u16 family, u16 pad, u32 port id (0: the kernel picks one), u32 groups
const SOCKADDR_NL_LENGTH = 12;
const PORT_AT = 4;
const GROUPS_AT = 8;
const KERNEL_PORT = 0;

/**
 * Opens the socket and joins `groups`, a bit mask of the first 32 groups.
 * @param filter classic BPF, an array of struct sock_filter: which messages arrive; null for all
 * @throws SyscallError
 */
export function openLinkSocket(groups: number, filter: Uint8Array | null = null): BlockingSocket {
  const fd = libc.check(libc.socket(libc.AF_NETLINK, libc.SOCK_RAW | libc.SOCK_CLOEXEC, 0), 'socket', 'netlink');
  try {
    const address = new Uint8Array(SOCKADDR_NL_LENGTH);
    new Uint16Array(address.buffer, 0, 1)[0] = libc.AF_NETLINK;
    new Uint32Array(address.buffer, GROUPS_AT, 1)[0] = groups;
    libc.setBufferSize(fd, libc.SO_RCVBUFFORCE, libc.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    libc.setTimeLimit(fd, libc.SO_RCVTIMEO, RECEIVE_TIME_LIMIT_MS);
    if (filter) attachFilter(fd, filter);
    libc.check(libc.bind(fd, address, address.length), 'bind', 'netlink');
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return new BlockingSocket(fd);
}

/** Sends a request to the kernel by another thread's link socket, which gets the answer. One that is lost is no error. */
export function sendBy(descriptor: number, request: Uint8Array): void {
  libc.send(descriptor, request, request.length, libc.MSG_DONTWAIT);
}

export type LinkSocket = Pick<BlockingSocket, 'descriptor' | 'receive' | 'send' | 'close'>;

/** A socket by which a thread that polls it hears the news of groups. */
export type NewsSocket = Pick<BlockingSocket, 'descriptor' | 'receive' | 'setFilter' | 'close'>;

/** A blocking rtnetlink socket, for a thread that does nothing but wait on it. */
class BlockingSocket {
  private readonly buffer = new Uint8Array(DATAGRAM_BYTES);
  private readonly sender = new Uint8Array(SOCKADDR_NL_LENGTH);
  private readonly senderPort = new Uint32Array(this.sender.buffer, PORT_AT, 1);
  private readonly senderLength = new Uint32Array([SOCKADDR_NL_LENGTH]);

  /** @param descriptor for other threads, which may send by it: see `sendBy` */
  constructor(readonly descriptor: number) {}

  /**
   * Waits for the next datagram of the kernel's, at most RECEIVE_TIME_LIMIT_MS. Any process with CAP_NET_ADMIN can send to
   * our port as well; that is passed over.
   * @param waits false: only what is there already
   * @returns its bytes, valid until the next call; or that nothing came, or that messages were lost
   */
  receive(waits = true): Uint8Array | 'nothing' | 'overrun' | 'truncated' {
    const { descriptor, buffer, sender, senderLength } = this;
    const flags = waits ? libc.MSG_TRUNC : libc.MSG_TRUNC | libc.MSG_DONTWAIT;
    const length = libc.recvfrom(descriptor, buffer, buffer.length, flags, sender, senderLength);
    if (length >= 0 && this.senderPort[0] !== KERNEL_PORT) return 'nothing';
    if (length > buffer.length) return 'truncated';
    if (length >= 0) return buffer.subarray(0, length);
    const errno = libc.lastErrno();
    if (errno === 'EAGAIN' || errno === 'EINTR') return 'nothing';
    if (errno === 'ENOBUFS') return 'overrun';
    throw new SyscallError('recvfrom', errno, 'netlink');
  }

  /** The port id that messages name which we cause. @throws SyscallError */
  get port(): number {
    const address = new Uint8Array(SOCKADDR_NL_LENGTH);
    const result = libc.getsockname(this.descriptor, address, Uint32Array.of(SOCKADDR_NL_LENGTH));
    libc.check(result, 'getsockname', 'netlink');
    return new Uint32Array(address.buffer, PORT_AT, 1)[0] ?? 0;
  }

  /** Which messages arrive from now on: classic BPF, an array of struct sock_filter. @throws SyscallError */
  setFilter(filter: Uint8Array): void {
    attachFilter(this.descriptor, filter);
  }

  /** Sends a request to the kernel. @throws SyscallError */
  send(request: Uint8Array): void {
    libc.check(libc.send(this.descriptor, request, request.length, 0), 'send', 'a netlink request');
  }

  close(): void {
    libc.close(this.descriptor);
  }
}
