import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { runScript, WORLD_PATH } from './script.js';
import { supervise } from './supervise.js';
import type { WorldResult, WorldRun } from './types.js';

const UNSHARE = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];

/** What the daemon keeps and what it is told: neither may be this machine's. */
const OWN_FOLDERS = ['/var/lib/bondherald', '/etc/bondherald'];

/**
 * Runs the command in fresh network, mount and process namespaces of this kernel, with its own /run,
 * state and configuration of the daemon. Needs root and a kernel that has bonding. Unlike the other worlds this one shares the
 * disk: what a test writes elsewhere stays.
 */
export function runDirect(run: WorldRun): Promise<WorldResult> {
  const token = randomBytes(8).toString('hex');
  // sysfs shows the network of whoever mounted it, so this world mounts its own. The rest is no file, because /run,
  // which the mount hides, may be where a file would lie.
  const own = OWN_FOLDERS.map((folder) => `mkdir -p ${folder}; mount -t tmpfs tmpfs ${folder}`);
  const mounts = ['mount -t proc proc /proc', 'mount -t sysfs sysfs /sys', 'mount -t tmpfs tmpfs /run', ...own].join(
    '; ',
  );
  const argv = [...UNSHARE, 'sh', '-c', `${mounts}\n${runScript(run, token)}`];
  const env = { PATH: WORLD_PATH };
  return supervise({ name: 'the network namespace', argv, env, token, bootTimeoutMs: 20_000 }, run);
}

/** Whether this kernel can make a bond for us; tried in a namespace that is gone at once. */
export function directWorks(): boolean {
  if (process.getuid?.() !== 0) return false;
  const probe =
    'ip link add bondprobe type bond mode active-backup && ip link add brprobe type bridge vlan_filtering 1';
  return (
    spawnSync('unshare', ['--net', 'sh', '-c', probe], { env: { PATH: WORLD_PATH }, stdio: 'ignore' }).status === 0
  );
}
