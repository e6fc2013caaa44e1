import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { quote } from './script.js';

/** The checkout, in which build/ is. */
const CHECKOUT = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

/** What a world needs of this machine, each at its own place: the checkout, this very node, and what is scratch. */
const FOLDERS = [tmpdir(), CHECKOUT];
const FILES = [process.execPath];
const SYSTEM = ['/proc', '/sys', '/dev'];

/**
 * What to put before a command so that it runs as root in another Debian and sees this checkout there. The mounts are in
 * a namespace of their own and go with the command. Needs root.
 * @param root folder of that Debian
 */
export function inRoot(root: string): string[] {
  const at = (path: string): string => quote(`${root}${path}`);
  const script = [
    'set -e',
    // Refused in a chroot that is no mount of its own, where nothing spreads unless the mount around it is a shared one.
    'mount --make-rprivate / 2>/dev/null || true',
    ...SYSTEM.map((path) => `mount --rbind ${path} ${at(path)}`),
    ...FOLDERS.flatMap((path) => [`mkdir -p ${at(path)}`, `mount --bind ${quote(path)} ${at(path)}`]),
    ...FILES.flatMap((path) => [
      `mkdir -p "$(dirname ${at(path)})"`,
      `touch ${at(path)}`,
      `mount --bind ${quote(path)} ${at(path)}`,
    ]),
    `exec chroot ${quote(root)} "$@"`,
  ];
  return ['unshare', '--mount', '--propagation', 'unchanged', 'sh', '-c', script.join('\n'), 'sh'];
}
