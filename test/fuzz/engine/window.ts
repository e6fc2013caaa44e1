/** Longer inputs are shown as far as this. */
const ROOM = 1 << 20;

/** Shared memory in which a thread shows what it reads: how many inputs there were, and the last. */
export class Window {
  private readonly head: Uint32Array;
  private readonly body: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.head = new Uint32Array(memory, 0, 2);
    this.body = new Uint8Array(memory, 8);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8 + ROOM);
  }

  show(input: Uint8Array): void {
    this.body.set(input.subarray(0, ROOM));
    Atomics.store(this.head, 1, input.length);
    Atomics.add(this.head, 0, 1);
  }

  get count(): number {
    return Atomics.load(this.head, 0);
  }

  get last(): Uint8Array {
    return this.body.slice(0, Atomics.load(this.head, 1));
  }
}
