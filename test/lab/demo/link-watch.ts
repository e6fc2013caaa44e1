import koffi from 'koffi';
import { ip } from '../net/ip.js';
import type { Lab } from '../net/lab.js';
import { inNetns } from '../net/netns.js';
import { readLink, type LinkState } from './link-message.js';

const AF_NETLINK = 16;
const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 1;
/** ETH_P_ALL in the network's order. */
const EVERY_PROTOCOL = 0x0300;
const MSG_DONTWAIT = 0x40;
const SIOCGSTAMP = 0x8906;
const DEVICE = 'nlmon0';

const libc = koffi.load(null);
const c = {
  socket: libc.func('int socket(int domain, int type, int protocol)') as (d: number, t: number, p: number) => number,
  bind: libc.func('int bind(int fd, void *address, uint32_t length)') as (fd: number, a: Buffer, n: number) => number,
  recv: libc.func('int64_t recv(int fd, void *into, size_t n, int flags)') as (
    fd: number,
    into: Buffer,
    n: number,
    flags: number,
  ) => number,
  ioctl: libc.func('int ioctl(int fd, unsigned long request, void *value)') as (
    fd: number,
    request: number,
    value: Buffer,
  ) => number,
  ifindex: libc.func('uint32_t if_nametoindex(const char *name)') as (name: string) => number,
  close: libc.func('int close(int fd)') as (fd: number) => number,
};

/**
 * Keeps what the kernel says about a namespace's devices, with the kernel's own time stamps, by an nlmon device. Nothing
 * wakes up for a message: a program that listens would be late by whatever else the only CPU does, and would itself
 * make the daemon late.
 */
export class LinkWatch {
  private constructor(private readonly packets: number) {}

  /** Starts it, ready for the next change; it ends with the lab. Rejects on a kernel without nlmon. */
  static async start(lab: Lab, netns: string): Promise<LinkWatch> {
    await ip(netns, [`link add ${DEVICE} type nlmon`, `link set ${DEVICE} up`]);
    const sockets = inNetns(netns, () => [openPackets(), subscribe()] as const);
    lab.onDestroy(() => sockets.forEach((fd) => c.close(fd)));
    return new LinkWatch(sockets[0]);
  }

  /** Drops what came so far: a daemon that starts and reads all tables would fill the socket. */
  forget(): void {
    this.first(() => false);
  }

  /** The time (ms since 1970) of the first message not yet read that shows what is wanted; null if none does. */
  first(wanted: (link: LinkState) => boolean): number | null {
    const into = Buffer.alloc(8192);
    for (;;) {
      const length = c.recv(this.packets, into, into.length, MSG_DONTWAIT);
      if (length < 0) return null;
      const link = readLink(into.subarray(0, length));
      if (link !== null && wanted(link)) return stampOf(this.packets);
    }
  }
}

/** A packet socket on the nlmon device, whose messages wait in it until they are read. */
function openPackets(): number {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16LE(EVERY_PROTOCOL, 2);
  address.writeInt32LE(c.ifindex(DEVICE), 4);
  const fd = bound(c.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0), address);
  // Asked for once, it stamps from now on; there is nothing to tell yet.
  stampOf(fd);
  return fd;
}

/** The kernel makes messages only when somebody listens; this socket does, and is never read. */
function subscribe(): number {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(RTMGRP_LINK, 8);
  return bound(c.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE), address);
}

function bound(fd: number, address: Buffer): number {
  if (fd < 0 || c.bind(fd, address, address.length) !== 0) throw new Error(`no socket: errno ${koffi.errno()}`);
  return fd;
}

/** When the packet that was read last came: struct timeval, seconds 8 | microseconds 8. */
function stampOf(fd: number): number {
  const time = Buffer.alloc(16);
  c.ioctl(fd, SIOCGSTAMP, time);
  return Number(time.readBigInt64LE(0)) * 1000 + Number(time.readBigInt64LE(8)) / 1000;
}
