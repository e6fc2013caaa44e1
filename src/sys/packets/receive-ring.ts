import * as libc from '../libc.js';
import { SOL_PACKET } from './packet-socket.js';

/*
 * The memory of recvmmsg(2) for a packet socket: SLOTS times all that one frame needs.
 *
 *    struct mmsghdr (64 bytes, 64-bit):  0 name*   8 namelen  16 iov*  24 iovlen  32 control*  40 controllen  48 flags
 *                                       56 length
 *    struct iovec (16 bytes):            0 base*   8 length
 *    struct sockaddr_ll (20 bytes):      0 family  2 protocol  4 ifindex  8 hatype  10 pkttype u8  11 halen  12 address
 *    struct cmsghdr (16 bytes):          0 length u64  8 level s32  12 type s32
 *    struct tpacket_auxdata (20 bytes):  0 status u32  4 len  8 snaplen  12 mac u16  14 net  16 vlan_tci u16  18 vlan_tpid
 *
 * The kernel moves nothing in there, but it changes the lengths: they are set anew before each call.
 */
export const SLOTS = 64;
/** Room for a frame; before it there is some for the tag that is put back. What is longer is cut. */
const FRAME_BYTES = 2048;
const TAG_BYTES = 4;
const MESSAGE_BYTES = 64;
const IOVEC_BYTES = 16;
const NAME_BYTES = 24;
const CONTROL_BYTES = 40;
const AUXDATA_AT = 16;
const AUXDATA_BYTES = 20;
const MAC_ADDRESSES_BYTES = 12;

const IOVECS = SLOTS * MESSAGE_BYTES;
const NAMES = IOVECS + SLOTS * IOVEC_BYTES;
const CONTROLS = NAMES + SLOTS * NAME_BYTES;
const FRAMES = CONTROLS + SLOTS * CONTROL_BYTES;
const SLOT_FRAME_BYTES = TAG_BYTES + FRAME_BYTES + TAG_BYTES; // keeps the slots aligned to 8 bytes
const TOTAL = FRAMES + SLOTS * SLOT_FRAME_BYTES;

// linux/if_packet.h
const PACKET_AUXDATA = 8;
const TP_STATUS_CSUMNOTREADY = 1 << 3;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;
const ETH_P_8021Q = 0x8100;

/** What came with a frame. */
interface Received {
  /** With every tag; valid until the next call. */
  readonly bytes: Uint8Array;
  /** sll_pkttype: PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2, PACKET_OTHERHOST 3, PACKET_OUTGOING 4, ... */
  readonly packetType: number;
  readonly checksumReady: boolean;
}

/** The memory that packet sockets receive into, one after the other. */
export class ReceiveRing {
  private readonly memory = new ArrayBuffer(TOTAL);
  private readonly bytes = new Uint8Array(this.memory);
  private readonly halves = new Uint16Array(this.memory);
  private readonly words = new Uint32Array(this.memory);
  private readonly longs = new BigUint64Array(this.memory);
  private readonly base = libc.addressOf(this.bytes);

  constructor() {
    const { longs, base } = this;
    for (let slot = 0; slot < SLOTS; slot++) {
      const message = (slot * MESSAGE_BYTES) / 8;
      const iovec = IOVECS + slot * IOVEC_BYTES;
      longs[message] = base + BigInt(NAMES + slot * NAME_BYTES);
      longs[message + 2] = base + BigInt(iovec);
      longs[message + 3] = 1n;
      longs[message + 4] = base + BigInt(CONTROLS + slot * CONTROL_BYTES);
      longs[iovec / 8] = base + BigInt(frameAt(slot));
      longs[iovec / 8 + 1] = BigInt(FRAME_BYTES);
    }
  }

  /** Receives up to `count` frames without waiting. @returns how many; or -1, and errno says why */
  fill(fd: number, count: number): number {
    for (let slot = 0; slot < count; slot++) {
      const message = slot * MESSAGE_BYTES;
      this.words[(message + 8) / 4] = NAME_BYTES;
      this.longs[(message + 40) / 8] = BigInt(CONTROL_BYTES);
      this.words[(CONTROLS + slot * CONTROL_BYTES + 8) / 4] = 0; // no stale auxdata
    }
    return libc.recvmmsg(fd, this.base, count, libc.MSG_DONTWAIT, null);
  }

  /** The frame in a slot that `fill` has filled. */
  frame(slot: number): Received {
    const length = this.words[(slot * MESSAGE_BYTES + 56) / 4] ?? 0;
    const status = this.auxdata(slot);
    return {
      bytes: this.withTag(slot, length, status),
      packetType: this.bytes[NAMES + slot * NAME_BYTES + 10] ?? 0,
      checksumReady: (status & TP_STATUS_CSUMNOTREADY) === 0,
    };
  }

  /** tp_status, or 0 when the kernel gave no auxdata. */
  private auxdata(slot: number): number {
    const control = (CONTROLS + slot * CONTROL_BYTES) / 4;
    const { words } = this;
    const whole = (words[control] ?? 0) >= AUXDATA_AT + AUXDATA_BYTES;
    if (!whole || words[control + 2] !== SOL_PACKET || words[control + 3] !== PACKET_AUXDATA) return 0;
    return words[control + AUXDATA_AT / 4] ?? 0;
  }

  /** Puts the tag that the kernel keeps beside the frame back to its place, in front of the others. */
  private withTag(slot: number, length: number, status: number): Uint8Array {
    const at = frameAt(slot);
    if (!(status & TP_STATUS_VLAN_VALID) || length < MAC_ADDRESSES_BYTES) return this.bytes.subarray(at, at + length);
    const auxdata = (CONTROLS + slot * CONTROL_BYTES + AUXDATA_AT) / 2;
    const tci = this.halves[auxdata + 8] ?? 0;
    const tpid = (status & TP_STATUS_VLAN_TPID_VALID && this.halves[auxdata + 9]) || ETH_P_8021Q;
    this.bytes.copyWithin(at - TAG_BYTES, at, at + MAC_ADDRESSES_BYTES);
    this.bytes.set([tpid >> 8, tpid & 0xff, tci >> 8, tci & 0xff], at - TAG_BYTES + MAC_ADDRESSES_BYTES);
    return this.bytes.subarray(at - TAG_BYTES, at + length);
  }
}

function frameAt(slot: number): number {
  return FRAMES + slot * SLOT_FRAME_BYTES + TAG_BYTES;
}
