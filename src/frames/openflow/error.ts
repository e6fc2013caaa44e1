import type { Message } from './message.js';

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
