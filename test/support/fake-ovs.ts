import type { OvsHost } from '../../src/host/ovs/connection.js';
import { SyscallError } from '../../src/errors.js';
import { type JsonRpcMessage, JsonRpcReader } from '../../src/sources/ovs/json-rpc.js';
import type { StreamListener, UnixStream } from '../../src/sys/unix/unix-stream.js';

/** The other end of a connection. */
export interface Peer {
  readonly file: string;
  say(text: string): void;
  /** Ends the connection. */
  hangUp(): void;
  /** What it was told, requests and answers alike. */
  readonly heard: JsonRpcMessage[];
  /** Whether the other end has closed it. */
  closed: boolean;
}

/** What serves a socket: called with each message. Or the errno that connecting fails with. */
export type Served = string | ((message: JsonRpcMessage, peer: Peer) => void);

/** The folder and the sockets of Open vSwitch, in memory. */
export class FakeOvs implements OvsHost {
  readonly sockets = new Map<string, Served>();
  readonly peers: Peer[] = [];
  /** The socket of every attempt to connect. */
  readonly attempts: string[] = [];
  pid: string | null = '7\n';
  private changed: (() => void) | null = null;

  readonly folder: OvsHost['folder'] = {
    path: '/ovs',
    list: () => Promise.resolve([]),
    read: () => Promise.resolve(this.pid),
    watch: (changed) => {
      this.changed = changed;
      return () => (this.changed = null);
    },
  };

  get watched(): boolean {
    return this.changed !== null;
  }

  /** Something in the folder has changed. */
  stir(): void {
    this.changed?.();
  }

  connect(file: string, listener: StreamListener): Promise<UnixStream> {
    this.attempts.push(file);
    const served = this.sockets.get(file) ?? 'ENOENT';
    if (typeof served === 'string') return Promise.reject(new SyscallError('connect', served, `/ovs/${file}`));
    const reader = new JsonRpcReader();
    const peer: Peer = {
      file,
      heard: [],
      closed: false,
      say: (text) => void (peer.closed || listener.data(Buffer.from(text))),
      hangUp: () => void (peer.closed || listener.closed(null)),
    };
    this.peers.push(peer);
    return Promise.resolve({
      write: (text) => {
        for (const message of reader.take(Buffer.from(text))) {
          peer.heard.push(message);
          queueMicrotask(() => served(message, peer));
        }
      },
      close: () => (peer.closed = true),
    });
  }
}
