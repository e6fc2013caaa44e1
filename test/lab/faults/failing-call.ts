import { spawn } from 'node:child_process';
import { until } from '../../support/until.js';
import { threadNamed } from './vitals.js';

/** The daemon's threads, by the names that `ps` shows. */
export type ThreadName = 'bh-failover' | 'bh-listen';

/**
 * Has the next system call of that name fail in one thread of a process, or last; strace does it from outside.
 * @param fault as strace(1) has it: `error=EIO`, `delay_enter=2000000` (µs)
 * @returns when strace is in place, a function that ends it
 */
export async function inject(pid: number, thread: ThreadName, call: string, fault: string): Promise<() => void> {
  const tid = String(threadNamed(pid, thread));
  const strace = spawn('strace', ['-p', tid, '-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=1`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  strace.once('error', (error) => (said = error.message));
  strace.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until(() => said !== '', { what: 'strace says something' });
  if (!/attached/.test(said)) throw new Error(`strace: ${said.trim()}`);
  return () => void strace.kill();
}
