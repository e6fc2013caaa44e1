import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { AlreadyRunningError, ControlSocketError } from '../errors.js';
import { LineReader } from './line-reader.js';

/** A listening unix socket. */
export interface UnixServer {
  /** Ends every connection and removes the socket file. */
  close(): void;
}

/** What the clients of a server may take of it. */
export interface UnixServerLimits {
  /** So many at once; the next are turned away. */
  readonly clients: number;
  readonly requestBytes: number;
  /** A client has so long to send its request, */
  readonly requestSeconds: number;
  /** and so long to take the answer, from when there is one. */
  readonly answerSeconds: number;
  /** While an answer is in the making, a space before it tells the client so this often. JSON may begin with them. */
  readonly signSeconds: number;
}

/** Owner and group may read and write, which is what connecting needs. */
const SOCKET_UMASK = 0o117;

/**
 * Listens on a unix socket for one line a connection, and answers with one. The socket does not keep the process alive.
 * @param answer is given the line, or the beginning of one that is too long; what it throws ends the connection
 * @throws AlreadyRunningError when another process serves the socket
 * @throws ControlSocketError when the socket cannot be made
 */
export async function listenUnix(
  file: string,
  limits: UnixServerLimits,
  answer: (line: Uint8Array) => Promise<string>,
): Promise<UnixServer> {
  const sockets = new Set<net.Socket>(); // bounded by maxConnections
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, limits, answer);
  });
  server.maxConnections = limits.clients;
  server.unref();
  makeFolder(path.dirname(file));
  if (!(await bind(server, file))) {
    await removeStale(file);
    if (!(await bind(server, file))) throw alreadyRunning(file);
  }
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw cannot('make the folder of the control socket', folder, error);
  }
}

/** @returns whether the name was free */
function bind(server: net.Server, file: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const listening = (): void => {
      server.off('error', failed);
      resolve(true);
    };
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off('listening', listening);
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(cannot('listen on', file, error));
    };
    server.once('listening', listening).once('error', failed);
    const umask = process.umask(SOCKET_UMASK);
    server.listen(file); // binds before it returns
    process.umask(umask);
  });
}

/** Removes the socket file of a process that is gone. */
async function removeStale(file: string): Promise<void> {
  const errno = await connectError(file);
  if (errno === null || errno === 'EAGAIN') throw alreadyRunning(file); // EAGAIN: its queue is full
  if (errno === 'ENOENT') return;
  if (errno !== 'ECONNREFUSED' || !fs.lstatSync(file).isSocket()) throw cannot('replace', file, { code: errno });
  fs.rmSync(file, { force: true });
}

/** @returns what connecting to a unix socket fails with; null when it succeeds */
function connectError(file: string): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = net.connect({ path: file });
    probe
      .once('connect', () => resolve(null))
      .once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'EIO'));
    probe.once('connect', () => probe.destroy());
  });
}

function serve(socket: net.Socket, limits: UnixServerLimits, answer: (line: Uint8Array) => Promise<string>): void {
  const destroy = (): void => void socket.destroy();
  const reader = new LineReader(limits.requestBytes);
  let line: Buffer | null = null;
  let timer = setTimeout(destroy, limits.requestSeconds * 1000);
  socket.on('error', () => undefined); // a client that went away is none of our business
  socket.on('close', () => clearTimeout(timer));
  socket.on('end', () => line ?? destroy());
  socket.on('data', (bytes) => {
    if (line) return;
    line = reader.take(bytes);
    if (!line) return;
    clearTimeout(timer);
    const signs = setInterval(() => socket.write(' '), limits.signSeconds * 1000);
    timer = signs;
    const send = (text: string): void => {
      clearTimeout(timer);
      timer = setTimeout(destroy, limits.answerSeconds * 1000);
      socket.end(text, destroy);
    };
    answer(line).then(send, destroy);
  });
}

function alreadyRunning(file: string): AlreadyRunningError {
  return new AlreadyRunningError(`another bondherald runs on this host: it answers at ${file}; stop it first`);
}

function cannot(what: string, file: string, error: unknown): ControlSocketError {
  const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
  return new ControlSocketError(errno, `cannot ${what} ${file}: ${errno}`);
}
