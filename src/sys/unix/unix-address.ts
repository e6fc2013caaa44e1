import path from 'node:path';
import * as libc from '../libc.js';

/** A path ends with a NUL byte, of which there must be room in 108 bytes. */
export const LONGEST_NAME = 107;

const FAMILY_BYTES = 2;

/**
 * struct sockaddr_un (unix(7)): 0 family u16   2 path and a NUL; abstract: a NUL, then the name, to the end.
 * @param name a path or, with `@` in front, an abstract name; cut off at LONGEST_NAME bytes
 */
export function unixAddress(name: string): Uint8Array {
  const bytes = Buffer.from(name).subarray(0, LONGEST_NAME);
  const isAbstract = name.startsWith('@');
  const address = new Uint8Array(new ArrayBuffer(FAMILY_BYTES + bytes.length + (isAbstract ? 0 : 1)));
  new Uint16Array(address.buffer, 0, 1)[0] = libc.AF_UNIX;
  address.set(bytes, FAMILY_BYTES);
  if (isAbstract) address[FAMILY_BYTES] = 0;
  return address;
}

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
    if (libc.connect(fd, address, address.length) < 0) {
      const errno = libc.lastErrno();
      return ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(errno) ? null : { errno };
    }
    const ucred = libc.getOption(fd, libc.SOL_SOCKET, SO_PEERCRED, 3); // struct ucred: s32 pid, u32 uid, u32 gid
    return ucred ? ucred[0] || null : { errno: libc.lastErrno() };
  } finally {
    libc.close(fd);
  }
}
