import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { show } from './host.js';

/** linux/capability.h: CAP_NET_ADMIN is 12, CAP_NET_RAW is 13, CAP_DAC_OVERRIDE is 1, CAP_DAC_READ_SEARCH is 2. */
export const NETWORK = (1 << 12) | (1 << 13);
export const READ_ANY = 1 << 2;
export const WRITE_ANY = 1 << 1;

/** Every set of every thread holds these capabilities and no other. */
export async function hasExactly(capability: number): Promise<void> {
  const bits = capability.toString(16);
  const threads = capabilities((await show('MainPID')).MainPID);
  assert.ok(threads.length > 3, 'main thread, failover thread, listening thread, helpers');
  const wanted = { CapInh: bits, CapPrm: bits, CapEff: bits, CapBnd: bits, CapAmb: bits };
  for (const sets of threads) assert.deepEqual(sets, wanted);
}

/** The capability sets of each thread of a process, by name, as the kernel writes them: hexadecimal. */
function capabilities(pid: string): Record<string, string>[] {
  return readdirSync(`/proc/${pid}/task`).map((task) => {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    return Object.fromEntries(
      [...status.matchAll(/^(Cap\w+):\s+0*([0-9a-f]+)$/gm)].map(([, name, bits]) => [name, bits]),
    );
  });
}
