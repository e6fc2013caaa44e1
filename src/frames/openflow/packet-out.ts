import { OpenFlowError } from '../../errors.js';
import { encodeMessage, type Version } from './message.js';

/*
 * PACKET_OUT with one action, `output`: the switch takes in a frame as if it had come by in_port, and hands it to port
 * NORMAL, its ordinary forwarding. All fields in network order, from the end of the header on.
 *
 * OpenFlow 1.0 (section 5.3.6 of 1.0.0; type 13):
 *    0            4         6             8                                    16
 *    | buffer_id  | in_port | actions_len | 0: u16, 8: u16, port u16, max_len u16 | frame
 *
 * OpenFlow 1.1 to 1.4 (section A.3.7 of 1.3.5; type 13):
 *    0            4         8             10       16
 *    | buffer_id  | in_port | actions_len | 6 pad  | 0: u16, 16: u16, port u32, max_len u16, 6 pad | frame
 *
 * OpenFlow 1.5 (section 7.3.6 of 1.5.1; type 13): in_port is a match on OXM field 0 of class 0x8000
 *    0            4             6      8                                                     24
 *    | buffer_id  | actions_len | pad  | 1: u16, 12: u16, 0x80000004: u32, in_port u32, 4 pad | as in 1.1 | frame
 *
 * buffer_id OFP_NO_BUFFER: the frame is in the message.
 */
const PACKET_OUT = 13;
const NO_BUFFER = 0xffffffff;

/** Ports with a meaning: from here on, and in the versions after 1.0 from 0xffffff00 on (OpenFlow 1.3.5 section A.2.1). */
const FIRST_RESERVED = 0xff00;
const RESERVED_WIDE = 0xffff0000;
const NORMAL = 0xfffa;

/** The in_port of a frame that came by no port: the switch learns nothing from it. */
export const IN_PORT_CONTROLLER = 0xfffd;

/** BARRIER_REQUEST: 18 in OpenFlow 1.0, 20 later; the answer's type is the next. */
const barrierType = (version: Version): number => (version === 1 ? 18 : 20);

/** A frame, and the port that it is to come by, numbered as in OpenFlow 1.0 and in the database of Open vSwitch. */
export interface PacketOut {
  readonly inPort: number;
  readonly frame: Uint8Array;
}

/** Has a frame forwarded. @throws OpenFlowError for a port that no switch can have, and for a frame that is too long */
export function encodePacketOut(version: Version, xid: number, { inPort, frame }: PacketOut): Uint8Array {
  if (!Number.isInteger(inPort) || inPort < 1 || inPort > 0xffff)
    throw new OpenFlowError('EINVAL', `${inPort} is not an OpenFlow port`);
  const head = version === 1 ? head10(inPort) : version === 6 ? head15(inPort) : head11(inPort);
  const body = new Uint8Array(head.byteLength + frame.length);
  body.set(new Uint8Array(head.buffer));
  body.set(frame, head.byteLength);
  return encodeMessage({ version, type: PACKET_OUT, xid, body });
}

/** Asks for an answer once all that was sent before has been dealt with (OpenFlow 1.3.5 section A.3.8). */
export function encodeBarrierRequest(version: Version, xid: number): Uint8Array {
  return encodeMessage({ version, type: barrierType(version), xid, body: new Uint8Array(0) });
}

/** The type of the answer to a barrier. */
export function barrierReplyType(version: Version): number {
  return barrierType(version) + 1;
}

function head10(inPort: number): DataView {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, NO_BUFFER);
  view.setUint16(4, inPort);
  view.setUint16(6, 8);
  view.setUint16(10, 8);
  view.setUint16(12, NORMAL);
  return view;
}

function head11(inPort: number): DataView {
  const view = new DataView(new ArrayBuffer(32));
  view.setUint32(0, NO_BUFFER);
  view.setUint32(4, wide(inPort));
  view.setUint16(8, 16);
  writeOutput(view, 16);
  return view;
}

function head15(inPort: number): DataView {
  const view = new DataView(new ArrayBuffer(40));
  view.setUint32(0, NO_BUFFER);
  view.setUint16(4, 16);
  view.setUint16(8, 1);
  view.setUint16(10, 12);
  view.setUint32(12, 0x80000004);
  view.setUint32(16, wide(inPort));
  writeOutput(view, 24);
  return view;
}

function writeOutput(view: DataView, at: number): void {
  view.setUint16(at + 2, 16);
  view.setUint32(at + 4, wide(NORMAL));
}

function wide(port: number): number {
  return port < FIRST_RESERVED ? port : RESERVED_WIDE + port;
}
