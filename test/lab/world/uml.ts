import { randomBytes } from 'node:crypto';
import { existsSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { inRoot } from './in-root.js';
import { onOneCpu } from './one-cpu.js';
import { withScratch } from './scratch.js';
import { modulesScript, NO_IO_URING, runScript, WORLD_PATH } from './script.js';
import { supervise } from './supervise.js';
import type { WorldResult, WorldRun } from './types.js';
import { xstateEnvironment } from './xstate.js';

/** Debian's User Mode Linux, and where its modules are. */
export const UML_KERNEL = '/usr/bin/linux.uml';
export const UML_MODULES = '/usr/lib/uml/modules';
const BOOT_TIMEOUT_MS = 60_000;

/** A run in User Mode Linux. */
export interface UmlRun extends WorldRun {
  /** The memory of the machine, in MiB; 1,024 by default. */
  memory?: number;
  /** The kernel; Debian's by default. */
  kernel?: string;
  /** A Debian to run in, with a User Mode Linux of its own; this machine's files by default. */
  root?: string;
}

/**
 * Boots User Mode Linux on this machine's own files, runs the command in it as root and powers it off. The files are
 * under an overlay: whatever the command writes is gone with it. Takes about 4 s on top of the command.
 * Resolves with a `problem` if the kernel is missing, does not boot or hangs.
 */
export async function bootUml(run: UmlRun): Promise<WorldResult> {
  const kernel = run.kernel ?? UML_KERNEL;
  const file = `${run.root ?? ''}${kernel}`;
  if (!existsSync(file)) return missing(`${file} is missing: ${cureOf(run)}`);
  const memory = run.memory ?? 1024;
  const token = randomBytes(8).toString('hex');
  return onOneCpu((prefix) =>
    withScratch('uml', (scratch) => {
      const init = join(scratch, 'init');
      writeFileSync(join(scratch, 'run'), runScript(run, token));
      writeFileSync(init, initScript(scratch, run), { mode: 0o755 });
      const argv = [
        ...prefix,
        ...(run.root === undefined ? [] : inRoot(run.root)),
        kernel,
        `mem=${memory}M`,
        ...['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', `init=${init}`],
        // Its console is our pipe, and it keeps its control socket where we clean up.
        ...['con=null', 'con0=null,fd:1', 'quiet', `uml_dir=${scratch}/`, 'umid=lab'],
      ];
      const env = { PATH: WORLD_PATH, HOME: scratch, TMPDIR: memoryFolder(memory), ...xstateEnvironment() };
      const name = 'User Mode Linux';
      return supervise({ name, argv, env, token, bootTimeoutMs: BOOT_TIMEOUT_MS }, run);
    }),
  );
}

/** The kernel gives init nothing: no /proc, no PATH. The root stays read-only; an overlay on tmpfs takes the writes. */
function initScript(scratch: string, run: WorldRun): string {
  return [
    '#!/bin/sh',
    `export PATH=${WORLD_PATH}`,
    'mount -t proc proc /proc',
    'mount -t sysfs sysfs /sys',
    'dmesg -n 1',
    NO_IO_URING,
    `stty raw -echo cols ${run.columns ?? 120} rows ${run.rows ?? 40}`,
    'mount -t tmpfs tmpfs /run',
    'mkdir -p /run/m/lib /run/o/upper /run/o/work /run/root',
    `ln -s ${UML_MODULES} /run/m/lib/modules`,
    ...modulesScript('/run/m', ['overlay']),
    'mount -t overlay overlay -o lowerdir=/,upperdir=/run/o/upper,workdir=/run/o/work /run/root',
    'for d in proc sys dev; do mount --rbind /$d /run/root/$d; done',
    'mount -t tmpfs tmpfs /run/root/run',
    `chroot /run/root /bin/sh ${join(scratch, 'run')}`,
    'poweroff -f >/dev/null 2>&1 || busybox poweroff -f',
    '',
  ].join('\n');
}

function cureOf({ root }: UmlRun): string {
  if (root === undefined) return 'apt-get install user-mode-linux';
  const [what = '', version = ''] = basename(dirname(root)).split('-');
  return `scripts/${what === 'libvirt' ? 'libvirt' : 'kernel'}-root.sh ${version}`;
}

/** User Mode Linux keeps its memory in a file: /dev/shm if that is large enough (containers make it small), else disk. */
export function memoryFolder(memory: number): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > memory * 2 ** 20) return '/dev/shm';
  } catch {
    // No /dev/shm at all.
  }
  return tmpdir();
}

/** The end of a world that was none. */
export function missing(problem: string): WorldResult {
  return { code: null, output: '', problem, boot: '', bootMs: 0, runMs: 0 };
}
