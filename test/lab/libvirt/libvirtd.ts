import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { until } from '../../support/until.js';
import { runIn, SCRATCH } from '../net/daemon.js';
import { HYPERVISOR } from '../net/hypervisor.js';
import type { Lab } from '../net/lab.js';
import { type DomainOptions, domainXml } from './domain.js';

/** Where libvirt's QEMU driver keeps the status file of each domain that runs. */
export const STATUS_FOLDER = '/run/libvirt/qemu';

/** A machine that emulates another in one process's time slices takes it. */
const PATIENCE_MS = 60_000;

/** The real libvirt in the hypervisor's namespace, as scripts/libvirt-root.sh has set it up. Its guests end with the lab. */
export class Libvirt {
  private running: ChildProcess | null = null;

  /** @param run its folder below /run, as others see it */
  private constructor(
    private readonly command: readonly string[],
    private readonly run: string,
  ) {}

  /** Starts its daemon, and waits until it answers. */
  static start(lab: Lab): Promise<Libvirt> {
    return this.begin(lab, new Libvirt(['ip', 'netns', 'exec', HYPERVISOR, 'libvirtd'], '/run/libvirt'));
  }

  /**
   * Starts one on another host: in a network namespace, with a name, an identity and folders of its own.
   * @param netns has what its domains are joined to
   */
  static startElsewhere(lab: Lab, netns: string): Promise<Libvirt> {
    const folder = path.join(SCRATCH, netns);
    for (const each of ['run', 'lib']) mkdirSync(path.join(folder, each), { recursive: true });
    const config = readFileSync('/etc/libvirt/libvirtd.conf', 'utf8').replace(/^(host_uuid = .*).."$/m, '$199"');
    writeFileSync(path.join(folder, 'libvirtd.conf'), config);
    const script = [
      `echo ${netns} >/proc/sys/kernel/hostname`,
      `mount --bind ${folder}/run /run/libvirt`,
      `mount --bind ${folder}/lib /var/lib/libvirt`,
      `mount --bind ${folder}/libvirtd.conf /etc/libvirt/libvirtd.conf`,
      'exec libvirtd --pid-file /run/libvirt/pid',
    ].join(' && ');
    const command = ['unshare', '--uts', 'ip', 'netns', 'exec', netns, 'sh', '-c', script];
    return this.begin(lab, new Libvirt(command, path.join(folder, 'run')));
  }

  private static async begin(lab: Lab, libvirt: Libvirt): Promise<Libvirt> {
    rmSync(libvirt.run, { recursive: true, force: true });
    mkdirSync(libvirt.run);
    lab.onDestroy(() => libvirt.end());
    await libvirt.restart();
    return libvirt;
  }

  /** Where it is asked, by another libvirt too. */
  get uri(): string {
    return `qemu+unix:///system?socket=${this.run}/libvirt-sock`;
  }

  /** Has a domain that runs go over to another host. @param more options of `virsh migrate` */
  async migrate(name: string, to: Libvirt, ...more: string[]): Promise<void> {
    const data = path.join(SCRATCH, 'migration');
    rmSync(data, { force: true });
    await this.virsh('migrate', '--live', ...more, '--migrateuri', `unix://${data}`, name, to.uri);
  }

  /** Runs virsh. @returns what it prints @throws Error with what it complains of */
  async virsh(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runIn(['virsh', '-q', '-c', this.uri, ...args]);
    if (code !== 0) throw new Error(`virsh ${args.join(' ')}: ${stderr.trim()}`);
    return stdout.trim();
  }

  /** Starts a domain of which libvirt forgets everything when it ends. @param more options of `virsh create` */
  async create(options: DomainOptions, ...more: string[]): Promise<void> {
    await this.virsh('create', ...more, file('domain.xml', domainXml(options)));
  }

  /** Makes a domain known that is to be started by its name. */
  async define(options: DomainOptions): Promise<void> {
    await this.virsh('define', file('domain.xml', domainXml(options)));
  }

  /** Makes a network, of its XML. */
  async network(xml: string): Promise<void> {
    await this.virsh('net-create', file('network.xml', xml));
  }

  /** Plugs a device into a domain that runs, or out of it. What libvirt then waits for is not awaited. */
  async plug(how: 'attach' | 'detach', name: string, device: string): Promise<void> {
    await this.virsh(`${how}-device`, name, file('device.xml', device), '--live');
  }

  /** Its version, as a number: 11.3. */
  async version(): Promise<number> {
    return Number(/libvirt (\d+\.\d+)/.exec(await this.virsh('version'))?.[1]);
  }

  /** The device of the n-th interface of a domain, from 0. */
  async device(name: string, n = 0): Promise<string> {
    const lines = (await this.virsh('domiflist', name)).split('\n');
    return lines[n]?.trim().split(/\s+/)[0] ?? '';
  }

  /** Kills a domain's QEMU. */
  async killQemu(name: string): Promise<void> {
    const [, pid] = /<domstatus [^>]*pid='(\d+)'/.exec(readFileSync(`${this.run}/qemu/${name}.xml`, 'utf8')) ?? [];
    if (pid === undefined) throw new Error(`the status file of ${name} names no process`);
    process.kill(Number(pid), 'SIGKILL');
    await until(() => !existsSync(`/proc/${pid}/exe`), { what: `QEMU of ${name} is gone` });
  }

  /** Ends the daemon by a signal. Its guests stay. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.running;
    this.running = null;
    child?.kill(signal);
    await until(() => !child || hasEnded(child), { what: 'libvirtd is gone' });
  }

  /** Starts the daemon, and waits until it answers: by then it knows again which guests run. */
  async restart(): Promise<void> {
    const [program = '', ...args] = this.command;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    this.running = child;
    const answers = async (): Promise<boolean> => {
      if (hasEnded(child)) throw new Error(`libvirtd ended: ${output}`);
      return (await runIn(['virsh', '-q', '-c', this.uri, 'list'])).code === 0;
    };
    await until(answers, { what: 'libvirtd answers', timeout: PATIENCE_MS, every: 100 });
  }

  private async end(): Promise<void> {
    await this.kill('SIGKILL');
    const status = path.join(this.run, 'qemu');
    const names = existsSync(status) ? readdirSync(status) : [];
    for (const name of names.filter((each) => each.endsWith('.xml'))) {
      await this.killQemu(path.basename(name, '.xml')).catch(() => undefined); // it was gone
    }
    rmSync(this.run, { recursive: true, force: true });
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Writes what virsh is to read. @returns its path */
function file(name: string, text: string): string {
  mkdirSync(SCRATCH, { recursive: true });
  writeFileSync(path.join(SCRATCH, name), text);
  return path.join(SCRATCH, name);
}
