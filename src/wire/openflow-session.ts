import { OpenFlowError, SyscallError } from '../errors.js';
import {
  errorName,
  encodeHello,
  negotiate,
  encodeEchoReply,
  type Message,
  MessageReader,
  TYPE,
  type Version,
} from '../frames/openflow/message.js';
import {
  barrierReplyType,
  encodeBarrierRequest,
  encodePacketOut,
  type PacketOut,
} from '../frames/openflow/packet-out.js';
import type { Clock } from '../sys/clock.js';
import type { StreamListener, UnixStream } from '../sys/unix/unix-stream.js';

/** How long a switch may take to answer, in seconds: one that loads a thousand ports answers nothing for a second or so. */
const PATIENCE = 5;

const HELLO_XID = 1;

/** The frames that were refused, by their places in the slice, and why; all others were taken. */
export type Refusals = ReadonlyMap<number, string>;

/** Frames on their way, and the barrier behind them: consecutive xids. */
interface Slice {
  readonly first: number;
  readonly barrier: number;
  readonly refused: Map<number, string>;
  readonly settle: (refused: Refusals) => void;
}

/**
 * One conversation with a switch, from HELLO to its end. At most one slice is under way, so what is kept is bounded by
 * it. A switch that does not answer in time, or not in OpenFlow, ends the conversation.
 */
export class OpenFlowSession {
  private readonly reader = new MessageReader();
  private stream: UnixStream | null = null;
  private version: Version | null = null;
  private slice: Slice | null = null;
  private xid = HELLO_XID;
  private failure: OpenFlowError | null = null;
  private fail: (error: OpenFlowError) => void = () => undefined;
  private stopWaiting: () => void = () => undefined;
  private isReady: () => void = () => undefined;
  private opening: Promise<void> | null = null;

  /** @param name of the socket, for errors @param connect connects to it, or throws SyscallError */
  constructor(
    private readonly name: string,
    private readonly connect: (listener: StreamListener) => Promise<UnixStream>,
    private readonly clock: Pick<Clock, 'after'>,
  ) {}

  /** Connects, once. @returns when frames can be sent @throws OpenFlowError when the conversation ends before */
  open(): Promise<void> {
    return (this.opening ??= this.begin());
  }

  get over(): boolean {
    return this.failure !== null;
  }

  /**
   * Has frames forwarded. To be called when it is ready, and no slice is under way; returns when all are dealt with.
   * @throws OpenFlowError when the conversation ends before: which of them it took is not known then
   */
  send(frames: readonly PacketOut[]): Promise<Refusals> {
    const { version } = this;
    if (version === null || this.failure) return Promise.reject(this.failure ?? this.error('EAGAIN'));
    const first = this.xid + 1;
    const refused = new Map<number, string>();
    for (const [n, frame] of frames.entries()) {
      this.xid++;
      try {
        this.stream?.write(encodePacketOut(version, this.xid, frame));
      } catch (error) {
        if (!(error instanceof OpenFlowError)) throw error;
        refused.set(n, error.reason);
      }
    }
    const barrier = ++this.xid;
    this.stream?.write(encodeBarrierRequest(version, barrier));
    return this.step((settle) => (this.slice = { first, barrier, refused, settle }));
  }

  /** Ends the conversation. */
  close(): void {
    this.end('ECANCELED');
  }

  private begin(): Promise<void> {
    const ready = this.step<void>((resolve) => (this.isReady = resolve));
    ready.catch(() => undefined);
    const listener: StreamListener = {
      data: (bytes) => this.failure ?? this.receive(bytes),
      closed: (error) => this.end(error?.errno ?? 'ECONNRESET'),
    };
    this.connect(listener).then(
      (stream) => {
        if (this.failure) return stream.close();
        this.stream = stream;
        stream.write(encodeHello(HELLO_XID));
      },
      (error: unknown) => this.end(error instanceof SyscallError ? error.errno : 'EIO'),
    );
    return ready;
  }

  /** Something that the switch has to answer in time. */
  private step<T>(begin: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.stopWaiting = this.clock.after(PATIENCE, () => this.end('ETIMEDOUT'));
      this.fail = reject;
      begin((value) => {
        this.stopWaiting();
        resolve(value);
      });
    });
  }

  private receive(bytes: Uint8Array): void {
    try {
      for (const message of this.reader.take(bytes)) this.handle(message);
    } catch (error) {
      if (!(error instanceof OpenFlowError)) throw error;
      this.end(error.reason);
    }
  }

  /** Messages that are no answer, such as changes of ports, are ignored. */
  private handle(message: Message): void {
    const { type, xid } = message;
    if (type === TYPE.hello && this.version === null) this.agree(message);
    else if (type === TYPE.echoRequest) this.stream?.write(encodeEchoReply(message));
    else if (type === TYPE.error) this.refused(xid, errorName(message));
    else if (this.version !== null && type === barrierReplyType(this.version)) this.passed(xid);
  }

  private agree(hello: Message): void {
    this.version = negotiate(hello);
    if (this.version === null) return this.end('OFPHFC_INCOMPATIBLE');
    this.isReady();
  }

  private refused(xid: number, code: string): void {
    const { slice } = this;
    if (xid === HELLO_XID || xid === slice?.barrier) this.end(code);
    else if (slice && xid >= slice.first && xid < slice.barrier) slice.refused.set(xid - slice.first, code);
  }

  private passed(barrier: number): void {
    const { slice } = this;
    if (slice?.barrier !== barrier) return;
    this.slice = null;
    slice.settle(slice.refused);
  }

  private end(reason: string): void {
    if (this.failure) return;
    this.failure = this.error(reason);
    this.stopWaiting();
    this.stream?.close();
    this.fail(this.failure);
  }

  private error(reason: string): OpenFlowError {
    return new OpenFlowError(reason, `${this.name}: OpenFlow: ${reason}`);
  }
}
