import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../../src/cli/ask.js';
import { until } from '../../support/until.js';
import { announced, expected, RARP_FILTER } from '../net/announced.js';
import { type Capture, capture } from '../net/capture.js';
import { BONDHERALD, Daemon, runIn, writeConfig } from '../net/daemon.js';
import { BOND, type Guest, HYPERVISOR, plainBridge } from '../net/hypervisor.js';
import { type Finished, json } from '../net/ip.js';
import { Lab } from '../net/lab.js';
import { STATE_FOLDER, stateText } from '../net/state-folder.js';
import { INSPECTED } from './inspector.js';

/** A row of `bridge -j fdb show`. */
interface Row {
  mac: string;
  ifname: string;
  master?: string;
  state?: string;
  flags: string[];
}

/** How long a daemon that was hurt is given until all is well again, in ms. */
const PATIENCE = 30_000;

/** And frames until they are here that were sent, in ms. */
const LATE_FRAMES = 5000;

/** How a scene is not as usual. */
export interface SceneOptions {
  /** How many guests; 3. */
  guests?: number;
  /** How many rounds an announcement has by the configuration; 1. */
  rounds?: number;
  /** Where the daemon keeps its state. */
  stateDir?: string;
  /** Whether the daemon lets itself be looked into (inspector.ts). */
  inspected?: boolean;
}

/** A hypervisor and its daemon, to which something happens; and what must be true whenever that is over. */
export class Scene {
  /** Times that a daemon was started, and failovers that were looked at. */
  readonly counts = { starts: 0, failovers: 0 };

  private constructor(
    readonly lab: Lab,
    readonly far: Capture,
    private readonly run: Readonly<Required<Omit<SceneOptions, 'guests'>>> & { readonly file: string },
    public daemon: Daemon,
  ) {}

  /**
   * Builds a lab with some silent guests on a plain bridge, and starts the daemon.
   * @param config its file's text, less the stateDir
   */
  static async open(t: Pick<TestContext, 'after'>, config: string, options: SceneOptions = {}): Promise<Scene> {
    const { guests = 3, rounds = 1, stateDir = STATE_FOLDER, inspected = false } = options;
    const lab = await Lab.build({ attach: plainBridge(guests) });
    t.after(() => lab.destroy());
    const file = writeConfig(t as TestContext, withStateDir(config, stateDir));
    // Whatever comes by either link comes by here, once.
    const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
    const scene = new Scene(lab, far, { file, stateDir, rounds, inspected }, await startOn(lab, file, inspected));
    scene.counts.starts++;
    return scene;
  }

  /** Starts the daemon again, as a service manager would. */
  async startAgain(): Promise<void> {
    const owed = this.savedSlave !== this.lab.activeSlave();
    this.daemon = await startOn(this.lab, this.run.file, this.run.inspected);
    this.counts.starts++;
    if (owed) await this.daemon.logs(/announced .* missed=true\n[^]*announcement finished/, { timeout: PATIENCE });
  }

