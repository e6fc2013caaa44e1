import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;
const libc = koffi.load(null);
const setns = libc.func('int setns(int fd, int nstype)') as (fd: number, type: number) => number;

/**
 * Does `work` with the calling thread in the network namespace of that name (null: the world's own), and comes back.
 * A socket stays in the namespace it was made in, and a child process in the one it was started in: so sockets, capture
 * sessions and processes are made here and used anywhere. `work` must not wait: the thread is every task's.
 * Throws if there is no such namespace or `work` throws.
 */
export function inNetns<T>(name: string | null, work: () => T): T {
  if (name === null) return work();
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    enter(openSync(`/run/netns/${name}`, 'r'), true);
    try {
      const result = work();
      if (result instanceof Promise) throw new TypeError(`work in namespace ${name} must not wait`);
      return result;
    } finally {
      enter(home, false);
    }
  } finally {
    closeSync(home);
  }
}

function enter(fd: number, close: boolean): void {
  const failed = setns(fd, CLONE_NEWNET) !== 0;
  const code = koffi.errno();
  if (close) closeSync(fd);
  if (failed) throw new Error(`setns failed: errno ${code}`);
}
