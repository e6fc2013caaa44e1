import { assemble, type Instruction, jump, label, load, pass } from './assembler.js';
import { byType, MARK, neighborDiscovery } from './snoop-filter.js';

/** SKF_AD_PKTTYPE of linux/filter.h: which way the frame passes the device, as in sockaddr_ll of packet(7). */
const PACKET_TYPE = 4;
const PACKET_OUTGOING = 4;
const PACKET_LOOPBACK = 5;

/** Which frames of a link: those that come in, those that leave, and those that leave and that we have sent ourselves. */
export type PassingFrames = 'in' | 'out' | 'ours';

/**
 * The beginning of a filter: ARP, RARP and Neighbor Discovery behind up to two tags and the one in the frame's metadata,
 * that pass a link in one way. It goes on at its end with them, A and X being 0, for a second program to stand there.
 * @param ownMark the mark of the frames that we send
 */
export function watchFilter(frames: PassingFrames, ownMark: number): Instruction[] {
  const outgoing = frames === 'in' ? { yes: 'drop' } : { no: 'drop' };
  const marked = frames === 'ours' ? { no: 'drop' } : { yes: 'drop' };
  return assemble([
    load.special(PACKET_TYPE),
    jump.equal(PACKET_LOOPBACK, { yes: 'drop' }),
    jump.equal(PACKET_OUTGOING, outgoing),
    ...(frames === 'in' ? [] : [load.special(MARK), jump.equal(ownMark, marked)]),
    ...byType('drop'),
    ...neighborDiscovery,
    label('drop'),
    pass(0),
    label('pass'),
    load.x(0),
    load.value(0),
  ]);
}
