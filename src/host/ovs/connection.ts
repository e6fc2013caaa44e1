import path from 'node:path';
import { BondheraldError, OvsAnswerError, SyscallError } from '../../errors.js';
import { encodeRequest, encodeResponse, type JsonRpcMessage, JsonRpcReader } from '../../sources/ovs/json-rpc.js';
import type { Clock } from '../../sys/clock.js';
import { FirstFolder } from '../../sys/files/first-folder.js';
import { type Folder, openFolder } from '../../sys/files/watch-folder.js';
import { openUnixStream, type StreamListener, type UnixStream } from '../../sys/unix/unix-stream.js';

/** How long an answer may take, in seconds. */
const PATIENCE = 5;

interface Question {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: BondheraldError) => void;
}

/** What comes by itself. */
interface ConnectionListener {
  /** May throw a BondheraldError, which ends the connection. */
  notified(method: string, params: readonly unknown[]): void;
  /** Called once, unless we end it ourselves. The connection is of no more use. */
  lost(error: BondheraldError): void;
}

/** A connection to one of Open vSwitch's daemons. Holds one question that waits for its answer. */
export class OvsConnection {
  private readonly reader = new JsonRpcReader();
  private stream: UnixStream | null = null;
  private question: Question | null = null;
  private asked = 0;
  /** Whether it has ended. */
  over = false;

  private constructor(
    private readonly file: string,
    private readonly clock: Clock,
    private readonly listener: ConnectionListener,
  ) {}

  /** @throws SyscallError when no process listens on the socket, or we may not connect */
  static async open(host: OvsHost, file: string, clock: Clock, listener: ConnectionListener): Promise<OvsConnection> {
    const connection = new OvsConnection(file, clock, listener);
    connection.stream = await host.connect(file, {
      data: (bytes) => connection.receive(bytes),
      closed: (error) => connection.lose(error ?? new SyscallError('read', 'ECONNRESET', file)),
    });
    return connection;
  }

  /**
   * Asks, one question at a time.
   * @param read makes something of the result, before anything that came behind it is handled
   * @returns what `read` made of it
   * @throws what `read` throws; OvsAnswerError when the other side refuses or does not answer in time; what ended the
   *   connection otherwise
   */
  async call<T>(method: string, params: readonly unknown[], read: (result: unknown) => T): Promise<T> {
    if (this.over) throw new SyscallError('write', 'ECONNRESET', this.file);
    const answer = new Promise<T>((resolve, reject) => {
      this.question = { method, resolve: (result) => resolve(read(result)), reject };
    });
    const late = new OvsAnswerError(`${method}: no answer within ${PATIENCE} s`);
    const stopTimer = this.clock.after(PATIENCE, () => this.lose(late));
    this.stream?.write(encodeRequest(++this.asked, method, params));
    return answer.finally(stopTimer);
  }

  /** Ends it. A question that waits fails with ECANCELED. */
  close(): void {
    this.end(new SyscallError('read', 'ECANCELED', this.file));
  }

  private receive(bytes: Uint8Array): void {
    try {
      for (const message of this.reader.take(bytes)) if (!this.over) this.handle(message);
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error;
      this.lose(error);
    }
  }

  private handle(message: JsonRpcMessage): void {
    if (message.kind === 'response') this.answered(message);
    else if (message.kind === 'notification') this.listener.notified(message.method, message.params);
    // RFC 7047 section 4.1.11; nothing else is ever asked of a client.
    else if (message.method === 'echo') this.stream?.write(encodeResponse(message.id, message.params));
  }

  private answered({ id, result, error }: JsonRpcMessage & { kind: 'response' }): void {
    const { question } = this;
    if (!question || id !== this.asked) return;
    if (error === null) question.resolve(result);
    else question.reject(new OvsAnswerError(`${question.method}: ${inWords(error)}`));
    this.question = null;
  }

  private lose(error: BondheraldError): void {
    if (this.end(error)) this.listener.lost(error);
  }

  private end(error: BondheraldError): boolean {
    if (this.over) return false;
    this.over = true;
    this.stream?.close();
    this.question?.reject(error);
    this.question = null;
    return true;
  }
}

/** The database answers with an object (RFC 7047 section 3.1: <error>), a control socket with a text. One short line. */
function inWords(error: unknown): string {
  const { error: name, details } = error as { error?: unknown; details?: unknown };
  const words = [typeof error === 'string' ? error : name, details].filter((word) => typeof word === 'string');
  return (
    words
      .join(': ')
      .replaceAll(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, 200) || 'refused'
  );
}

/** Where Open vSwitch's sockets are, and how to connect to them. */
export interface OvsHost {
  /** The one in use: where the database was found last. */
  readonly folder: Folder;
  /** The database is looked for in all folders, in order; what else is asked for, in the one in use. @throws SyscallError */
  connect(file: string, listener: StreamListener): Promise<UnixStream>;
}

/** The server of the database (ovsdb-server(1): --remote=punix:db.sock). */
export const DATABASE_SOCKET = 'db.sock';
const PID_FILE = 'ovs-vswitchd.pid';
const PID_FILE_BYTES = 64;

/** The sockets in the first of these folders that has a database which answers. @param folders one at least */
export function ovsIn(
  folders: readonly string[],
  open: { openFolder(path: string): Folder; openUnixStream: typeof openUnixStream } = { openFolder, openUnixStream },
): OvsHost {
  const folder = new FirstFolder(folders.map((each) => open.openFolder(each)));
  return {
    folder,
    async connect(file, listener) {
      if (file !== DATABASE_SOCKET) return open.openUnixStream(path.join(folder.path, file), listener);
      const errors: SyscallError[] = [];
      for (const each of folder.all) {
        const stream = await attempt(open.openUnixStream, path.join(each.path, file), listener, errors);
        if (!stream) continue;
        folder.use(each);
        return stream;
      }
      // One that is there and does not answer says more than one that is not there.
      throw errors.find(({ errno }) => errno !== 'ENOENT') ?? errors[0] ?? new SyscallError('connect', 'ENOENT', file);
    },
  };
}

/** Tells the listener nothing of a connection that does not come about: its error joins the others. */
async function attempt(
  connect: typeof openUnixStream,
  file: string,
  listener: StreamListener,
  errors: SyscallError[],
): Promise<UnixStream | null> {
  let isOpen = false;
  try {
    const closed = (error: SyscallError | null): void => void (isOpen && listener.closed(error));
    const stream = await connect(file, { data: (bytes) => listener.data(bytes), closed });
    isOpen = true;
    return stream;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    errors.push(error);
    return null;
  }
}

/**
 * The control socket of ovs-vswitchd (ovs-appctl(8): --target). Others of its kind that lie in the folder are what
 * processes left behind that were killed, or belong to other programs.
 * @returns null when ovs-vswitchd does not run, as far as its pid file says
 * @throws SyscallError when the pid file cannot be read
 */
export async function controlSocket({ folder }: OvsHost): Promise<string | null> {
  const text = await folder.read(PID_FILE, PID_FILE_BYTES);
  const pid = /^\s*(\d{1,10})\s*$/.exec(text ?? '')?.[1];
  return pid === undefined ? null : `ovs-vswitchd.${pid}.ctl`;
}
