import type net from 'node:net';
import { LineReader } from './unix-client.js';

/** What the clients of a server may take of it. */
export interface UnixServerLimits {
  /** So many at once. The next takes the place of one that has not asked yet, or does not take its answer. */
  readonly clients: number;
  readonly requestBytes: number;
  /** Answers that clients have not taken yet may be so long together; a single one may be longer. */
  readonly unreadBytes: number;
  /** A client has so long to send its request, */
  readonly requestSeconds: number;
  /** and so long to take the answer, from when there is one. */
  readonly answerSeconds: number;
  /** While an answer is in the making, a space before it tells the client so this often. JSON may begin with them. */
  readonly signSeconds: number;
}

/** What a server makes of a line. */
export type AnswerLine = (line: Uint8Array) => Promise<string | readonly Uint8Array[]>;

interface Client {
  readonly socket: net.Socket;
  doing: 'sending' | 'waiting' | 'reading';
  timer: NodeJS.Timeout;
}

/**
 * The connections of a server: one line comes in, one goes out. Bounded by `limits.clients` connections, and as many
 * requests at work: one whose client has gone is carried out all the same.
 */
export class UnixClients {
  /** The oldest first. */
  private readonly clients = new Set<Client>();
  private atWork = 0;

  /** @param answer is given the line, or the beginning of one that is too long; what it throws ends the connection */
  constructor(
    private readonly limits: UnixServerLimits,
    private readonly answer: AnswerLine,
  ) {}

  /** Serves one more connection, unless all others are being served. */
  accept(socket: net.Socket): void {
    socket.on('error', () => undefined); // a client that went away is none of our business
    if (!this.makeRoom()) return void socket.destroy();
    const timer = setTimeout(() => socket.destroy(), this.limits.requestSeconds * 1000);
    const client: Client = { socket, doing: 'sending', timer };
    this.clients.add(client);
    socket.on('close', () => {
      clearTimeout(client.timer);
      this.clients.delete(client);
    });
    this.listen(client);
  }

  /** Ends every connection. */
  close(): void {
    for (const { socket } of this.clients) socket.destroy();
  }

  private listen(client: Client): void {
    const { socket } = client;
    const reader = new LineReader(this.limits.requestBytes);
    socket.on('end', () => void (client.doing === 'sending' && socket.destroy()));
    socket.on('data', (bytes) => {
      if (client.doing !== 'sending') return;
      const line = reader.add(bytes);
      if (line) this.work(client, line);
    });
  }

  private work(client: Client, line: Buffer): void {
    const { socket } = client;
    clearTimeout(client.timer);
    if (this.atWork >= this.limits.clients) return void socket.destroy();
    socket.pause(); // whatever else it sends waits in its own memory
    client.doing = 'waiting';
    client.timer = setInterval(() => socket.write(' '), this.limits.signSeconds * 1000);
    this.atWork++;
    this.answer(line)
      .finally(() => this.atWork--)
      .then(
        (answer) => this.send(client, typeof answer === 'string' ? [Buffer.from(answer)] : answer),
        () => socket.destroy(),
      );
  }

  private send(client: Client, answer: readonly Uint8Array[]): void {
    const { socket } = client;
    clearTimeout(client.timer);
    if (socket.destroyed) return;
    const { unreadBytes, answerSeconds } = this.limits;
    const length = answer.reduce((sum, part) => sum + part.length, 0);
    while (this.unread() + length > unreadBytes && this.dropOldest('reading'));
    client.doing = 'reading';
    client.timer = setTimeout(() => socket.destroy(), answerSeconds * 1000);
    for (const part of answer) socket.write(part);
    socket.end(() => socket.destroy());
  }

  private makeRoom(): boolean {
    return this.clients.size < this.limits.clients || this.dropOldest('sending') || this.dropOldest('reading');
  }

  private unread(): number {
    let bytes = 0;
    for (const { socket, doing } of this.clients) if (doing === 'reading') bytes += socket.writableLength;
    return bytes;
  }

  /** @returns whether there was one */
  private dropOldest(doing: Client['doing']): boolean {
    for (const client of this.clients) {
      if (client.doing !== doing) continue;
      this.clients.delete(client);
      client.socket.destroy();
      return true;
    }
    return false;
  }
}
