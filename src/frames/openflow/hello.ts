import { encodeMessage, type Message, TYPE, type Version, VERSIONS } from './message.js';

/*
 * HELLO (OpenFlow 1.3.5 sections 6.3.1 and A.5.1): the version field of its header is the highest that the sender
 * speaks. Its body is a list of elements, each padded to 8 bytes; before OpenFlow 1.3.1 there are none.
 *
 *    0             2             4
 *    +-------------+-------------+----------------------
 *    | type        | length      | type 1: bitmaps, 32 bits each; bit n of the first one stands for version n
 *    +-------------+-------------+----------------------
 */
const VERSION_BITMAP = 1;
const ELEMENT_HEADER = 4;

/** The first message of either side: the versions that it speaks. @param versions at least one */
export function encodeHello(xid: number, versions: readonly Version[] = VERSIONS): Uint8Array {
  const body = new Uint8Array(2 * ELEMENT_HEADER);
  const view = new DataView(body.buffer);
  view.setUint16(0, VERSION_BITMAP);
  view.setUint16(2, body.length);
  view.setUint32(ELEMENT_HEADER, bitmapOf(versions));
  return encodeMessage({ version: Math.max(...versions), type: TYPE.hello, xid, body });
}

/**
 * The version that both sides are to speak from here on: the highest that both name; where the peer names none in
 * particular, the highest of ours that is not beyond its own.
 * @returns null when there is none
 */
export function negotiate(hello: Message, versions: readonly Version[] = VERSIONS): Version | null {
  const bitmap = bitmapIn(hello.body);
  const spoken = (version: Version): boolean =>
    bitmap === null ? version <= hello.version : (bitmap & (1 << version)) !== 0;
  return [...versions].reverse().find(spoken) ?? null;
}

function bitmapOf(versions: readonly Version[]): number {
  return versions.reduce((bits, version) => bits | (1 << version), 0);
}

/** Elements that make no sense are passed over, as unknown ones are. */
function bitmapIn(body: Uint8Array): number | null {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at + ELEMENT_HEADER <= body.length;) {
    const length = view.getUint16(at + 2);
    if (length < ELEMENT_HEADER) return null;
    const whole = length >= 2 * ELEMENT_HEADER && at + 2 * ELEMENT_HEADER <= body.length;
    if (view.getUint16(at) === VERSION_BITMAP && whole) return view.getUint32(at + ELEMENT_HEADER);
    at += Math.ceil(length / 8) * 8;
  }
  return null;
}
