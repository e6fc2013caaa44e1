import { blockFor } from '../sys/clock.js';
import { BatchWriter } from './batch-writer.js';
import { BatchReader, type BurstOutcome, sendBurst } from './burst.js';
import type { OpenSender } from './first-round.js';

/**
 * Sends a few frames on a device at once, from the thread that calls it.
 * @throws PermissionError without CAP_NET_RAW
 * @throws SyscallError for example ENODEV when the device is gone
 */
export function sendNow(openSender: OpenSender, ifindex: number, frames: readonly Uint8Array[]): BurstOutcome {
  const batch = new BatchWriter(Math.max(1, frames.length));
  frames.forEach((bytes, n) => batch.put(`${n}`, bytes));
  batch.publish();
  const sender = openSender(ifindex);
  try {
    const reader = new BatchReader(batch.memory, batch.capacity);
    return reader.read((messages, count) => sendBurst(sender, messages, count, () => blockFor(0.001)));
  } finally {
    sender.close();
  }
}
