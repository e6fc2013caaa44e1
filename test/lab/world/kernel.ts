import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WORLD_PATH } from './script.js';

/** The second lab's kernel, unpacked. */
export interface Kernel {
  /** The image to boot. */
  image: string;
  /** A folder with lib/modules/VERSION, as `modprobe -d` takes it. */
  modules: string;
  /** Modules (as paths) that the initial RAM disk has to load, in this order. */
  firstModules: string[];
  busybox: string;
}

/** The cloud variant of this package is a third of the size, but has no 9p. */
const PACKAGE = 'linux-image-amd64';

/** What it takes to see the machine's files: the rest comes from there. */
const FIRST = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/** Drivers for hardware the emulator does not have: nine tenths of the size. */
const UNUSED = [
  'sound',
  ...['gpu', 'media', 'scsi', 'infiniband', 'net/ethernet', 'net/wireless'].map((d) => `drivers/${d}`),
];

/**
 * Debian's kernel and busybox, unpacked into `cache`; fetched from Debian's archive the first time. Nothing is
 * installed. Throws, naming the command, if the archive cannot be reached or has no such package.
 */
export function debianKernel(cache: string): Kernel {
  const ready = join(cache, 'smp2');
  if (!existsSync(ready)) fetchInto(ready, cache);
  const version = readdirSync(join(ready, 'lib/modules'))[0] ?? '';
  return {
    image: join(ready, `vmlinuz-${version}`),
    modules: ready,
    firstModules: loadOrder(ready, version),
    busybox: join(ready, 'busybox'),
  };
}

/** Unpacks next to the place and renames at the end, so that an interrupted fetch leaves nothing that looks whole. */
function fetchInto(ready: string, cache: string): void {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    const name = kernelPackage();
    run('apt-get', ['download', '-qq', name, 'busybox-static'], work);
    const packages = readdirSync(work).filter((file) => file.endsWith('.deb'));
    for (const file of packages) run('dpkg-deb', ['-x', file, 'all'], work);
    const version = name.replace('linux-image-', '');
    mkdirSync(join(work, 'out/lib/modules'), { recursive: true });
    renameSync(join(work, `all/boot/vmlinuz-${version}`), join(work, `out/vmlinuz-${version}`));
    renameSync(join(work, 'all/lib/modules', version), join(work, 'out/lib/modules', version));
    cpSync(join(work, 'all/bin/busybox'), join(work, 'out/busybox'));
    for (const folder of UNUSED) rmSync(join(work, 'out/lib/modules', version, 'kernel', folder), { recursive: true });
    run('depmod', ['-b', 'out', version], work);
    renameSync(join(work, 'out'), ready);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The real package behind the one that always names the newest. */
function kernelPackage(): string {
  const find = (): string | undefined => /Depends: (linux-image-\S+)/.exec(run('apt-cache', ['depends', PACKAGE]))?.[1];
  let name = find();
  if (name === undefined) {
    run('apt-get', ['update', '-qq']);
    name = find();
  }
  if (name === undefined) throw new Error(`Debian's archive has no ${PACKAGE}`);
  return name;
}

function loadOrder(modules: string, version: string): string[] {
  const order: string[] = [];
  for (const name of FIRST) {
    const text = run('modprobe', ['-d', modules, '-S', version, '--show-depends', name]);
    for (const line of text.split('\n')) {
      const path = /^insmod (\S+)/.exec(line)?.[1];
      if (path !== undefined && !order.includes(path)) order.push(path);
    }
  }
  return order;
}

/** An initial RAM disk with busybox as its shell, the modules, and that init. */
export function writeInitrd(kernel: Kernel, init: string, folder: string): string {
  const root = join(folder, 'initrd');
  for (const name of ['bin', 'm', 'proc', 'sys', 'dev', 'run', 'host', 'root']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  cpSync(kernel.busybox, join(root, 'bin/busybox'));
  for (const path of kernel.firstModules) cpSync(path, join(root, 'm', basename(path)));
  writeFileSync(join(root, 'init'), init, { mode: 0o755 });
  run('sh', ['-c', 'find . | cpio --quiet -o -H newc >../initrd.cpio'], root);
  return join(folder, 'initrd.cpio');
}

function run(program: string, args: string[], cwd?: string): string {
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: WORLD_PATH } };
  try {
    return execFileSync(program, args, { ...options, ...(cwd === undefined ? {} : { cwd }) } as { encoding: 'utf8' });
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')} failed: ${error instanceof Error ? error.message : ''}`);
  }
}
