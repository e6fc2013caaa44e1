import { LITTLE_ENDIAN } from './attributes.js';
import * as c from './constants.js';

/*
 * Requests as nested lists, the way the kernel reads them: a message has a header (nlmsghdr, in decode.ts), a fixed
 * struct and attributes (nlattr, in attributes.ts); an attribute may hold attributes. All are padded to 4 bytes.
 */
const ATTRIBUTE_HEADER_LENGTH = 4;

/** Numbers one after the other, each 32 bits in host byte order: what most structs of rtnetlink are made of. */
export function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values, (value) => value >>> 0).buffer);
}

/** A 16-bit number in host byte order. */
export function half(value: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(value).buffer);
}

/** A 32-bit number in network byte order, as a number that `words` writes so. */
export function networkWord(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return view.getUint32(0, LITTLE_ENDIAN);
}

/** A 16-bit number in network byte order, as a number that is written in host byte order. */
export function networkHalf(value: number): number {
  return LITTLE_ENDIAN ? ((value & 0xff) << 8) | (value >> 8) : value;
}

/** Text as the kernel reads it: with a NUL at its end. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

/** An attribute. Its length counts no padding, but the bytes have it. */
export function attribute(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = ATTRIBUTE_HEADER_LENGTH + sum(parts);
  const bytes = joined(ATTRIBUTE_HEADER_LENGTH, parts);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, length, LITTLE_ENDIAN);
  view.setUint16(2, type, LITTLE_ENDIAN);
  return bytes;
}

/**
 * A request that the kernel acknowledges at the least, with `seq` in its answer.
 * @param parts the fixed struct of this type, then attributes
 */
export function request(type: number, flags: number, seq: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return message(type, c.NLM_F_REQUEST | c.NLM_F_ACK | flags, seq, ...parts);
}

/** A message with these flags and no others. */
export function message(type: number, flags: number, seq: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = joined(c.NLMSG_HEADER_LENGTH, parts);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint16(6, flags, LITTLE_ENDIAN);
  view.setUint32(8, seq, LITTLE_ENDIAN);
  return bytes;
}

function joined(headerLength: number, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array((headerLength + sum(parts) + 3) & ~3);
  let at = headerLength;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}
