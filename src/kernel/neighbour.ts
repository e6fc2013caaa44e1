import { ipFromBytes } from '../addr/ip.js';
import { MAC_LENGTH, macFromBytes } from '../addr/mac.js';
import { eachAttribute, type Span } from './attributes.js';
import * as c from './constants.js';
import type { KernelEvent } from './events.js';

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
export function decodeNeighbour(body: Span, gone: boolean): KernelEvent | null {
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
