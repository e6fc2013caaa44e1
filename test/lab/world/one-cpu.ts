import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** Far more worlds than a machine has room for. */
const WORLDS_A_CPU = 64;

/**
 * Runs `use` with a command line that keeps all its processes on one CPU, the one with the fewest worlds on it. User Mode
 * Linux hands every system call of its processes from one process of the host to another: on the same CPU that is a
 * switch, on two it wakes a CPU up, which took a virtual machine 60 µs instead of 8.
 * @param use gets what to put before the command
 */
export async function onOneCpu<T>(use: (prefix: readonly string[]) => Promise<T>): Promise<T> {
  const { cpu, claim } = await claimCpu(allowedCpus(readFileSync('/proc/self/status', 'utf8')));
  try {
    return await use(['taskset', '--cpu-list', String(cpu)]);
  } finally {
    claim.close();
  }
}

/** The CPUs that a process may use. @param status the text of its /proc/PID/status */
export function allowedCpus(status: string): number[] {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  });
}

/** A name in the abstract namespace of sockets is one claim: it goes with the process, however that ends. */
async function claimCpu(cpus: readonly number[]): Promise<{ cpu: number; claim: Server }> {
  for (let world = 0; world < WORLDS_A_CPU; world++) {
    for (const cpu of cpus) {
      const claim = await listen(`\0bondherald-lab/cpu${cpu}/${world}`);
      if (claim) return { cpu, claim };
    }
  }
  throw new Error(`${WORLDS_A_CPU} worlds run on each CPU already`);
}

function listen(name: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer().unref();
    server.once('listening', () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(name);
  });
}
