import { readdir, readFile, readlink } from 'node:fs/promises';

/** A packet socket that is bound to a device and receives nothing: its protocol is 0 (packet(7)). */
interface SendingSocket {
  readonly ifindex: number;
  readonly inode: string;
}

/**
 * The packet sockets of this network namespace that only send, and are bound to one of these devices.
 * @returns null when the kernel does not tell
 */
export async function readSendingSockets(ifindexes: ReadonlySet<number>): Promise<SendingSocket[] | null> {
  const sockets = await readSockets();
  return sockets?.filter(({ protocol, ifindex }) => protocol === '0000' && ifindexes.has(ifindex)) ?? null;
}

/** The devices that a packet socket of this network namespace is bound to, of any process. @returns null as above */
export async function devicesWithSockets(): Promise<Set<number> | null> {
  const sockets = await readSockets();
  return sockets && new Set(sockets.map(({ ifindex }) => ifindex));
}

async function readSockets(): Promise<(SendingSocket & { readonly protocol: string })[] | null> {
  const text = await readFile('/proc/net/packet', 'utf8').catch(() => null);
  if (text === null) return null;
  const [, ...lines] = text.trimEnd().split('\n');
  return lines.flatMap((line) => {
    // sk RefCnt Type Proto Iface R Rmem User Inode
    const [, , , protocol = '', ifindex, , , , inode] = line.trim().split(/\s+/);
    return inode === undefined ? [] : [{ protocol, ifindex: Number(ifindex), inode }];
  });
}

/** Which of these sockets (inodes) a process holds; empty when it does not let us look. */
export async function socketsOf(pid: number, inodes: ReadonlySet<string>): Promise<Set<string>> {
  const found = new Set<string>();
  const folder = `/proc/${pid}/fd`;
  for (const fd of await readdir(folder).catch(() => [])) {
    const target = await readlink(`${folder}/${fd}`).catch(() => ''); // closed meanwhile
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) found.add(inode);
  }
  return found;
}

/** The processes of this pid namespace. */
export async function allProcesses(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
