import {
  encodeHello,
  encodeMessage,
  type Message,
  MessageReader,
  TYPE,
  type Version,
} from '../../src/frames/openflow/message.js';
import { SyscallError } from '../../src/errors.js';
import type { StreamListener, UnixStream } from '../../src/sys/unix/unix-stream.js';

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
  #say: (bytes: Uint8Array) => void = () => undefined;

  connect(listener: StreamListener): Promise<UnixStream> {
    this.connections++;
    if (this.down !== null) return Promise.reject(new SyscallError('connect', this.down, 'the switch'));
    const reader = new MessageReader();
    let closed = false;
    const stream: UnixStream = {
      write: (bytes) => {
        for (const message of reader.take(bytes as Uint8Array)) {
          const copy = { ...message, body: message.body.slice() };
          this.#do(() => closed || this.#answer(listener, copy));
        }
      },
      close: () => {
        if (!closed) this.open--;
        closed = true;
      },
    };
    this.open++;
    this.#say = (bytes) => listener.data(bytes);
    this.#end = (errno) => {
      if (!closed) listener.closed(new SyscallError('read', errno, 'the switch'));
    };
    this.#do(() => closed || listener.data(encodeHello(9, this.versions)));
    return Promise.resolve(stream);
  }

  /** Sends bytes of the test's own to whoever is connected. */
  say(bytes: Uint8Array): void {
    this.#say(bytes);
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

  #answer(listener: StreamListener, message: Message): void {
    const { version, type, xid, body } = message;
    if (type === 13) {
      const { inPort, frame } = readPacketOut(version, body);
      const refusal = this.refuses(inPort);
      if (!refusal) return void this.taken.push({ inPort, frame });
      const error = new Uint8Array(4);
      new DataView(error.buffer).setUint16(0, refusal[0]);
      new DataView(error.buffer).setUint16(2, refusal[1]);
      listener.data(encodeMessage({ version, type: TYPE.error, xid, body: error }));
    } else if (type === (version === 1 ? 18 : 20)) {
      listener.data(encodeMessage({ version, type: type + 1, xid, body: new Uint8Array(0) }));
    }
  }
}

function readPacketOut(version: number, body: Uint8Array): TakenFrame {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (version === 1) return { inPort: view.getUint16(4), frame: body.subarray(16) };
  if (version === 6) return { inPort: view.getUint32(16), frame: body.subarray(40) };
  return { inPort: view.getUint32(4), frame: body.subarray(32) };
}
