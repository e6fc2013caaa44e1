import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.js';
import type { Daemon } from '../net/daemon.js';
import { HYPERVISOR } from '../net/hypervisor.js';
import { connectTcp, inetAddress } from '../net/sockets.js';

/** What Node itself says of its main thread. */
export interface Insides {
  /** Bytes, after a collection of garbage. */
  heap: number;
  timers: number;
  /** What keeps its event loop going beside timers: sockets, servers, watched folders. */
  handles: number;
}

const MAIN = fileURLToPath(new URL('../../../program/main.js', import.meta.url));

/** The program, as bin/bondherald runs it but for the inspector. */
export const INSPECTED = [
  ...['env', 'MALLOC_ARENA_MAX=1', process.execPath, '--max-semi-space-size=1', '--v8-pool-size=1'],
  ...['--inspect=127.0.0.1:0', MAIN],
];

const QUESTION = `JSON.stringify({heap: process.memoryUsage().heapUsed, resources: process.getActiveResourcesInfo()})`;

/** Asks Node's inspector, which the daemon has open when it is run as INSPECTED. */
export async function insidesOf(daemon: Daemon): Promise<Insides> {
  const [, port, path] = await daemon.logs(/Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)(\/\S+)/);
  const session = await Session.open(Number(port), path ?? '');
  try {
    // What the first collection finds may leave more for the next.
    for (let n = 0; n < 2; n++) await session.call('HeapProfiler.collectGarbage');
    const { result } = (await session.call('Runtime.evaluate', { expression: QUESTION })) as {
      result: { value: string };
    };
    const { heap, resources } = JSON.parse(result.value) as { heap: number; resources: string[] };
    const timers = resources.filter((kind) => kind === 'Timeout').length;
    return { heap, timers, handles: resources.length - timers };
  } finally {
    session.close();
  }
}

/** As much of RFC 6455 as the inspector takes: text frames of one piece, ours masked. */
class Session {
  #received = Buffer.alloc(0);
  #id = 0;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (bytes: Buffer) => (this.#received = Buffer.concat([this.#received, bytes])));
    socket.on('error', () => undefined); // the answer that does not come says it
  }

  static async open(port: number, path: string): Promise<Session> {
    const fd = connectTcp(HYPERVISOR, inetAddress('127.0.0.1', port));
    const session = new Session(new Socket({ fd, readable: true, writable: true }));
    const head = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Upgrade: websocket', 'Connection: Upgrade'];
    const key = randomBytes(16).toString('base64');
    session.socket.write([...head, `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', '', ''].join('\r\n'));
    const end = await until(() => session.#headEnd(), { what: 'the inspector takes the connection' });
    session.#received = session.#received.subarray(end);
    return session;
  }

  /** @returns the result of a command of the Chrome DevTools Protocol */
  async call(method: string, params = {}): Promise<unknown> {
    const id = ++this.#id;
    this.#send(Buffer.from(JSON.stringify({ id, method, params })));
    for (;;) {
      const text = await until(() => this.#frame(), { what: `the inspector answers ${method}`, every: 5 });
      const answer = JSON.parse(text) as { id?: number; result?: unknown };
      if (answer.id === id) return answer.result;
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #headEnd(): number | null {
    const at = this.#received.indexOf('\r\n\r\n');
    return at < 0 ? null : at + 4;
  }

  /** A mask of 0 changes nothing. */
  #send(payload: Buffer): void {
    const head = Buffer.alloc(8);
    head.set([0x81, 0x80 | 126]);
    head.writeUInt16BE(payload.length, 2);
    this.socket.write(Buffer.concat([head, payload]));
  }

  #frame(): string | null {
    const bytes = this.#received;
    const short = (bytes[1] ?? 0) & 0x7f;
    const headLength = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    if (bytes.length < headLength) return null;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (bytes.length < headLength + length) return null;
    this.#received = bytes.subarray(headLength + length);
    return bytes.toString('utf8', headLength, headLength + length);
  }
}
