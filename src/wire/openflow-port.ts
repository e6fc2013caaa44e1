import { OpenFlowError } from '../errors.js';
import { decodeEthernet, type EthernetFrame, retag, type Tag } from '../frames/ethernet.js';
import type { DueFrame } from '../plan/turns.js';
import type { Clock } from '../sys/clock.js';
import type { StreamListener, UnixStream } from '../sys/unix/unix-stream.js';
import { OpenFlowSession, type Refusals } from './openflow-session.js';
import { FRAMES_A_SLICE, type SlicePort } from './slice-port.js';

/** How the frames of a guest get into the bridge: by which OpenFlow port, and with which tags there. */
export interface Entrance {
  readonly inPort: number;
  readonly tags: readonly Tag[];
}

/** What a port on a bridge needs. */
interface OpenFlowTools {
  readonly clock: Pick<Clock, 'after'>;
  /** The path of the bridge's socket, as it is now; null when the bridge is gone. */
  path(): string | null;
  /** @throws SyscallError */
  connect(path: string, listener: StreamListener): Promise<UnixStream>;
  /** Of a station's frames with these tags; null when there is none now. */
  entrance(station: Pick<EthernetFrame, 'source' | 'tags'>): Entrance | null;
  /** These frames are about to be sent, as they will leave by the bond. */
  sending?(frames: readonly Uint8Array[]): void;
}

/** There is no such bridge, or no way into it for this guest. */
const GONE = 'ENODEV';

/**
 * A port on a bond of Open vSwitch: has the bridge forward each frame as if it had come by the guest's own port. Connects
 * with the first slice. A slice that breaks off is sent once more, over a new connection: a frame that comes twice does
 * no harm. Then its frames count as refused, and the next slice tries anew.
 */
export class OpenFlowPort implements SlicePort {
  readonly capacity = FRAMES_A_SLICE;
  private session: OpenFlowSession | null = null;
  private underWay = false;
  private closed = false;

  constructor(private readonly tools: OpenFlowTools) {}

  async send(frames: readonly DueFrame[], mayGo: () => boolean): Promise<Refusals | null> {
    try {
      return await this.sendOnce(frames, mayGo).catch(() => this.sendOnce(frames, mayGo));
    } catch (error) {
      if (error instanceof OpenFlowError) return allRefused(frames, error.reason);
      throw error;
    }
  }

  /** What is under way still gets its answer, if it comes in time. */
  close(): void {
    this.closed = true;
    if (!this.underWay) this.hangUp();
  }

  private async sendOnce(frames: readonly DueFrame[], mayGo: () => boolean): Promise<Refusals | null> {
    if (this.closed) return null;
    const session = this.openSession();
    if (!session) return allRefused(frames, GONE);
    await session.open();
    if (!mayGo()) return null;
    this.underWay = true;
    try {
      return await this.forward(frames, session);
    } finally {
      this.underWay = false;
      if (this.closed) this.hangUp();
    }
  }

  private async forward(frames: readonly DueFrame[], session: OpenFlowSession): Promise<Refusals> {
    const placed = frames.map(({ bytes }) => this.tools.entrance(decodeEthernet(bytes)));
    const sent = frames.flatMap(({ bytes }, n) => (placed[n] ? [bytes] : []));
    this.tools.sending?.(sent);
    const out = frames.flatMap(({ bytes }, n) => {
      const entrance = placed[n];
      return entrance ? [{ inPort: entrance.inPort, frame: retag(bytes, entrance.tags) }] : [];
    });
    return spread(await session.send(out), placed);
  }

  private openSession(): OpenFlowSession | null {
    if (this.session && !this.session.over) return this.session;
    const path = this.tools.path();
    if (path === null) return null;
    const { clock } = this.tools;
    return (this.session = new OpenFlowSession(path, (listener) => this.tools.connect(path, listener), clock));
  }

  private hangUp(): void {
    this.session?.close();
    this.session = null;
  }
}

/** Puts the refusals of what was sent in their places among all frames; those without an entrance were not sent. */
function spread(refused: Refusals, placed: readonly (Entrance | null)[]): Refusals {
  const all = new Map<number, string>();
  let sent = 0;
  for (const [n, entrance] of placed.entries()) {
    const code = entrance ? refused.get(sent++) : GONE;
    if (code !== undefined) all.set(n, code);
  }
  return all;
}

function allRefused(frames: readonly unknown[], code: string): Refusals {
  return new Map(frames.map((_, n) => [n, code]));
}