  /** Starts the daemon, and kills it so many ms later. */
  async startAndKill(ms: number): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', HYPERVISOR, BONDHERALD, 'run', '--config', this.run.file]);
    const ended = new Promise((resolve) => child.once('close', resolve));
    await sleep(ms);
    child.kill('SIGKILL');
    await ended;
    this.counts.starts++;
  }

  /** The link that the state file has: whose failover was announced to its end when it was written. */
  get savedSlave(): string | null {
    const { bonds } = JSON.parse(stateText(this.run.stateDir)) as { bonds: { activeSlave: { name: string } | null }[] };
    return bonds[0]?.activeSlave?.name ?? null;
  }

  /** Ends it as the kernel does when memory is short. */
  async kill(): Promise<void> {
    this.daemon.signal('SIGKILL');
    await this.daemon.ended;
  }

  get configFile(): string {
    return this.run.file;
  }

  /** A configuration with the state where this scene has it. */
  withStateDir(config: string): string {
    return withStateDir(config, this.run.stateDir);
  }

  /** The link by which the bond does not send. */
  get idleSlave(): string {
    return this.lab.activeSlave() === 'up1' ? 'up2' : 'up1';
  }

  /**
   * Fails over, and asserts that each guest is announced on the new link, once in each round: those of the lab, whether
   * or not the bridge has forgotten them, and whoever else it has.
   * @param amidst done when the first round is out
   */
  async failsOverAsItShould(what: string, amidst: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const macs = new Set([...this.lab.guests.map(({ mac }) => mac), ...(await this.kernelsGuests()).keys()]);
    const everyone = expected([...macs].map((mac) => ({ mac, wire: [] })));
    await this.calm();
    await this.far.settled();
    this.far.frames.length = 0;
    const over = this.announcementsOver;
    this.counts.failovers++;
    this.lab.setActiveNow(this.idleSlave);
    await amidst();
    await until(() => this.announcementsOver > over, { what: 'the announcement is over', timeout: PATIENCE }).catch(
      (error: Error) => assert.fail(`${what}: ${error.message}\n${this.daemon.stderr}`),
    );
    const wanted = everyone.flatMap((guest) => Array<string>(this.run.rounds).fill(guest));
    // The last may be on their way for 12 ms yet: between the switches they wait for ksoftirqd, and come 32 a millisecond.
    const all = (): boolean => this.far.frames.length >= wanted.length;
    await until(all, { what: 'as many frames', timeout: LATE_FRAMES }).catch(() => undefined);
    await this.far.settled();
    assert.deepEqual(announced(this.far.frames), wanted, `${what}: everyone is announced, ${this.run.rounds} times`);
  }

  /** How many announcements have begun and are not over. */
  get underWay(): number {
    const count = (what: RegExp): number => this.daemon.stderr.match(what)?.length ?? 0;
    return count(/failover (partly )?announced|no guests to announce/g) - count(/announcement finished/g);
  }

  /** Waits until all announcements that were begun are over. */
  async calm(): Promise<void> {
    await until(() => this.underWay === 0, {
      what: `no announcement lasts\n${this.daemon.stderr.slice(-2000)}`,
      timeout: PATIENCE,
    });
  }

  /** Waits until the daemon lists as present exactly those who are in the kernel's tables, each on its port. */
  async tableIsTheKernels(what: string): Promise<void> {
    let [ours, kernels] = ['', ''];
    const same = async (): Promise<boolean> => {
      kernels = inWords(await this.kernelsGuests());
      ours = inWords(await daemonsGuests());
      return ours === kernels;
    };
    await until(same, { what: 'the two are the same', timeout: PATIENCE, every: 50 }).catch(() => undefined);
    assert.equal(ours, kernels, `${what}: the daemon's table is the kernel's`);
  }

  /** Waits until both switches send to each guest by the link that the bond sends by. */
  async nobodyIsLost(what: string, guests: readonly Guest[] = this.lab.guests): Promise<void> {
    let lost: string[] = [];
    const none = async (): Promise<boolean> => {
      lost = await this.lost(guests);
      return lost.length === 0;
    };
    await until(none, { what: 'nobody is lost', timeout: PATIENCE, every: 50 }).catch(() => undefined);
    assert.deepEqual(lost, [], `${what}: the switches know where each guest is\n${this.daemon.stderr}`);
  }

  /** The guests of whom a switch believes that they are behind the other link. */
  async lost(guests: readonly Guest[] = this.lab.guests): Promise<string[]> {
    const active = this.lab.activeSlave();
    const wanted = active === 'up1' ? { sw1: 'p-hv', sw2: 'p-isl' } : { sw1: 'p-isl', sw2: 'p-hv' };
    const lost = new Set<string>();
    for (const [name, port] of Object.entries(wanted)) {
      const known = await this.lab.learned(name);
      for (const { mac } of guests) if (known.get(mac) !== port) lost.add(mac);
    }
    return [...lost];
  }

  /** The guests in the bridge's table, by MAC, and their ports. */
  async kernelsGuests(): Promise<Map<string, string>> {
    const rows = (await json('bridge', HYPERVISOR, 'fdb', 'show', 'br', 'br0')) as Row[];
    const guests = rows.filter(
      ({ master, state, flags, ifname }) =>
        master === 'br0' && state !== 'permanent' && !flags.includes('self') && ifname !== BOND,
    );
    return new Map(guests.map(({ mac, ifname }) => [mac, ifname]));
  }

  /** A command of the program, for people. */
  ask(...words: string[]): Promise<Finished> {
    return runIn([BONDHERALD, ...words]);
  }

  /** How many frames came so far. */
  async settled(): Promise<number> {
    await this.far.settled();
    return this.far.frames.length;
  }

  get announcementsOver(): number {
    return this.daemon.stderr.split('announcement finished').length;
  }
}

function withStateDir(config: string, stateDir: string): string {
  return `${config}\nstateDir: ${stateDir}\n`;
}

function startOn(lab: Lab, config: string, inspected: boolean): Promise<Daemon> {
  return Daemon.start(lab, [...(inspected ? INSPECTED : [BONDHERALD]), 'run', '--config', config]);
}

/** Those that the daemon sees now and would announce; whoever fell silent is for it alone to know. */
async function daemonsGuests(): Promise<Map<string, string>> {
  const { result, note } = await ask({ op: 'guests', bond: null });
  assert.equal(note, null, 'the daemon itself has answered');
  const present = result.bonds.flatMap(({ guests }) =>
    guests.filter(({ announced, lastSeen }) => announced && lastSeen === null),
  );
  return new Map(present.map(({ mac, port }) => [mac, port ?? '']));
}

function inWords(guests: ReadonlyMap<string, string>): string {
  return [...guests]
    .map((pair) => pair.join(' '))
    .sort()
    .join('\n');
}
