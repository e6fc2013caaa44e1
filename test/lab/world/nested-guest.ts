import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INIT_BEGINS, debianKernel, type Kernel, writeInitrd } from './kernel.js';

/** Where what is made or fetched once is kept; the worlds see it too. */
const CACHE = fileURLToPath(new URL('../../../../.lab', import.meta.url));
const FOLDER = join(CACHE, 'guest');

/** What a guest within a world starts: Debian's kernel, with a shell on its serial line. It sends nothing by itself. */
export const NESTED_GUEST = { kernel: join(FOLDER, 'vmlinuz'), initrd: join(FOLDER, 'initrd.cpio') };

/** Makes it if it is not there. Throws as debianKernel does. */
export function makeNestedGuest(): void {
  if (existsSync(NESTED_GUEST.initrd)) return;
  const debian = debianKernel(CACHE, null, ['virtio_pci', 'virtio_net']);
  const work = join(CACHE, `guest-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    writeInitrd(debian, initScript(debian), work);
    rmSync(join(work, 'initrd'), { recursive: true });
    cpSync(debian.image, join(work, basename(NESTED_GUEST.kernel)));
    rmSync(FOLDER, { recursive: true, force: true });
    renameSync(work, FOLDER);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function initScript({ firstModules }: Kernel): string {
  return [
    ...INIT_BEGINS,
    ...firstModules.map((path) => `insmod /m/${basename(path)}`),
    'stty raw -echo </dev/ttyS0',
    'while :; do sh </dev/ttyS0 >/dev/ttyS0 2>&1; done',
    '',
  ].join('\n');
}
