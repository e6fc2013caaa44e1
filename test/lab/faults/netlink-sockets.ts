import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import koffi from 'koffi';

/*
 * The netlink sockets of another process, taken by pidfd_getfd(2): what one does to such a copy, one does to the socket.
 */

const libc = koffi.load(null);
const syscall = libc.func('long syscall(long number, long one, long two, long three)') as (
  number: number,
  one: number,
  two: number,
  three: number,
) => number;
type OptionCall = (fd: number, level: number, name: number, value: Buffer, length: Buffer | number) => number;
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, void *v, uint32_t n)') as OptionCall;
const close = libc.func('int close(int fd)') as (fd: number) => number;

// The same numbers on every architecture since Linux 5.6.
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOL_NETLINK = 270;
const NETLINK_NO_ENOBUFS = 5;

/** Those of rtnetlink that belong to a group: that of the failover thread alone (`link`), and that of the main thread. */
export type SocketName = 'link' | 'neigh';

/** Gives a socket of the daemon so small a buffer (bytes, which the kernel doubles) that any storm overruns it. */
export function shrinkBuffer(pid: number, socket: SocketName, bytes: number): void {
  setOption(pid, socket, SOL_SOCKET, SO_RCVBUF, bytes);
}

/** Has the kernel report an overrun of a socket as an error again, which the daemon has switched off. */
export function reportOverruns(pid: number, socket: SocketName): void {
  setOption(pid, socket, SOL_NETLINK, NETLINK_NO_ENOBUFS, 0);
}

function setOption(pid: number, socket: SocketName, level: number, name: number, value: number): void {
  const pidfd = checked('pidfd_open', syscall(SYS_PIDFD_OPEN, pid, 0, 0));
  const fd = checked('pidfd_getfd', syscall(SYS_PIDFD_GETFD, pidfd, descriptorOf(pid, socket), 0));
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  checked('setsockopt', setsockopt(fd, level, name, bytes, bytes.length));
  close(fd);
  close(pidfd);
}

/** Groups as bits: RTNLGRP_LINK, RTNLGRP_NEIGH (linux/rtnetlink.h). */
const [LINK, NEIGH] = [1 << 0, 1 << 2];

/** The failover thread's belongs to RTNLGRP_LINK and to no other group, the main thread's to RTNLGRP_NEIGH too; there are more. */
function descriptorOf(pid: number, socket: SocketName): number {
  const inodes = new Map<string, SocketName>();
  for (const line of readFileSync(`/proc/${pid}/net/netlink`, 'utf8').trimEnd().split('\n').slice(1)) {
    // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    const [, protocol, , groups = '0', , , , , , inode = ''] = line.trim().split(/\s+/);
    const mask = protocol === '0' ? Number.parseInt(groups, 16) : 0;
    if (mask === LINK) inodes.set(`socket:[${inode}]`, 'link');
    else if ((mask & NEIGH) !== 0) inodes.set(`socket:[${inode}]`, 'neigh');
  }
  const own = readdirSync(`/proc/${pid}/fd`).find((fd) => {
    try {
      return inodes.get(readlinkSync(`/proc/${pid}/fd/${fd}`)) === socket;
    } catch {
      return false; // closed meanwhile
    }
  });
  if (own === undefined) throw new Error(`process ${pid} has no ${socket} socket`);
  return Number(own);
}

function checked(what: string, result: number): number {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
  return result;
}
