import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Archive } from './archive.js';
import { run } from './run-program.js';
import { quote } from './script.js';

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
const FILES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/** Drivers for hardware the emulator does not have: nine tenths of the size. */
const UNUSED = [
  'sound',
  ...['gpu', 'media', 'scsi', 'infiniband', 'net/ethernet', 'net/wireless'].map((d) => `drivers/${d}`),
];

/** The releases of Debian whose kernels can be fetched, by the kernel's version. */
export const SUITES: Readonly<Record<string, string>> = { '5.10': 'bullseye', '7.3': 'trixie-backports' };

/**
 * Debian's kernel and busybox, unpacked into `cache`; fetched from Debian's archive the first time. Nothing is
 * installed. Throws, naming the command, if the archive cannot be reached or has no such package.
 * @param version of the kernel; that of this machine's Debian by default
 * @param first the modules that its initial RAM disk has to load, with those that they need; by default those for the machine's files
 */
export function debianKernel(cache: string, version: string | null = null, first: readonly string[] = FILES): Kernel {
  const ready = join(cache, version === null ? 'smp2' : `smp2-${version}`);
  if (!existsSync(ready)) fetchInto(ready, cache, version);
  const release = readdirSync(join(ready, 'lib/modules'))[0] ?? '';
  return {
    image: join(ready, `vmlinuz-${release}`),
    modules: ready,
    firstModules: loadOrder(ready, release, first),
    busybox: join(ready, 'busybox'),
  };
}

/** Unpacks next to the place and renames at the end, so that an interrupted fetch leaves nothing that looks whole. */
function fetchInto(ready: string, cache: string, version: string | null): void {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    const archive = version === null ? new Archive() : Archive.of(suiteOf(version), join(work, 'apt'));
    const packages = archive.dependencies(PACKAGE, /^linux-(image|binary|modules|base)-\d/);
    if (packages.length === 0) throw new Error(`Debian's archive has no ${PACKAGE}`);
    archive.download(packages, work);
    new Archive().download(['busybox-static'], work);
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb')))
      run('dpkg-deb', ['-x', file, 'all'], work);
    unpackedInto(join(work, 'all'), join(work, 'out'));
    renameSync(join(work, 'out'), ready);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function suiteOf(version: string): string {
  const suite = SUITES[version];
  if (suite === undefined) throw new Error(`no such kernel: ${version} (${Object.keys(SUITES).join(', ')})`);
  return suite;
}

/** What it takes of the packages' files: up to Linux 6.x the kernel is in boot/, since 7.x beside its modules. */
function unpackedInto(all: string, out: string): void {
  const folder =
    ['lib/modules', 'usr/lib/modules'].map((path) => join(all, path)).find((path) => existsSync(path)) ?? '';
  const [release = ''] = readdirSync(folder);
  const modules = join(out, 'lib/modules', release);
  mkdirSync(join(out, 'lib/modules'), { recursive: true });
  renameSync(join(folder, release), modules);
  const image = [join(all, `boot/vmlinuz-${release}`), join(modules, 'vmlinuz')].find((path) => existsSync(path)) ?? '';
  renameSync(image, join(out, `vmlinuz-${release}`));
  cpSync(
    [join(all, 'bin/busybox'), join(all, 'usr/bin/busybox')].find((path) => existsSync(path)) ?? '',
    join(out, 'busybox'),
  );
  for (const unused of UNUSED) rmSync(join(modules, 'kernel', unused), { recursive: true, force: true });
  // Busybox loads no compressed module.
  run('sh', ['-c', `find ${quote(modules)} -name '*.ko.xz' -exec unxz {} +`]);
  run('depmod', ['-b', out, release]);
}

function loadOrder(modules: string, version: string, names: readonly string[]): string[] {
  const order: string[] = [];
  for (const name of names) {
    const text = run('modprobe', ['-d', modules, '-S', version, '--show-depends', name]);
    for (const line of text.split('\n')) {
      const path = /^insmod (\S+)/.exec(line)?.[1];
      if (path !== undefined && !order.includes(path)) order.push(path);
    }
  }
  return order;
}

/** How the init of such a RAM disk begins: the lines that give it its programs and the kernel's file systems. */
export const INIT_BEGINS = [
  '#!/bin/busybox sh',
  '/bin/busybox --install -s /bin',
  'export PATH=/bin',
  'mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev',
  'dmesg -n 1',
];

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
