import { OpenFlowError } from '../../errors.js';

/*
 * An OpenFlow message (OpenFlow Switch Specification 1.3.5 section A.1, the same in 1.0 to 1.5), in network order:
 *
 *    0         1        2             4                  8
 *    +---------+--------+-------------+------------------+----------
 *    | version | type   | length      | xid              | body
 *    +---------+--------+-------------+------------------+----------
 *    length: of the whole message; xid: an answer carries that of its request
 */
const HEADER_LENGTH = 8;

/** Types that are the same in all versions; those of PACKET_OUT and BARRIER are in packet-out.ts. */
export const TYPE = { hello: 0, error: 1, echoRequest: 2, echoReply: 3 } as const;

/** The version field: 1 for OpenFlow 1.0 to 6 for OpenFlow 1.5. */
export type Version = 1 | 2 | 3 | 4 | 5 | 6;
export const VERSIONS: readonly Version[] = [1, 2, 3, 4, 5, 6];

/** One message as it came. */
export interface Message {
  readonly version: number;
  readonly type: number;
  readonly xid: number;
  /** What follows the header; valid until the next bytes are taken. */
  readonly body: Uint8Array;
}

/** The bytes of a message. @throws OpenFlowError when it would be longer than the length field can say */
export function encodeMessage({ version, type, xid, body }: Message): Uint8Array {
  const length = HEADER_LENGTH + body.length;
  if (length > 0xffff) throw new OpenFlowError('EMSGSIZE', `an OpenFlow message of ${length} bytes is too long`);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, version);
  view.setUint8(1, type);
  view.setUint16(2, length);
  view.setUint32(4, xid);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

/** The answer to an ECHO_REQUEST: the same body and xid (section A.5.3). */
export function encodeEchoReply(request: Message): Uint8Array {
  return encodeMessage({ ...request, type: TYPE.echoReply });
}

/** Cuts a stream of bytes into messages. Holds less than one message, so 64 KiB at the most. */
export class MessageReader {
  private rest: Uint8Array = new Uint8Array(0);

  /** The messages that are whole now. @throws OpenFlowError for a length shorter than a header: what follows is lost */
  take(bytes: Uint8Array): Message[] {
    const all = this.rest.length === 0 ? bytes : new Uint8Array(Buffer.concat([this.rest, bytes]));
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
    const messages: Message[] = [];
    let at = 0;
    while (all.length - at >= HEADER_LENGTH) {
      const length = view.getUint16(at + 2);
      if (length < HEADER_LENGTH)
        throw new OpenFlowError('EPROTO', `an OpenFlow message has the invalid length ${length}`);
      if (length > all.length - at) break;
      const body = all.subarray(at + HEADER_LENGTH, at + length);
      messages.push({ version: view.getUint8(at), type: view.getUint8(at + 1), xid: view.getUint32(at + 4), body });
      at += length;
    }
    this.rest = all.slice(at);
    return messages;
  }
}

/*
 * ERROR (OpenFlow 1.0.0 section 5.4.4, OpenFlow 1.3.5 section A.4.4); its xid is that of the message that was refused:
 *
 *    0             2             4
 *    +-------------+-------------+----------------------
 *    | type        | code        | the message, or its first 64 bytes at least
 *    +-------------+-------------+----------------------
 *
 * Only the types that can answer what we send are here; up to 2 they are the same in all versions.
 */
const NAMES: Readonly<Record<number, readonly string[]>> = {
  0: ['OFPHFC_INCOMPATIBLE', 'OFPHFC_EPERM'],
  1: [
    'OFPBRC_BAD_VERSION',
    'OFPBRC_BAD_TYPE',
    'OFPBRC_BAD_MULTIPART',
    'OFPBRC_BAD_EXPERIMENTER',
    'OFPBRC_BAD_EXP_TYPE',
    'OFPBRC_EPERM',
    'OFPBRC_BAD_LEN',
    'OFPBRC_BUFFER_EMPTY',
    'OFPBRC_BUFFER_UNKNOWN',
    'OFPBRC_BAD_TABLE_ID',
    'OFPBRC_IS_SLAVE',
    'OFPBRC_BAD_PORT',
    'OFPBRC_BAD_PACKET',
  ],
  2: [
    'OFPBAC_BAD_TYPE',
    'OFPBAC_BAD_LEN',
    'OFPBAC_BAD_EXPERIMENTER',
    'OFPBAC_BAD_EXP_TYPE',
    'OFPBAC_BAD_OUT_PORT',
    'OFPBAC_BAD_ARGUMENT',
    'OFPBAC_EPERM',
    'OFPBAC_TOO_MANY',
  ],
};

/** Every other one; also those of vendors, among them what Open vSwitch says where OpenFlow 1.0 has no word. */
const OTHER = 'OFPET_OTHER';

/** The name of an error: of a closed set, because it is a label of metrics. `OFPET_OTHER` for a body that is cut off. */
export function errorName({ body }: Message): string {
  if (body.length < 4) return OTHER;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return NAMES[view.getUint16(0)]?.[view.getUint16(2)] ?? OTHER;
}

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
  const bitmap = versions.reduce((bits, version) => bits | (1 << version), 0);
  view.setUint32(ELEMENT_HEADER, bitmap);
  return encodeMessage({ version: Math.max(...versions), type: TYPE.hello, xid, body });
}

/**
 * The version that both sides are to speak: the highest that both name; where the peer lists none, the highest of ours
 * that is not beyond its own; null when there is none.
 */
export function negotiate(hello: Message, versions: readonly Version[] = VERSIONS): Version | null {
  const bitmap = bitmapIn(hello.body);
  const spoken = (version: Version): boolean =>
    bitmap === null ? version <= hello.version : (bitmap & (1 << version)) !== 0;
  return [...versions].reverse().find(spoken) ?? null;
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
