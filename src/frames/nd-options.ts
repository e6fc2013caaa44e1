import { type Mac, macFromBytes, writeMac } from '../addr/mac.js';
import { FrameError } from '../errors.js';

/*
 * Options of Neighbor Discovery (RFC 4861 section 4.6), one after the other:
 *
 *    0      1        2
 *    +------+--------+----------- - -
 *    | type | length | value          length in units of 8 bytes, type and length included
 *    +------+--------+----------- - -
 */
export const SOURCE_LINK_LAYER = 1;
export const TARGET_LINK_LAYER = 2;
/** A link-layer address option over Ethernet (RFC 2464 section 6). */
export const LINK_LAYER_OPTION_LENGTH = 8;

/** Writes a link-layer address option into `bytes` at `at`. */
export function writeLinkLayerOption(type: number, mac: Mac, bytes: Uint8Array, at: number): void {
  bytes[at] = type;
  bytes[at + 1] = LINK_LAYER_OPTION_LENGTH / 8;
  writeMac(mac, bytes, at + 2);
}

/**
 * The link-layer address in the options that fill `bytes`.
 * @param wanted which of the two
 * @returns the address, or null when there is none
 * @throws FrameError when an option has no length (RFC 4861 section 4.6) or ends too late, when the address is not
 *   Ethernet's, and when there are two: receivers would not agree on one
 */
export function linkLayerOption(bytes: Uint8Array, wanted: number): Mac | null {
  let found: Mac | null = null;
  for (let at = 0; at < bytes.length;) {
    const length = 8 * (bytes[at + 1] ?? 0);
    if (length === 0) throw new FrameError('an ND option has no length');
    if (at + length > bytes.length) throw new FrameError('an ND option is longer than its message');
    if (bytes[at] === wanted) {
      if (length !== LINK_LAYER_OPTION_LENGTH) throw new FrameError('an ND option has no Ethernet address');
      if (found !== null) throw new FrameError('an ND message has two link-layer addresses');
      found = macFromBytes(bytes, at + 2);
    }
    at += length;
  }
  return found;
}
