import path from 'node:path';
import * as libc from '../libc.js';
import { unixAddress } from './unix-address.js';

// bits/socket.h, asm-generic/socket.h
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SO_PEERCRED = 17;

/**
 * Which process listens on a unix socket (unix(7): SO_PEERCRED). Connects, says nothing, and goes.
 * @returns null where nobody listens, or its process is not of our pid namespace
 * @throws nothing; a socket that we may not connect to gives its symbolic errno
 */
export function listenerOf(file: string): number | null | { readonly errno: string } {
  const fd = libc.socket(libc.AF_UNIX, SOCK_STREAM | libc.SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return { errno: libc.lastErrno() };
  try {
    const address = unixAddress(path.resolve(file));
    if (libc.connect(fd, address, address.length) < 0) return absent(libc.lastErrno());
    const ucred = new Int32Array(new ArrayBuffer(12)); // struct ucred: s32 pid, u32 uid, u32 gid
    const result = libc.getsockopt(fd, libc.SOL_SOCKET, SO_PEERCRED, new Uint8Array(ucred.buffer), Uint32Array.of(12));
    return result < 0 ? { errno: libc.lastErrno() } : ucred[0] || null;
  } finally {
    libc.close(fd);
  }
}

const absent = (errno: string): null | { errno: string } =>
  ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(errno) ? null : { errno };
