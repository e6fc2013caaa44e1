import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { AlreadyRunningError, ControlSocketError } from '../../errors.js';
import { type AnswerLine, UnixClients, type UnixServerLimits } from './unix-clients.js';

/** A listening unix socket; `close` ends every connection and removes the socket file. */
export type UnixServer = Pick<UnixClients, 'close'>;

/** Owner and group may read and write, which is what connecting needs. */
const SOCKET_UMASK = 0o117;

/**
 * Listens on a unix socket for one line a connection, and answers with one. The socket does not keep the process alive.
 * @param answer is given the line, or the beginning of one that is too long; what it throws ends the connection
 * @throws AlreadyRunningError when another process serves the socket
 * @throws ControlSocketError when the socket cannot be made
 */
export async function listenUnix(file: string, limits: UnixServerLimits, answer: AnswerLine): Promise<UnixServer> {
  const clients = new UnixClients(limits, answer);
  const server = net.createServer({ allowHalfOpen: true }, (socket) => clients.accept(socket));
  server.unref();
  const folder = path.dirname(file);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw cannot('create the folder of the control socket', folder, error);
  }
  if (!(await bind(server, file))) {
    await removeStale(file);
    if (!(await bind(server, file))) throw alreadyRunning(file);
  }
  return {
    close() {
      server.close();
      clients.close();
    },
  };
}

/** @returns whether the name was free */
function bind(server: net.Server, file: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const listening = (): void => {
      server.off('error', failed);
      server.on('error', () => undefined); // one connection could not be accepted: its client may try again
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
    const probe = net.connect({ path: file }, () => {
      probe.destroy();
      resolve(null);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'EIO'));
  });
}

function alreadyRunning(file: string): AlreadyRunningError {
  return new AlreadyRunningError(`another bondherald is running on this host (${file}); stop it first`);
}

function cannot(what: string, file: string, error: unknown): ControlSocketError {
  const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
  return new ControlSocketError(errno, `cannot ${what} ${file}: ${errno}`);
}

/**
 * Lets a group use a file that we own.
 * @param group its name in /etc/group (group(5)): other databases may be out of reach, or slow, when a daemon starts
 * @returns null, or why that cannot be: a symbolic errno, or `no-group`
 */
export function shareWithGroup(file: string, group: string, groupFile = '/etc/group'): string | null {
  try {
    const gid = groupId(group, groupFile);
    if (gid === undefined) return 'no-group';
    if (fs.lstatSync(file).gid === gid) return null; // a sandbox may forbid chown, also where it changes nothing
    fs.lchownSync(file, -1, gid); // who owns a file may give it to a group of his own without any capability
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO';
  }
}

function groupId(group: string, groupFile: string): number | undefined {
  const lines = fs.readFileSync(groupFile, 'utf8').split('\n');
  const rows = lines.map((line) => line.split(':'));
  const row = rows.find(([name, , id = '']) => name === group && /^\d+$/.test(id));
  return row && Number(row[2]);
}
