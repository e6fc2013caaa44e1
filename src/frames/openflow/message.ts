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

/**
 * The bytes of a message.
 * @throws OpenFlowError when it would be longer than the length field can say
 */
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

  /**
   * The messages that are whole now.
   * @throws OpenFlowError for a length that is shorter than a header: from there on nothing can be told apart
   */
  take(bytes: Uint8Array): Message[] {
    const all = this.rest.length === 0 ? bytes : concat(this.rest, bytes);
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

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
