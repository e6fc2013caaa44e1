import fs from 'node:fs';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { SyscallError } from '../../errors.js';
import * as libc from '../libc.js';

/** What an rtnetlink socket tells its owner. */
export interface RouteListener {
  datagram(bytes: Uint8Array): void;
  /** A datagram was longer than it should be and came cut off, or receiving or a request failed. */
  trouble(detail: string): void;
}

/** An rtnetlink socket on the event loop: datagrams in, requests out. */
export interface RouteSocket {
  send(request: Uint8Array): void;
  /** How many messages the kernel has dropped for want of buffer since the socket was opened. */
  drops(): number;
  close(): void;
}

const NETLINK_ROUTE = 0;
const KERNEL_PORT = 0;
const SOL_NETLINK = 270;
const NETLINK_NO_ENOBUFS = 5;
const SO_MEMINFO = 55;
const SK_MEMINFO_DROPS = 8;

/** Room for the changes that come while the event loop is busy: 20,000 changes of about 800 bytes each. */
const RECEIVE_BUFFER_BYTES = 16 << 20;

/** The kernel's datagrams are at most so large (net/netlink/af_netlink.c:netlink_recvmsg). */
const LARGEST_DATAGRAM = 32 << 10;

/** struct nlmsghdr alone, NLMSG_NOOP with NLM_F_REQUEST and NLM_F_ACK: asks for nothing but an answer. */
const ASK_NOTHING = new Uint8Array(
  new Uint16Array([...new Uint16Array(new Uint32Array([16]).buffer), 1, 0x5, 0, 0, 0, 0]).buffer,
);

/**
 * Opens the socket and joins `groups` (RTNLGRP_* numbers).
 *
 * The `netlink` package ends the process when the kernel reports an overrun (ENOBUFS), listener or not. So that report
 * is switched off before any group is joined; `drops` tells of overruns instead.
 * @throws SyscallError
 */
export function openRouteSocket(groups: readonly number[], listener: RouteListener): RouteSocket {
  const raw = new RawNetlinkSocket(NETLINK_ROUTE);
  const inode = inodeOfPort(raw.address().port);
  const fd = descriptorOf(inode);
  if (fd === undefined || libc.setOption(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1) < 0) {
    raw.close();
    throw new SyscallError(
      'setsockopt',
      libc.lastErrno(),
      'the descriptor of the netlink socket was not found in /proc',
    );
  }
  libc.setBufferSize(fd, libc.SO_RCVBUFFORCE, libc.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  readLargely(fd);
  for (const group of groups) raw.addMembership(group);
  raw.on('message', (bytes, { port }) => {
    // Any process with CAP_NET_ADMIN can send to our port; only the kernel is believed.
    if (port === KERNEL_PORT) listener.datagram(bytes);
  });
  raw.on('truncatedMessage', () => listener.trouble('a datagram was truncated'));
  raw.on('error', (error) => listener.trouble(`receiving failed: ${error.code}`));
  return {
    send: (request) => {
      raw.send(Buffer.from(request), {}, (error) => error && listener.trouble(`a request failed: ${error.code}`));
    },
    drops: () => dropsOf(fd),
    close: () => raw.close(),
  };
}

/**
 * Has the kernel fill large datagrams. It makes those of a dump as large as the largest buffer that a socket was ever read
 * with, and the `netlink` package has one for each that is just as large as that: all would stay at 4 KiB. A bridge walks
 * through its table from the beginning for every datagram (net/bridge/br_fdb.c:br_fdb_dump), which takes seconds then.
 */
function readLargely(fd: number): void {
  libc.send(fd, ASK_NOTHING, ASK_NOTHING.length, libc.MSG_DONTWAIT);
  const address = new Uint8Array(12); // struct sockaddr_nl
  const answer = new Uint8Array(LARGEST_DATAGRAM);
  libc.recvfrom(fd, answer, answer.length, libc.MSG_DONTWAIT, address, Uint32Array.of(address.length));
}

/** SO_MEMINFO (net/core/sock.c:sk_get_meminfo): nine words u32, of which the last counts what was dropped. Since Linux 4.12. */
function dropsOf(fd: number): number {
  const words = libc.getOption(fd, libc.SOL_SOCKET, SO_MEMINFO, SK_MEMINFO_DROPS + 1);
  libc.check(words ? 0 : -1, 'getsockopt', 'reading the drop counter of a netlink socket');
  return words?.[SK_MEMINFO_DROPS] ?? 0;
}

function inodeOfPort(port: number): string | undefined {
  const [, ...lines] = fs.readFileSync('/proc/thread-self/net/netlink', 'utf8').trimEnd().split('\n');
  // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
  const rows = lines.map((line) => line.trim().split(/\s+/));
  return rows.find(([, protocol, pid]) => protocol === String(NETLINK_ROUTE) && pid === String(port))?.[9];
}

function descriptorOf(inode: string | undefined): number | undefined {
  const descriptors = fs.readdirSync('/proc/self/fd');
  return descriptors.map(Number).find((fd) => readLink(fd) === `socket:[${inode}]`);
}

function readLink(fd: number): string {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // the descriptor of the listing itself is gone by now
  }
}
