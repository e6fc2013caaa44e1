import path from 'node:path';
import { openUnixStream, type StreamListener, type UnixStream } from '../../sys/unix/unix-stream.js';
import { type Folder, openFolder } from '../../sys/files/watch-folder.js';

/** Where Open vSwitch's sockets are, and how to connect to them. */
export interface OvsHost {
  readonly folder: Folder;
  /** @throws SyscallError */
  connect(file: string, listener: StreamListener): Promise<UnixStream>;
}

/** How folders and sockets are opened. */
interface Opening {
  openFolder(path: string): Folder;
  openUnixStream: typeof openUnixStream;
}

/** The server of the database (ovsdb-server(1): --remote=punix:db.sock). */
export const DATABASE_SOCKET = 'db.sock';
const PID_FILE = 'ovs-vswitchd.pid';
const PID_FILE_BYTES = 64;

/** The sockets in a folder. */
export function ovsIn(folder: string, open: Opening = { openFolder, openUnixStream }): OvsHost {
  return {
    folder: open.openFolder(folder),
    connect: (file, listener) => open.openUnixStream(path.join(folder, file), listener),
  };
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
