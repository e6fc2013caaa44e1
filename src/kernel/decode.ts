import { ipFromBytes } from '../addr/ip.js';
import { type Mac, MAC_LENGTH, macFromBytes } from '../addr/mac.js';
import { NetlinkDecodeError } from '../errors.js';
import { LITTLE_ENDIAN, locate, locatedBytes, locatedU16, locatedU32, Span, pick } from './attributes.js';
import * as c from './constants.js';
import type { AddressEvent, FdbEvent, ForwardingEvent, KernelEvent } from './events.js';
import { decodeLink } from './link.js';
import { decodeFilter, decodeQdisc } from './tc-events.js';
import { decodePortVlans } from './port-vlans.js';

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
 * Decodes a netlink datagram, which is not kept. A message that will not decode becomes a `lost` event, and the messages
 * around it still count.
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

/** The sequence number of a datagram's first message, which an answer has from its request; 0 where there is none. */
export function sequenceOf(datagram: Uint8Array): number {
  if (datagram.byteLength < c.NLMSG_HEADER_LENGTH) return 0;
  return new DataView(datagram.buffer, datagram.byteOffset).getUint32(8, LITTLE_ENDIAN);
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
      case c.RTM_NEWVLAN:
      case c.RTM_DELVLAN:
        return decodePortVlans(body, type === c.RTM_DELVLAN);
      case c.RTM_NEWNETCONF:
        return decodeForwarding(body);
      case c.RTM_NEWTFILTER:
        return decodeFilter(body);
      case c.RTM_NEWQDISC:
        return decodeQdisc(body);
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

/** The end of a dump carries its result: 0, or the negative error number that cut it short. */
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
export const NDMSG_LENGTH = 12;

const NEIGHBOUR_ATTRIBUTES = [c.NDA_LLADDR, c.NDA_DST, c.NDA_VLAN, c.NDA_MASTER, c.NDA_FLAGS_EXT] as const;
const [LLADDR, DST, VLAN, MASTER, FLAGS_EXT] = [0, 1, 2, 3, 4];

/** Where the attributes of the row at hand are. Tables have hundreds of thousands of rows, so that each costs little. */
const PLACES = new Int32Array(2 * NEIGHBOUR_ATTRIBUTES.length);

/** A MAC has rows in many VLANs, one after the other. */
class LastMac {
  private high = -1;
  private low = -1;
  private mac: Mac | null = null;

  at(view: DataView, at: number): Mac {
    const [high, low] = [view.getUint32(at), view.getUint16(at + 4)];
    if (this.mac !== null && high === this.high && low === this.low) return this.mac;
    [this.high, this.low] = [high, low];
    return (this.mac = macFromBytes(new Uint8Array(view.buffer, view.byteOffset + at, MAC_LENGTH)));
  }
}

const LAST = new LastMac();

/**
 * A row of RTM_NEWNEIGH or RTM_DELNEIGH; null without an address of use: another family, or an FDB row without a MAC.
 * @throws NetlinkDecodeError
 */
function decodeNeighbour(body: Span, gone: boolean): KernelEvent | null {
  const family = body.u8(0);
  const ifindex = body.i32(4);
  const state = body.u16(8);
  const flags = body.u8(10);
  locate(body, NDMSG_LENGTH, NEIGHBOUR_ATTRIBUTES, PLACES);
  const mac = locatedMac(body);
  if (family === c.AF_BRIDGE) return mac && decodeFdb(body.view, { gone, mac, port: ifindex, state, flags });
  if (family !== c.AF_INET && family !== c.AF_INET6) return null;
  const dst = locatedBytes(body.view, PLACES, DST);
  const address = dst && ipFromBytes(dst, 0, dst.length);
  return address ? { type: 'neighbour', gone, ifindex, address, mac, state } : null;
}

/** null for an address of another length, such as InfiniBand's. */
function locatedMac({ view }: Span): Mac | null {
  const start = PLACES[2 * LLADDR] ?? 0;
  return (PLACES[2 * LLADDR + 1] ?? 0) - start === MAC_LENGTH ? LAST.at(view, start) : null;
}

function decodeFdb(view: DataView, row: Pick<FdbEvent, 'gone' | 'mac' | 'port' | 'state' | 'flags'>): FdbEvent {
  const { gone, mac, port, state, flags } = row;
  const vlan = locatedU16(view, PLACES, VLAN);
  const bridge = locatedU32(view, PLACES, MASTER);
  const event: FdbEvent = { type: 'fdb', gone, mac, port, bridge, vlan, state, flags };
  const isLocked = ((locatedU32(view, PLACES, FLAGS_EXT) ?? 0) & c.NTF_EXT_LOCKED) !== 0;
  return isLocked ? { ...event, locked: true } : event;
}

/*
 * struct ifaddrmsg (linux/if_addr.h):
 *
 *    0        1            2       3       4         8
 *    +--------+------------+-------+-------+---------+------------
 *    | family | prefix len | flags | scope | ifindex | attributes
 *    +--------+------------+-------+-------+---------+------------
 *    IFA_FLAGS, where it comes, has all the flags; the byte has no room for those that came later.
 */
export const IFADDRMSG_LENGTH = 8;

/** struct netconfmsg (linux/netconf.h): the family, padded to 4. */
export const NETCONFMSG_LENGTH = 4;

/** What stands for settings that are no device's. */
const NO_DEVICES = new Set([0, c.NETCONFA_IFINDEX_ALL, c.NETCONFA_IFINDEX_DEFAULT]);

const UNUSABLE = c.IFA_F_TENTATIVE | c.IFA_F_OPTIMISTIC | c.IFA_F_DADFAILED;

/**
 * The address of RTM_NEWADDR or RTM_DELADDR; null for a family that is not IP. On a point-to-point device IFA_ADDRESS is
 * the peer's address and IFA_LOCAL ours (net/ipv4/devinet.c:inet_fill_ifaddr); IPv6 sends IFA_LOCAL only there.
 */
function decodeAddress(body: Span, gone: boolean): AddressEvent | null {
  const family = body.u8(0);
  if (family !== c.AF_INET && family !== c.AF_INET6) return null;
  const ifindex = body.u32(4);
  const [longFlags, local, peer] = pick(body.from(IFADDRMSG_LENGTH), [c.IFA_FLAGS, c.IFA_LOCAL, c.IFA_ADDRESS]);
  const flags = longFlags?.u32() ?? body.u8(2);
  const own = local ?? peer;
  const address = own && ipFromBytes(own.bytes, 0, own.length);
  return address ? { type: 'address', gone, ifindex, address, usable: (flags & UNUSABLE) === 0 } : null;
}

/** What RTM_NEWNETCONF of family AF_INET6 says of forwarding by a device; null when it says nothing of that. */
function decodeForwarding(body: Span): ForwardingEvent | null {
  if (body.u8(0) !== c.AF_INET6) return null;
  const [device, value] = pick(body.from(NETCONFMSG_LENGTH), [c.NETCONFA_IFINDEX, c.NETCONFA_FORWARDING]);
  const ifindex = device?.i32() ?? 0;
  const forwarding = value?.i32();
  return forwarding !== undefined && !NO_DEVICES.has(ifindex)
    ? { type: 'forwarding', ifindex, forwarding: forwarding > 0 }
    : null;
}
