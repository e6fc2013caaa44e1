import * as libc from '../libc.js';

/** A path ends with a NUL byte, of which there must be room in 108 bytes. */
export const LONGEST_NAME = 107;

const FAMILY_BYTES = 2;

/**
 * struct sockaddr_un (unix(7)): 0 family u16   2 path and a NUL; abstract: a NUL, then the name, to the end.
 * @param name a path or, with `@` in front, an abstract name; cut off at LONGEST_NAME bytes
 */
export function unixAddress(name: string): Uint8Array {
  const path = Buffer.from(name).subarray(0, LONGEST_NAME);
  const isAbstract = name.startsWith('@');
  const address = new Uint8Array(new ArrayBuffer(FAMILY_BYTES + path.length + (isAbstract ? 0 : 1)));
  new Uint16Array(address.buffer, 0, 1)[0] = libc.AF_UNIX;
  address.set(path, FAMILY_BYTES);
  if (isAbstract) address[FAMILY_BYTES] = 0;
  return address;
}
