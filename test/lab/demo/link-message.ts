/**
 * Just enough of rtnetlink to see a link fail, apart from the program's own decoder:
 *
 *     0  nlmsghdr 16: length 4 | type 2 | flags 2 | sequence 4 | port 4
 *    16  ifinfomsg 16: family 1, pad 1 | device type 2 | index 4 | flags 4 | change 4
 *    32  attributes: length 2, this head included | type 2 | value, padded to 4
 */

/** What a message says about a device. */
export interface LinkState {
  name: string;
  /** Whether it is switched on. */
  up: boolean;
  /** Whether the bond sends by it; null on what is no bond's slave. */
  active: boolean | null;
}

const RTM_NEWLINK = 16;
const IFF_UP = 1;
const IFLA_IFNAME = 3;
const IFLA_LINKINFO = 18;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const IFLA_BOND_SLAVE_STATE = 1;

/** Reads a message as an nlmon device shows it; null if it is about something else. */
export function readLink(bytes: Buffer): LinkState | null {
  if (bytes.length < 32 || bytes.readUInt16LE(4) !== RTM_NEWLINK) return null;
  const link = attributes(bytes.subarray(32));
  const info = attributes(link.get(IFLA_LINKINFO));
  const isSlave = text(info.get(IFLA_INFO_SLAVE_KIND)) === 'bond';
  const state = attributes(info.get(IFLA_INFO_SLAVE_DATA)).get(IFLA_BOND_SLAVE_STATE)?.[0];
  return {
    name: text(link.get(IFLA_IFNAME)),
    up: (bytes.readUInt32LE(24) & IFF_UP) !== 0,
    active: isSlave && state !== undefined ? state === 0 : null,
  };
}

function attributes(bytes: Buffer = Buffer.alloc(0)): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    // The top bit says that there are attributes inside.
    found.set(bytes.readUInt16LE(at + 2) & 0x7fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

function text(bytes: Buffer = Buffer.alloc(0)): string {
  return bytes.toString('latin1').replace(/\0.*$/s, '');
}
