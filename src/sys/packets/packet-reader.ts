import { SyscallError } from '../../errors.js';
import * as libc from '../libc.js';
import { privileged } from '../process/privileges.js';
import {
  attachFilter,
  bindToDevice,
  boundDevice,
  ETH_P_ALL,
  openPacketSocket,
  PASS_NONE,
  SOL_PACKET,
} from './packet-socket.js';
import { type ReceiveRing, SLOTS } from './receive-ring.js';

/** A frame that passed a device. */
export interface ReadFrame {
  /** From the destination address on, with every VLAN tag; valid until the next frame. */
  readonly bytes: Uint8Array;
  readonly direction: 'out' | 'in';
  /** False when hardware was to fill a checksum in. */
  readonly checksumReady: boolean;
}

type Direction = 'in' | 'out' | 'both';

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
 * @param bufferBytes what has come and is not read yet takes so much of the kernel's memory at most
 * @throws PermissionError without CAP_NET_RAW
 * @throws SyscallError for example ENODEV when the device is gone
 */
export function openPacketReader(
  ifindex: number,
  filter: Uint8Array,
  ring: ReceiveRing,
  direction: Direction,
  bufferBytes = RECEIVE_BUFFER_BYTES,
): PacketReader {
  const prepare = (fd: number): void => {
    attachFilter(fd, filter);
    libc.check(libc.setOption(fd, SOL_PACKET, PACKET_AUXDATA, 1), 'setsockopt', 'PACKET_AUXDATA');
    if (direction === 'in')
      libc.check(libc.setOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1), 'setsockopt', 'PACKET_IGNORE_OUTGOING');
    libc.setBufferSize(fd, libc.SO_RCVBUFFORCE, libc.SO_RCVBUF, bufferBytes);
    bindToDevice(fd, ifindex, ETH_P_ALL);
  };
  return new PacketReader(
    privileged(() => openPacketSocket('listening', prepare)),
    ifindex,
    ring,
    direction,
  );
}

/** Listens on one device. */
export class PacketReader {
  private down = false;

  constructor(
    readonly fd: number,
    private readonly ifindex: number,
    private readonly ring: ReceiveRing,
    private readonly direction: Direction,
  ) {}

  /**
   * Hands over the frames that are there, at most `limit`, without waiting for more.
   * @returns how many came, also such as the host sent to itself, which are handed to nobody
   */
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

  /**
   * How many frames the kernel dropped since the last call because the buffer was full. struct tpacket_stats: 0 packets
   * u32   4 drops u32; reading sets them to 0.
   */
  drops(): number {
    return libc.getOption(this.fd, SOL_PACKET, PACKET_STATISTICS, 2)?.[1] ?? 0;
  }

  /** Whether it will hear its device again when that is up. Not after the device has gone, or left this namespace. */
  isBound(): boolean {
    return boundDevice(this.fd) === this.ifindex;
  }

  /** Whether the device went down or away since the last call. */
  wentDown(): boolean {
    const { down } = this;
    this.down = false;
    return down;
  }

  /** From now on it gets nothing more; what has come can still be read. */
  stop(): void {
    attachFilter(this.fd, PASS_NONE);
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
