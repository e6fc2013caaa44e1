import { ipFromBytes } from '../addr/ip.js';
import { MAC_LENGTH, macFromBytes } from '../addr/mac.js';
import { NetlinkDecodeError } from '../errors.js';
import { decodeAddress, decodeForwarding } from './address.js';
import { eachAttribute, LITTLE_ENDIAN, Span } from './attributes.js';
import * as c from './constants.js';
import type { KernelEvent } from './events.js';
import { decodeLink } from './link.js';

/*
 * struct nlmsghdr (linux/netlink.h), host byte order; a datagram holds one or more, each padded to 4:
 *
 *    0         4      6       8        12       16
 *    +---------+------+-------+--------+--------+------
 *    | len     | type | flags | seq    | pid    | body
 *    +---------+------+-------+--------+--------+------
 *    len counts header and body, not the padding.
 */

/**
 * Decodes a netlink datagram. Nothing is dropped in silence: a message that will not decode becomes a `lost` event,
 * and the messages around it still count.
 * @param datagram as the kernel gave it; not kept
 */
export function decodeDatagram(datagram: Uint8Array): KernelEvent[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const events: KernelEvent[] = [];
  let at = 0;
  while (at < view.byteLength) {
    const left = view.byteLength - at;
    const length = left >= c.NLMSG_HEADER_LENGTH ? view.getUint32(at, LITTLE_ENDIAN) : 0;
    if (length < c.NLMSG_HEADER_LENGTH || length > left) {
      events.push(malformed(`a message of ${length} bytes exceeds the ${left} that are left`));
      break;
    }
    const event = decodeMessage(view, at, length);
    if (event) events.push(event);
    at += (length + 3) & ~3;
  }
  return events;
}

/** A copy of the first `count` messages of a datagram, or of all that it has. */
export function firstMessages(datagram: Uint8Array, count: number): Uint8Array {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  let end = 0;
  for (let n = 0; n < count && end + c.NLMSG_HEADER_LENGTH <= view.byteLength; n++)
    end += (Math.max(view.getUint32(end, LITTLE_ENDIAN), c.NLMSG_HEADER_LENGTH) + 3) & ~3;
  return new Uint8Array(datagram.subarray(0, end));
}

function decodeMessage(view: DataView, at: number, length: number): KernelEvent | null {
  const type = view.getUint16(at + 4, LITTLE_ENDIAN);
  const flags = view.getUint16(at + 6, LITTLE_ENDIAN);
  const seq = view.getUint32(at + 8, LITTLE_ENDIAN);
  const body = new Span(view, at + c.NLMSG_HEADER_LENGTH, at + length);
  try {
    switch (type) {
      case c.RTM_NEWLINK:
      case c.RTM_DELLINK:
        return decodeLink(body, type === c.RTM_DELLINK);
      case c.RTM_NEWNEIGH:
      case c.RTM_DELNEIGH:
        return decodeNeighbour(body, type === c.RTM_DELNEIGH);
      case c.RTM_NEWADDR:
      case c.RTM_DELADDR:
        return decodeAddress(body, type === c.RTM_DELADDR);
      case c.RTM_NEWNETCONF:
        return decodeForwarding(body);
      case c.RTM_NEWTFILTER:
        return { type: 'filter', ifindex: body.i32(4), pref: body.u32(16) >>> 16 };
      case c.NLMSG_DONE:
        return decodeDone(body, seq, (flags & c.NLM_F_DUMP_INTR) !== 0);
      case c.NLMSG_ERROR:
        return { type: 'answer', seq, errno: Math.abs(body.i32(0)) };
      case c.NLMSG_OVERRUN:
        return { type: 'lost', reason: 'overrun', detail: 'the kernel reports lost messages' };
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof NetlinkDecodeError) return malformed(`message type ${type}: ${error.message}`);
    throw error;
  }
}

/** The end of a dump carries the result of the dump: 0, or the negative error number that cut it short. */
function decodeDone(body: Span, seq: number, interrupted: boolean): KernelEvent {
  const result = body.length >= 4 ? body.i32(0) : 0;
  return result < 0 ? { type: 'answer', seq, errno: -result } : { type: 'done', seq, interrupted };
}

function malformed(detail: string): KernelEvent {
  return { type: 'lost', reason: 'malformed', detail };
}

/*
 * struct ndmsg (linux/neighbour.h):
 *
 *    0        1      4         8       10      11     12
 *    +--------+------+---------+-------+-------+------+------------
 *    | family | pad  | ifindex | state | flags | type | attributes
 *    +--------+------+---------+-------+-------+------+------------
 */
const NDMSG_LENGTH = 12;

/**
 * Decodes the body of an RTM_NEWNEIGH or RTM_DELNEIGH message.
 * @returns null for a row that names no address we can use: another family, or an FDB row without a MAC
 * @throws NetlinkDecodeError
 */
function decodeNeighbour(body: Span, gone: boolean): KernelEvent | null {
  const family = body.u8(0);
  const ifindex = body.i32(4);
  const state = body.u16(8);
  const flags = body.u8(10);
  let lladdr: Span | undefined;
  let dst: Span | undefined;
  let vlan: number | null = null;
  let bridge: number | null = null;
  eachAttribute(body.from(NDMSG_LENGTH), (type, value) => {
    if (type === c.NDA_LLADDR) lladdr = value;
    else if (type === c.NDA_DST) dst = value;
    else if (type === c.NDA_VLAN) vlan = value.u16();
    else if (type === c.NDA_MASTER) bridge = value.u32();
  });
  const mac = lladdr?.length === MAC_LENGTH ? macFromBytes(lladdr.bytes) : null;
  if (family === c.AF_BRIDGE) {
    return mac && { type: 'fdb', gone, mac, port: ifindex, bridge, vlan, state, flags };
  }
  if (family !== c.AF_INET && family !== c.AF_INET6) return null;
  const address = dst && ipFromBytes(dst.bytes, 0, dst.length);
  return address ? { type: 'neighbour', gone, ifindex, address, mac, state } : null;
}
