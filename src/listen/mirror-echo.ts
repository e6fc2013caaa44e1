import { encodeMirrorEcho, encodeOtherEchoes } from '../frames/mirror-echo.js';
import { encodeProgram } from '../kernel/bpf/assembler.js';
import { markFilter } from '../kernel/bpf/snoop-filter.js';
import { type MarkSender, openMarkSender } from '../sys/packets/mark-sender.js';
import { openPacketReader, type PacketReader } from '../sys/packets/packet-reader.js';
import { OWN_FRAMES_MARK } from '../sys/packets/packet-sender.js';
import type { ReceiveRing } from '../sys/packets/receive-ring.js';

/** The mark on our echoes, of which copies are made, unlike of our other frames. It stays on this host. */
export const ECHO_MARK = OWN_FRAMES_MARK + 1;

const ECHO = encodeMirrorEcho();
const OTHER_ECHOES = encodeOtherEchoes();
const FILTER = encodeProgram(markFilter(ECHO_MARK));

/** One from the filter that copies what leaves, one from the filter that keeps our echoes from leaving. */
const COPIES = 2;

/** More than one echo makes. */
const LIMIT = 16;

/**
 * Tries a mirror from end to end, whatever may have come between: sends a frame by the bond and looks whether its copies
 * came out. tc, and a dummy device, work within the call that sends, so that nothing is waited for.
 */
export class MirrorEcho {
  private readonly sender: MarkSender;
  private readonly reader: PacketReader;

  /** @throws PermissionError, SyscallError when a socket cannot be had */
  constructor(bond: number, dummy: number, ring: ReceiveRing) {
    this.sender = openMarkSender(bond, ECHO_MARK);
    try {
      this.reader = openPacketReader(dummy, FILTER, ring, 'out');
    } catch (error) {
      this.sender.close();
      throw error;
    }
  }

  /** @returns whether the mirror works; null: that cannot be tried, because the bond is down or gone */
  comesBack(): boolean | null {
    return this.isReturned(ECHO);
  }

  /** The same of other protocols than ARP, while TRIAL_FILTERS are there. */
  othersComeBack(): boolean | null {
    const outcomes = OTHER_ECHOES.map((frame) => this.isReturned(frame));
    return outcomes.includes(false) ? false : outcomes.includes(null) ? null : true;
  }

  close(): void {
    this.sender.close();
    this.reader.close();
  }

  private isReturned(frame: Uint8Array): boolean | null {
    this.copies();
    const errno = this.sender.send(frame);
    if (this.copies() === COPIES) return true;
    return errno === 'ENETDOWN' || errno === 'ENXIO' || errno === 'ENODEV' ? null : false;
  }

  /** How many came out since the last call. */
  private copies(): number {
    return this.reader.read(LIMIT, () => undefined);
  }
}
