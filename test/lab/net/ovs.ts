import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { until } from '../../support/until.js';
import { HYPERVISOR } from './hypervisor.js';
import { ip, mustRun } from './ip.js';
import type { Lab } from './lab.js';

/** Where Open vSwitch keeps its sockets and pid files, and where the daemon looks for them first. In memory in the lab. */
export const OVS_FOLDER = '/run/openvswitch';
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

export type OvsDaemon = 'ovsdb-server' | 'ovs-vswitchd';

/**
 * The real ovsdb-server and ovs-vswitchd in the hypervisor, as a distribution starts them: default names of sockets and
 * pid files, an empty database. The kernel's datapath does not work in every world: see `addBridge`.
 */
export class OpenVSwitch {
  private constructor(private readonly folder: string) {}

  /** Starts both daemons; they end with the lab. @param folder where they keep everything */
  static async start(lab: Lab, folder = OVS_FOLDER): Promise<OpenVSwitch> {
    const ovs = new OpenVSwitch(folder);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    lab.onDestroy(() => ovs.end());
    await ovs.inHv('ovsdb-tool', 'create', ovs.database, SCHEMA);
    await ovs.restart('ovsdb-server');
    await ovs.vsctl('--no-wait', 'init');
    await ovs.restart('ovs-vswitchd');
    return ovs;
  }

  /** `ovs-vsctl`, which waits until ovs-vswitchd has done it, unless the first argument is `--no-wait`. */
  vsctl(...args: string[]): Promise<string> {
    return this.inHv('ovs-vsctl', '--timeout=20', ...args);
  }

  /** `ovs-appctl`, which asks ovs-vswitchd unless `-t` says who. */
  appctl(...args: string[]): Promise<string> {
    return this.inHv('ovs-appctl', '--timeout=20', ...args);
  }

  ofctl(...args: string[]): Promise<string> {
    return this.inHv('ovs-ofctl', '--timeout=20', ...args);
  }

  /** Adds a bridge with the userspace datapath; `settings` as in `ovs-vsctl set bridge`. */
  async addBridge(name: string, ...settings: string[]): Promise<void> {
    await this.vsctl('add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev', ...settings);
  }

  /** The process id of a daemon, from its pid file. */
  pid(daemon: OvsDaemon): number {
    return Number(readFileSync(`${this.folder}/${daemon}.pid`, 'utf8'));
  }

  /** Sends a signal; for one that ends the daemon, waits until it is gone. What SIGKILL leaves behind stays there. */
  async kill(daemon: OvsDaemon, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const pid = this.pid(daemon);
    process.kill(pid, signal);
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
    await until(() => !alive(pid), { what: `${daemon} is gone` });
  }

  /** Starts a daemon that does not run; the database is as it was. */
  async restart(daemon: OvsDaemon): Promise<void> {
    const socket = `unix:${this.folder}/db.sock`;
    const what = daemon === 'ovsdb-server' ? [this.database, `--remote=p${socket}`] : [socket];
    await this.inHv(daemon, ...what, '--detach', '--no-chdir', '-vconsole:off', '--pidfile');
  }

  private async end(): Promise<void> {
    for (const daemon of ['ovs-vswitchd', 'ovsdb-server'] as const) {
      await this.kill(daemon, 'SIGKILL').catch(() => undefined); // no pid file: a test ended it
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get database(): string {
    return `${this.folder}/conf.db`;
  }

  /** Open vSwitch keeps lock and log files in folders of its own, which the environment moves to one that is in memory. */
  private inHv(...argv: string[]): Promise<string> {
    const folders = ['OVS_RUNDIR', 'OVS_LOGDIR', 'OVS_DBDIR', 'OVS_SYSCONFDIR'].map((name) => `${name}=${this.folder}`);
    return mustRun(['ip', 'netns', 'exec', HYPERVISOR, 'env', ...folders, ...argv]);
  }
}

/** Takes the links and the guests' ports out of a plain bridge and its bond, which go. @returns the guests' ports */
export async function withoutPlainBridge(lab: Lab): Promise<string[]> {
  const ports = lab.guests.flatMap(({ port }) => port ?? []);
  await ip(HYPERVISOR, [
    ...['up1', 'up2', ...ports].map((device) => `link set ${device} nomaster`),
    ...['link del bond0', 'link del br0', 'link set up1 up', 'link set up2 up'],
  ]);
  return ports;
}

/** Whether a process runs; one that only waits to be reaped does not. */
function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
