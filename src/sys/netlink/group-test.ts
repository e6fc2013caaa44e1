import * as libc from '../libc.js';
import { openPacketReader, type PacketReader } from '../packets/packet-reader.js';
import { SOL_PACKET } from '../packets/packet-socket.js';
import { waitForAny } from '../eventfd.js';
import type { ReceiveRing } from '../packets/receive-ring.js';

// linux/if_packet.h
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_MULTICAST = 0;
const MAC_BYTES = 6;
const ONE_FRAME = 1;

/**
 * Listens on devices, all at once, for frames to groups that they do not take as a rule, and stops this thread meanwhile.
 * @param filter which frames count: a program of classic BPF
 * @param groups six bytes each
 * @param milliseconds how long at most; less when each device has heard one
 * @param now monotonic clock, seconds
 * @returns the devices on which such a frame came in
 * @throws PermissionError without CAP_NET_RAW
 * @throws SyscallError for example ENODEV when a device is gone
 */
export function listenForGroups(
  ifindexes: readonly number[],
  { filter, groups, ring }: { filter: Uint8Array; groups: readonly Uint8Array[]; ring: ReceiveRing },
  milliseconds: number,
  now: () => number,
): Set<number> {
  const deaf = new Map<number, PacketReader>();
  const heard = new Set<number>();
  try {
    for (const ifindex of ifindexes) {
      const reader = openPacketReader(ifindex, filter, ring, 'in');
      deaf.set(ifindex, reader);
      for (const group of groups) join(reader.fd, ifindex, group);
    }
    const end = now() + milliseconds / 1000;
    for (let left = milliseconds; left > 0 && deaf.size > 0; left = Math.ceil((end - now()) * 1000)) {
      const descriptors = [...deaf.values()].map(({ fd }) => fd);
      const ready = new Set(waitForAny(descriptors, left));
      for (const [ifindex, reader] of [...deaf].filter(([, { fd }]) => ready.has(fd))) {
        if (reader.read(ONE_FRAME, () => void heard.add(ifindex)) === 0) continue;
        reader.close();
        deaf.delete(ifindex);
      }
    }
    return heard;
  } finally {
    for (const reader of deaf.values()) reader.close();
  }
}

/** struct packet_mreq: s32 ifindex, u16 type, u16 length, 8 bytes of address. It ends with the socket. */
function join(fd: number, ifindex: number, group: Uint8Array): void {
  const request = new Uint8Array(new ArrayBuffer(16));
  new Int32Array(request.buffer, 0, 1)[0] = ifindex;
  new Uint16Array(request.buffer, 4, 2).set([PACKET_MR_MULTICAST, MAC_BYTES]);
  request.set(group, 8);
  const result = libc.setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, request.length);
  libc.check(result, 'setsockopt', 'joining a multicast group');
}
