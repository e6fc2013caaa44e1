import { readBounded } from '../files/read-files.js';

/** So many bytes of the list are read: a host with 1,000 guests has some thousand lines of 100 bytes. */
const LIMIT = 8 << 20;

/**
 * The names that unix sockets of this network namespace are bound to (proc(5), /proc/net/unix), as their processes see
 * them: a container's are those of its own root folder.
 * @returns none where they cannot be read
 */
export async function readUnixNames(): Promise<string[]> {
  const text = await readBounded('/proc/net/unix', LIMIT).catch(() => null);
  // Num RefCount Protocol Flags Type St Inode Path
  const lines = text?.toString().trimEnd().split('\n').slice(1) ?? [];
  return lines.flatMap((line) => /^(?:\S+\s+){6}\S+ (\/.*)$/.exec(line)?.[1] ?? []);
}
