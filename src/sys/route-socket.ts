import fs from 'node:fs';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { SyscallError } from '../errors.js';
import * as libc from './libc.js';

/** An rtnetlink socket on the event loop: datagrams in, requests out. */
export interface RouteSocket {
  /** Called with each datagram's bytes. */
  onDatagram: (bytes: Uint8Array) => void;
  /** Called when a datagram was longer than it should be and came cut off, or when receiving failed. */
  onTrouble: (detail: string) => void;
  send(request: Uint8Array): void;
  /** How many messages the kernel has dropped for want of buffer since the socket was opened. */
  drops(): number;
  close(): void;
}

const NETLINK_ROUTE = 0;
const KERNEL_PORT = 0;
const SOL_NETLINK = 270;
const NETLINK_NO_ENOBUFS = 5;

/** Room for the changes that come while the event loop is busy: 20,000 changes of about 800 bytes each. */
const RECEIVE_BUFFER_BYTES = 16 << 20;

/**
 * Opens the socket and joins `groups` (RTNLGRP_* numbers).
 *
 * The `netlink` package ends the process when the kernel reports an overrun (ENOBUFS), listener or not. So that report
 * is switched off before any group is joined; `drops` tells of overruns instead.
 * @throws SyscallError
 */
export function openRouteSocket(groups: readonly number[]): RouteSocket {
  const raw = new RawNetlinkSocket(NETLINK_ROUTE);
  const inode = inodeOfPort(raw.address().port);
  const fd = descriptorOf(inode);
  if (fd === undefined || !libc.setOption(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)) {
    raw.close();
    throw new SyscallError(
      'setsockopt',
      libc.lastErrno(),
      'the descriptor of the netlink socket was not found in /proc',
    );
  }
  libc.setBufferSize(fd, libc.SO_RCVBUFFORCE, libc.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  for (const group of groups) raw.addMembership(group);
  const result: RouteSocket = {
    onDatagram: () => undefined,
    onTrouble: () => undefined,
    send: (request) => {
      raw.send(Buffer.from(request), {}, (error) => error && result.onTrouble(`a request failed: ${error.code}`));
    },
    drops: () => Number(tableRow((row) => row.inode === inode)?.drops ?? 0),
    close: () => raw.close(),
  };
  raw.on('message', (bytes, { port }) => {
    // Any process with CAP_NET_ADMIN can send to our port; only the kernel is believed.
    if (port === KERNEL_PORT) result.onDatagram(bytes);
  });
  raw.on('truncatedMessage', () => result.onTrouble('a datagram was truncated'));
  raw.on('error', (error) => result.onTrouble(`receiving failed: ${error.code}`));
  return result;
}

/** The columns of /proc/net/netlink that we need. */
interface TableRow {
  readonly protocol: string | undefined;
  readonly port: string | undefined;
  readonly drops: string | undefined;
  readonly inode: string | undefined;
}

function tableRow(match: (row: TableRow) => boolean): TableRow | undefined {
  const [, ...lines] = fs.readFileSync('/proc/thread-self/net/netlink', 'utf8').trimEnd().split('\n');
  for (const line of lines) {
    // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    const [, protocol, port, , , , , , drops, inode] = line.trim().split(/\s+/);
    const row = { protocol, port, drops, inode };
    if (match(row)) return row;
  }
  return undefined;
}

function inodeOfPort(port: number): string | undefined {
  return tableRow((row) => row.protocol === String(NETLINK_ROUTE) && row.port === String(port))?.inode;
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
