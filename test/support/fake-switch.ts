import { encodeHello } from '../../src/frames/openflow/hello.js';
import { encodeMessage, type Message, MessageReader, TYPE, type Version } from '../../src/frames/openflow/message.js';
import type { UnixStream } from '../../src/sys/unix-stream.js';

/** What a switch was given: the number of the port that the frame came by, and the frame. */
export interface TakenFrame {
  inPort: number;
  frame: Uint8Array;
}

/**
 * The OpenFlow side of a switch, for OpenFlow 1.0 and 1.1 to 1.4. It answers when it is told to, so that a test can look
 * at what happens before.
 */
export class FakeSwitch {
  readonly taken: TakenFrame[] = [];
  /** Connections, those included that were refused. */
  connections = 0;
  open = 0;
  versions: Version[] = [1, 2, 3, 4, 5, 6];
  /** Why nobody can connect. */
  down: string | null = null;
  /** Why a frame is refused (type and code); null: it is taken. */
  refuses: (inPort: number) => [number, number] | null = () => null;
  /** The switch is busy: what comes is answered when it is not any more. */
  busy = false;
  readonly #queue: (() => void)[] = [];
  #end: (errno: string) => void = () => undefined;
  #stream: UnixStream | null = null;

  connect(): UnixStream {
    this.connections++;
    const reader = new MessageReader();
    let closed = false;
    const stream: UnixStream = {
      write: (bytes) =>
        reader.take(bytes).forEach((message) => this.#do(() => closed || this.#answer(stream, copy(message)))),
      onBytes: () => undefined,
      onEnd: () => undefined,
      close: () => {
        if (!closed) this.open--;
        closed = true;
      },
    };
    this.open++;
    this.#stream = stream;
    this.#end = (errno) => {
      if (!closed) stream.onEnd(errno);
    };
    const { down } = this;
    if (down !== null) queueMicrotask(() => stream.onEnd(down));
    else this.#do(() => stream.onBytes(encodeHello(9, this.versions)));
    return stream;
  }

  /** Sends bytes of the test's own to whoever is connected. */
  say(bytes: Uint8Array): void {
    this.#stream?.onBytes(bytes);
  }

  /** Ends the connection. */
  hangUp(errno = 'ECONNRESET'): void {
    this.#queue.splice(0);
    this.#end(errno);
  }

  work(): void {
    this.busy = false;
    for (const task of this.#queue.splice(0)) task();
  }

  #do(task: () => unknown): void {
    this.#queue.push(() => void task());
    if (!this.busy) queueMicrotask(() => this.busy || this.work());
  }

  #answer(stream: UnixStream, message: Message): void {
    const { version, type, xid, body } = message;
    if (type === 13) {
      const { inPort, frame } = readPacketOut(version, body);
      const refusal = this.refuses(inPort);
      if (!refusal) return void this.taken.push({ inPort, frame });
      const error = new Uint8Array(4);
      new DataView(error.buffer).setUint16(0, refusal[0]);
      new DataView(error.buffer).setUint16(2, refusal[1]);
      stream.onBytes(encodeMessage({ version, type: TYPE.error, xid, body: error }));
    } else if (type === (version === 1 ? 18 : 20)) {
      stream.onBytes(encodeMessage({ version, type: type + 1, xid, body: new Uint8Array(0) }));
    }
  }
}

function copy(message: Message): Message {
  return { ...message, body: message.body.slice() };
}

function readPacketOut(version: number, body: Uint8Array): TakenFrame {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (version === 1) return { inPort: view.getUint16(4), frame: body.subarray(16) };
  if (version === 6) return { inPort: view.getUint32(16), frame: body.subarray(40) };
  return { inPort: view.getUint32(4), frame: body.subarray(32) };
}
