import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INIT_BEGINS, debianKernel, writeInitrd, type Kernel } from './kernel.js';
import { withScratch } from './scratch.js';
import { modulesScript, quote, runScript, WORLD_PATH } from './script.js';
import { supervise } from './supervise.js';
import type { WorldResult, WorldRun } from './types.js';

const QEMU = '/usr/bin/qemu-system-x86_64';
const BOOT_TIMEOUT_MS = 120_000;

/** A run in the emulator. */
export interface Smp2Run extends WorldRun {
  /** The version of Debian's kernel, for example 5.10; that of this machine's Debian by default. */
  kernel?: string;
}

/** Where what is fetched once is kept: `.lab` in the repository's root, whatever folder that is in. */
function cacheFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const root = here.slice(0, here.lastIndexOf('/build/test/lab/'));
  return join(root, '.lab');
}

/**
 * Boots Debian's kernel with two CPUs in an emulator, on this machine's own files (by 9p, read-only, under an overlay),
 * and runs the command in it as root. For what one CPU cannot show; everything takes many times longer than in User
 * Mode Linux. Resolves with a `problem` if something is missing, does not boot or hangs.
 */
export async function bootSmp2(run: Smp2Run): Promise<WorldResult> {
  try {
    if (!existsSync(QEMU)) throw new Error(`${QEMU} is missing: apt-get install qemu-system-x86`);
    const kernel = debianKernel(cacheFolder(), run.kernel);
    return await withScratch('smp2', (scratch) => emulate(kernel, scratch, run));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { code: null, output: '', problem, boot: '', bootMs: 0, runMs: 0 };
  }
}

function emulate(kernel: Kernel, scratch: string, run: WorldRun): Promise<WorldResult> {
  const token = randomBytes(8).toString('hex');
  writeFileSync(join(scratch, 'run'), runScript(run, token));
  const initrd = writeInitrd(kernel, initScript(kernel, scratch, run), scratch);
  const argv = [
    QEMU,
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '1G', '-no-reboot', '-display', 'none'],
    ...['-nodefaults', '-serial', 'stdio', '-kernel', kernel.image, '-initrd', initrd],
    ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off'],
    ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
  ];
  const env = { PATH: WORLD_PATH, HOME: scratch };
  return supervise({ name: 'the emulator', argv, env, token, bootTimeoutMs: BOOT_TIMEOUT_MS }, run);
}

/** Busybox loads what it takes to see the machine's files, and hands over to them. */
function initScript(kernel: Kernel, scratch: string, run: WorldRun): string {
  const options = 'ro,trans=virtio,version=9p2000.L,msize=512000';
  const node = realpathSync(process.execPath);
  return [
    ...INIT_BEGINS,
    `stty raw -echo cols ${run.columns ?? 120} rows ${run.rows ?? 40}`,
    ...kernel.firstModules.map((path) => `insmod /m/${basename(path)}`),
    'mount -t tmpfs tmpfs /run; mkdir /run/upper /run/work',
    // Through its cache Linux 5.10 asks for one page at a time: 24,000 requests for node alone, half a minute.
    `mount -t 9p -o ${options},cache=none host /host && mkdir -p /run/upper${dirname(node)}`,
    `dd if=/host${node} of=/run/upper${node} bs=500k 2>/dev/null; chmod 755 /run/upper${node}; umount /host`,
    `mount -t 9p -o ${options},cache=loose host /host || echo 'the machine has no files'`,
    'mount -t overlay overlay -o lowerdir=/host,upperdir=/run/upper,workdir=/run/work /root',
    'for d in proc sys dev; do mount --bind /$d /root/$d; done',
    'mount -t tmpfs tmpfs /root/run',
    `cat >/root/run/start <<'EOF'`,
    `export PATH=${WORLD_PATH}`,
    ...modulesScript(kernel.modules),
    `exec sh ${quote(join(scratch, 'run'))}`,
    'EOF',
    'chroot /root /bin/sh /run/start',
    'poweroff -f',
    '',
  ].join('\n');
}
