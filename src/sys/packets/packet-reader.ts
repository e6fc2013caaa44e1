import { SyscallError } from '../../errors.js';
import * as libc from '../libc.js';
import { privileged } from '../process/privileges.js';
import { bindToDevice, ETH_P_ALL, openPacketSocket, SOL_PACKET } from './packet-socket.js';
import { type ReceiveRing, SLOTS } from './receive-ring.js';
import { attachFilter } from './socket-filter.js';

/** A frame that passed a device. */
export interface ReadFrame {
  /** From the destination address on, with every VLAN tag; valid until the next frame. */
  readonly bytes: Uint8Array;
  readonly direction: 'out' | 'in';
  /** False when hardware was to fill a checksum in. */
  readonly checksumReady: boolean;
}

/** Listens on one device. */
export interface PacketReader {
  readonly fd: number;
  /**
   * Hands over the frames that are there, at most `limit`, without waiting for more.
   * @returns how many came, also such as the host sent to itself, which are handed to nobody
   */
  read(limit: number, handle: (frame: ReadFrame) => void): number;
  /** How many frames the kernel dropped since the last call because the buffer was full. */
  drops(): number;
  /** Whether the device went down or away since the last call. */
  wentDown(): boolean;
  close(): void;
}

/** A few thousand frames: what floods the host for longer than this thread is slow is counted, not kept. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

// linux/if_packet.h
const PACKET_STATISTICS = 6;
const PACKET_AUXDATA = 8;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_OUTGOING = 4;
const PACKET_LOOPBACK = 5;

/**
 * Opens an AF_PACKET socket that gets what leaves by a device and what comes in. On a bond it gets each frame once,
 * incoming ones from the active slave only. Until it is bound, with its filter in place, it gets nothing.
 * @param filter a program of classic BPF: an array of struct sock_filter
 * @param direction `in`: only what comes in, and the kernel copies nothing that leaves (Linux 4.20); `out`: a device that
 *   gets copies of what leaves another one, on which all is `out`
 * @throws PermissionError without CAP_NET_RAW
 * @throws SyscallError for example ENODEV when the device is gone
 */
export function openPacketReader(
  ifindex: number,
  filter: Uint8Array,
  ring: ReceiveRing,
  direction: 'in' | 'out' | 'both',
): PacketReader {
  const fd = privileged(() => openSocket(ifindex, filter, direction));
  return new Reader(fd, ring, direction);
}

function openSocket(ifindex: number, filter: Uint8Array, direction: 'in' | 'out' | 'both'): number {
  return openPacketSocket('listening', (fd) => {
    attachFilter(fd, filter);
    const auxdata = libc.setOption(fd, SOL_PACKET, PACKET_AUXDATA, 1);
    libc.check(auxdata ? 0 : -1, 'setsockopt', 'PACKET_AUXDATA');
    if (direction === 'in' && !libc.setOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1))
      throw new SyscallError('setsockopt', libc.lastErrno(), 'PACKET_IGNORE_OUTGOING');
    libc.setBufferSize(fd, libc.SO_RCVBUFFORCE, libc.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    bindToDevice(fd, ifindex, ETH_P_ALL);
  });
}

class Reader implements PacketReader {
  private down = false;

  constructor(
    readonly fd: number,
    private readonly ring: ReceiveRing,
    private readonly direction: 'in' | 'out' | 'both',
  ) {}

  read(limit: number, handle: (frame: ReadFrame) => void): number {
    const { fd, ring } = this;
    let total = 0;
    while (total < limit) {
      const wanted = Math.min(SLOTS, limit - total);
      const count = ring.fill(fd, wanted);
      if (count < 0) {
        this.note(libc.lastErrno());
        return total;
      }
      for (let slot = 0; slot < count; slot++) this.handOver(slot, handle);
      total += count;
      if (count < wanted) break;
    }
    return total;
  }

  /** struct tpacket_stats: 0 packets u32   4 drops u32. Reading sets them to 0. */
  drops(): number {
    const stats = new Uint32Array(new ArrayBuffer(8));
    const bytes = new Uint8Array(stats.buffer);
    const result = libc.getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, bytes, Uint32Array.of(8));
    return result < 0 ? 0 : (stats[1] ?? 0);
  }

  wentDown(): boolean {
    const { down } = this;
    this.down = false;
    return down;
  }

  close(): void {
    libc.close(this.fd);
  }

  /** Nothing there, or the device went down: a socket on it receives again when it is back up. */
  private note(errno: string): void {
    if (['ENETDOWN', 'ENODEV', 'ENXIO'].includes(errno)) this.down = true;
    else if (!['EAGAIN', 'EINTR'].includes(errno)) throw new SyscallError('recvmmsg', errno, 'a packet socket');
  }

  private handOver(slot: number, handle: (frame: ReadFrame) => void): void {
    const { bytes, packetType, checksumReady } = this.ring.frame(slot);
    if (packetType === PACKET_LOOPBACK) return;
    const passed = packetType === PACKET_OUTGOING ? 'out' : 'in';
    handle({ bytes, checksumReady, direction: this.direction === 'both' ? passed : this.direction });
  }
}
