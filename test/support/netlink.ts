/** Netlink messages put together by hand, for what no kernel says. Little endian, as the recordings are. */

/** struct nlattr with its padding. */
export function attribute(type: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc((4 + payload.length + 3) & ~3);
  bytes.writeUInt16LE(4 + payload.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(payload, 4);
  return bytes;
}

export const nested = (type: number, ...inner: Uint8Array[]): Buffer => attribute(type, Buffer.concat(inner));
export const text = (type: number, value: string): Buffer => attribute(type, Buffer.from(`${value}\0`));
export const u8 = (type: number, value: number): Buffer => attribute(type, Buffer.of(value));

export function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return attribute(type, bytes);
}

export interface Header {
  readonly type: number;
  readonly flags?: number;
  readonly seq?: number;
}

/** struct nlmsghdr and its body, padded to 4. */
export function message({ type, flags = 0, seq = 0 }: Header, ...body: Uint8Array[]): Buffer {
  const content = Buffer.concat(body);
  const bytes = Buffer.alloc((16 + content.length + 3) & ~3);
  bytes.writeUInt32LE(16 + content.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(seq, 8);
  bytes.set(content, 16);
  return bytes;
}

/** struct ifinfomsg. */
export function ifinfomsg(ifindex: number, flags = 0, family = 0): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt8(family, 0);
  bytes.writeInt32LE(ifindex, 4);
  bytes.writeUInt32LE(flags >>> 0, 8);
  return bytes;
}

/** struct ndmsg. */
export function ndmsg(ifindex: number, { family = 7, state = 2, flags = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt8(family, 0);
  bytes.writeInt32LE(ifindex, 4);
  bytes.writeUInt16LE(state, 8);
  bytes.writeUInt8(flags, 10);
  return bytes;
}

/** A signed error number, as NLMSG_ERROR and NLMSG_DONE carry it. */
export function result(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(number);
  return bytes;
}

/** The bounds of the messages in a datagram. */
export function messageBounds(datagram: Uint8Array): { start: number; end: number }[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const bounds = [];
  for (let start = 0; start < datagram.length;) {
    const length = view.getUint32(start, true);
    bounds.push({ start, end: start + length });
    start += (length + 3) & ~3;
  }
  return bounds;
}
