import type { DueFrame } from '../plan/turns.js';
import type { PacketSender } from '../sys/packets/packet-sender.js';
import { batchBytes } from './batch-memory.js';
import { BatchLayout, BatchWriter } from './batch-writer.js';
import { blockFor } from '../sys/clock.js';
import { BatchReader, type BurstOutcome, sendBurst } from './burst.js';
import type { OpenSender } from './first-round.js';

/** Sends a few frames at a time, without waiting. Until a promise of `send` settles, nothing more may be sent. */
export interface SlicePort {
  /** How many frames `send` takes at most. */
  readonly capacity: number;
  /**
   * Hands frames over, unless `mayGo`, asked right before, says no: null then. @returns how many the kernel took in one
   * system call, or a symbolic errno when none; later: which were refused, by their places, and why
   */
  send(
    frames: readonly DueFrame[],
    mayGo: () => boolean,
  ): number | string | null | Promise<ReadonlyMap<number, string> | null>;
  close(): void;
}

/** Some 60 µs in the kernel. Others wait no longer than that, and a run that is cancelled sends no more than these. */
export const FRAMES_A_SLICE = 64;

/** The longest frame is a report of groups (groups/reports.ts: MTU), behind a VLAN tag for each device on its way. */
const LONGEST = 1360;

/** A port on a sender that does not wait. @param sending called with the frames that are about to leave */
export function slicePortOn(
  sender: PacketSender,
  capacity = FRAMES_A_SLICE,
  sending: (frames: readonly Uint8Array[]) => void = () => undefined,
): SlicePort {
  const memory = new SharedArrayBuffer(batchBytes(capacity, LONGEST));
  const layout = new BatchLayout(memory, capacity, LONGEST);
  for (let slot = 0; slot < capacity; slot++) layout.point(0, slot, slot);
  return {
    capacity,
    send(frames, mayGo) {
      frames.forEach(({ bytes }, slot) => layout.write(slot, bytes));
      sending(frames.map(({ bytes }) => bytes));
      return mayGo() ? sender.send(layout.first, frames.length) : null;
    },
    close: () => sender.close(),
  };
}

/** Sends a frame at once. @throws PermissionError without CAP_NET_RAW @throws SyscallError such as ENODEV */
export function sendNow(openSender: OpenSender, ifindex: number, frame: Uint8Array): BurstOutcome {
  const batch = new BatchWriter(1);
  batch.put('', frame);
  batch.publish();
  const sender = openSender(ifindex);
  try {
    const reader = new BatchReader(batch.memory, batch.capacity);
    return reader.read((messages, count) => sendBurst(sender, messages, count, () => blockFor(0.001)));
  } finally {
    sender.close();
  }
}
