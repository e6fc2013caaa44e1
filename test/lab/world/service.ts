import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onOneCpu } from './one-cpu.js';
import { withScratch } from './scratch.js';
import { modulesScript, NO_IO_URING, quote, runScript, WORLD_PATH } from './script.js';
import { supervise } from './supervise.js';
import type { WorldResult, WorldRun } from './types.js';
import { memoryFolder, UML_KERNEL, UML_MODULES } from './uml.js';
import { xstateEnvironment } from './xstate.js';

/** The Debian to boot: scripts/service-root.sh makes it. */
const ROOT = fileURLToPath(new URL('../../../../.lab/service/root', import.meta.url));
const BOOT_TIMEOUT_MS = 90_000;
const MEMORY_MIB = 1536;

/** Where in that Debian our own node is, which the system itself knows nothing of. */
const NODE_FOLDER = '/lab/node';

/**
 * Boots a minimal Debian with systemd in User Mode Linux, and runs the command in it as a service, once the boot is
 * complete. What is written is gone with it; this checkout is there too, at its own place, read-only.
 */
export async function bootService(run: WorldRun): Promise<WorldResult> {
  for (const [path, cure] of [
    [UML_KERNEL, 'apt-get install user-mode-linux'],
    [ROOT, 'scripts/service-root.sh makes it'],
  ] as const) {
    if (!existsSync(path)) return missing(`${path} is missing: ${cure}`);
  }
  const token = randomBytes(8).toString('hex');
  const command = run.command.map((word) => (word === process.execPath ? `${NODE_FOLDER}/node` : word));
  return onOneCpu((prefix) =>
    withScratch('service', (scratch) => {
      const init = join(scratch, 'init');
      writeFileSync(join(scratch, 'run'), runScript({ ...run, command }, token));
      writeFileSync(init, initScript(scratch, run.cwd ?? process.cwd()), { mode: 0o755 });
      const argv = [
        ...prefix,
        UML_KERNEL,
        `mem=${MEMORY_MIB}M`,
        ...['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', `init=${init}`],
        ...['con=null', 'con0=null,fd:1', 'quiet', `uml_dir=${scratch}/`, 'umid=lab'],
        ...['systemd.show_status=0', 'systemd.firstboot=0'],
      ];
      const env = { PATH: WORLD_PATH, HOME: scratch, TMPDIR: memoryFolder(MEMORY_MIB), ...xstateEnvironment() };
      return supervise(
        { name: 'the Debian in User Mode Linux', argv, env, token, bootTimeoutMs: BOOT_TIMEOUT_MS },
        run,
      );
    }),
  );
}

/** Makes the Debian the root, under an overlay on tmpfs that takes what is written, and hands over to its systemd. */
function initScript(scratch: string, cwd: string): string {
  const lab = [
    '[Unit]',
    'After=multi-user.target',
    '[Service]',
    'Type=exec',
    `ExecStart=/bin/sh -c 'stty raw -echo </dev/console; exec /bin/sh /lab/run >/dev/console 2>&1'`,
  ];
  const files = {
    'etc/systemd/system/lab.service': lab.join('\n'),
    'etc/machine-id': randomBytes(16).toString('hex'),
    'etc/hostname': 'hypervisor',
  };
  return [
    '#!/bin/sh',
    `export PATH=${WORLD_PATH}`,
    'mount -t proc proc /proc',
    'mount -t sysfs sysfs /sys',
    'dmesg -n 1',
    NO_IO_URING,
    'mount -t tmpfs -o size=90% tmpfs /run',
    'mkdir -p /run/m/lib /run/o/upper /run/o/work /run/root',
    `ln -s ${UML_MODULES} /run/m/lib/modules`,
    ...modulesScript('/run/m', ['overlay']),
    `mount -t overlay overlay -o lowerdir=${ROOT},upperdir=/run/o/upper,workdir=/run/o/work /run/root`,
    'cd /run/root || exit 1',
    `mkdir -p lab/old lab/node lib/modules .${cwd}`,
    `mount --bind ${quote(cwd)} .${cwd}`,
    `mount --bind ${quote(dirname(process.execPath))} .${NODE_FOLDER}`,
    `mount --bind ${UML_MODULES} lib/modules`,
    `cp ${quote(join(scratch, 'run'))} lab/run`,
    ...Object.entries(files).map(([name, text]) => `printf '%s\\n' ${quote(text)} >${name}`),
    'mkdir -p etc/systemd/system/multi-user.target.wants',
    'ln -s ../lab.service etc/systemd/system/multi-user.target.wants/lab.service',
    'for tty in getty@tty1 console-getty serial-getty@ttyS0; do ln -sf /dev/null etc/systemd/system/$tty.service; done',
    'umount /sys /proc',
    'pivot_root . lab/old',
    'exec chroot . /bin/sh -c "mount -t proc proc /proc; umount -l /lab/old; exec /lib/systemd/systemd" </dev/console >/dev/console 2>&1',
    '',
  ].join('\n');
}

function missing(problem: string): WorldResult {
  return { code: null, output: '', problem, boot: '', bootMs: 0, runMs: 0 };
}
