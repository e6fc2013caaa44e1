/** A thread that reads a batch as fast as it can, and looks whether every frame is of the same edition. */
import { parentPort, workerData } from 'node:worker_threads';
import { BatchReader } from '../../src/wire/burst.js';
import { AddressSpace } from './batch-memory.js';

/** Words that the two threads share. */
export const WORDS = { stop: 0, reads: 1, editions: 2, torn: 3 } as const;

export interface HammerOrder {
  readonly memory: SharedArrayBuffer;
  readonly capacity: number;
  readonly words: Int32Array<SharedArrayBuffer>;
}

/** A frame of edition `edition`: says so in its first and last bytes, and how many frames there are. */
export function editionFrame(edition: number, count: number): Uint8Array {
  const bytes = new Uint8Array(60 + (edition % 4) * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, edition);
  view.setUint32(4, count);
  view.setUint32(bytes.length - 4, edition);
  return bytes;
}

function isWhole(frames: readonly Uint8Array[]): boolean {
  const [first] = frames;
  if (!first) return true;
  const edition = new DataView(first.buffer).getUint32(0);
  const expected = Buffer.from(editionFrame(edition, frames.length));
  return frames.every((frame) => expected.equals(frame));
}

function hammer({ memory, capacity, words }: HammerOrder): void {
  const reader = new BatchReader(memory, capacity);
  const space = new AddressSpace(memory);
  let last = -1;
  parentPort?.postMessage('ready');
  while (Atomics.load(words, WORDS.stop) === 0) {
    const frames = reader.read((messages, count) => space.frames(messages, count));
    if (!isWhole(frames)) Atomics.add(words, WORDS.torn, 1);
    const edition = frames[0] ? new DataView(frames[0].buffer).getUint32(0) : last;
    if (edition !== last) Atomics.add(words, WORDS.editions, 1);
    last = edition;
    Atomics.add(words, WORDS.reads, 1);
    Atomics.notify(words, WORDS.reads);
  }
}

if (parentPort && workerData) hammer(workerData as HammerOrder);
