import type { Ip } from '../addr/ip.js';
import { type Mac, MAC_LENGTH, macFromBytes, writeMac } from '../addr/mac.js';
import { FrameError } from '../errors.js';

/*
 * An Ethernet frame (IEEE 802.3) with VLAN tags (IEEE 802.1Q), the outermost first, all fields in network order:
 *
 *    0              6         12
 *    +--------------+---------+------+-----+- - -+-----------+-----------------------+
 *    | destination  | source  | TPID | TCI |  …  | EtherType | payload, zero padding |
 *    +--------------+---------+------+-----+- - -+-----------+-----------------------+
 *                               one pair a tag
 *    TCI: 3 bits priority, 1 bit drop eligible, 12 bits VLAN identifier
 */
const ETHERNET_HEADER_LENGTH = 2 * MAC_LENGTH + 2;
const TAG_LENGTH = 4;

/**
 * The shortest payload: 60 bytes of frame without the check sequence. Tags come on top, so that a switch that takes
 * one off is left with a whole frame.
 */
const MIN_PAYLOAD_LENGTH = 46;

/** EtherTypes that mark a VLAN tag: 802.1Q and 802.1ad. */
const TPIDS = new Set([0x8100, 0x88a8]);

/** A VLAN tag: its EtherType and VLAN identifier; we send priority 0. */
export interface Tag {
  readonly tpid: number;
  readonly vid: number;
}

/*
 * Names for exits, for frames and for the addresses there, to be the keys of maps. They are made here and never taken
 * apart: whoever needs the parts keeps them beside the key.
 */

/** Names an exit of the host: a bond, and the tags that frames leave with, the outermost first. */
export function exitKey({ bond, tags }: { readonly bond: number; readonly tags: readonly Tag[] }): string {
  return `${bond}${stackKey(tags)}`;
}

/** Names a stack of tags, wherever it is seen. */
export function stackKey(tags: readonly Tag[]): string {
  let key = '';
  for (const { tpid, vid } of tags) key += `/${tpid}.${vid}`;
  return key;
}

/** Names the frames of a station at an exit. */
export function frameKey(station: Parameters<typeof exitKey>[0] & { readonly mac: Mac }): string {
  return [station.mac, exitKey(station)].join(' '); // in one piece, which takes half the memory of a template's
}

/** Names an address. @param where the key of the exit, or of the station's frames, that has it */
export function addressKey(where: string, ip: Ip): string {
  return [where, ip].join(' ');
}

/** The values of a frame. */
export interface EthernetFrame {
  readonly destination: Mac;
  readonly source: Mac;
  readonly tags: readonly Tag[];
  readonly etherType: number;
  /** Without padding when encoding; with whatever followed when decoded. */
  readonly payload: Uint8Array;
}

/** A frame, padded to the minimum, without the check sequence. @throws FrameError for a VLAN outside 0 to 4095 */
export function encodeEthernet({ destination, source, tags, etherType, payload }: EthernetFrame): Uint8Array {
  const header = ETHERNET_HEADER_LENGTH + TAG_LENGTH * tags.length;
  const bytes = new Uint8Array(header + Math.max(payload.length, MIN_PAYLOAD_LENGTH));
  const view = new DataView(bytes.buffer);
  writeMac(destination, bytes, 0);
  writeMac(source, bytes, MAC_LENGTH);
  let at = 2 * MAC_LENGTH;
  for (const { tpid, vid } of tags) {
    if (!Number.isInteger(vid) || vid < 0 || vid > 4095) throw new FrameError(`VLAN ${vid} is not within 0 to 4095`);
    view.setUint16(at, tpid);
    view.setUint16(at + 2, vid);
    at += TAG_LENGTH;
  }
  view.setUint16(at, etherType);
  bytes.set(payload, header);
  return bytes;
}

/** The values of a frame; its payload is not copied. @throws FrameError when the bytes end within the header */
export function decodeEthernet(bytes: Uint8Array): EthernetFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags: Tag[] = [];
  let at = 2 * MAC_LENGTH;
  for (;;) {
    if (at + 2 > bytes.length) throw new FrameError(`frame of ${bytes.length} bytes ends inside the Ethernet header`);
    const type = view.getUint16(at);
    if (!TPIDS.has(type)) break;
    if (at + TAG_LENGTH > bytes.length) throw new FrameError(`frame of ${bytes.length} bytes ends inside a VLAN tag`);
    tags.push({ tpid: type, vid: view.getUint16(at + 2) & 0xfff });
    at += TAG_LENGTH;
  }
  return {
    destination: macFromBytes(bytes, 0),
    source: macFromBytes(bytes, MAC_LENGTH),
    tags,
    etherType: view.getUint16(at),
    payload: bytes.subarray(at + 2),
  };
}

/** The frame with other tags in place of all that it has. @throws FrameError as the two above */
export function retag(bytes: Uint8Array, tags: readonly Tag[]): Uint8Array {
  return encodeEthernet({ ...decodeEthernet(bytes), tags });
}
