import path from 'node:path';
import * as libc from '../libc.js';

// bits/socket.h, asm-generic/socket.h, sys/un.h
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SO_PEERCRED = 17;
const PATH_AT = 2;
const PATH_BYTES = 108;

/**
 * Which process listens on a unix socket (unix(7): SO_PEERCRED). Connects, says nothing, and goes.
 * @returns null where nobody listens, or its process is not of our pid namespace
 * @throws nothing; a socket that we may not connect to gives its symbolic errno
 */
export function listenerOf(file: string): number | null | { readonly errno: string } {
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | libc.SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return { errno: libc.lastErrno() };
  try {
    const address = unixAddress(path.resolve(file));
    if (libc.connect(fd, address, address.length) < 0) return nobody(libc.lastErrno());
    const ucred = new Int32Array(new ArrayBuffer(12)); // struct ucred: s32 pid, u32 uid, u32 gid
    const result = libc.getsockopt(fd, libc.SOL_SOCKET, SO_PEERCRED, new Uint8Array(ucred.buffer), Uint32Array.of(12));
    return result < 0 ? { errno: libc.lastErrno() } : ucred[0] || null;
  } finally {
    libc.close(fd);
  }
}

const nobody = (errno: string): null | { errno: string } =>
  ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(errno) ? null : { errno };

/** struct sockaddr_un: u16 family, then the path and a NUL. */
function unixAddress(file: string): Uint8Array {
  const address = new Uint8Array(new ArrayBuffer(PATH_AT + PATH_BYTES));
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(new TextEncoder().encode(file).subarray(0, PATH_BYTES - 1), PATH_AT);
  return address;
}
