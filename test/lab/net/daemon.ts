import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.js';
import { command, type Finished } from './ip.js';
import type { TestContext } from 'node:test';
import type { LabOptions } from './build.js';
import { type Lab, labFor } from './lab.js';
import { connectTcp, inetAddress } from './sockets.js';

export const METRICS_PORT = 9871;

/** The program under test. */
export const BONDHERALD = fileURLToPath(new URL('../../../../bin/bondherald', import.meta.url));

/** Where and how to run a program. */
export interface RunOptions {
  /** Its namespace; the hypervisor's by default. */
  netns?: string;
  /** Variables on top of the world's own. */
  env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end in a namespace, as an operator on that host would. Rejects only if it cannot start. */
export function runIn(argv: readonly string[], { netns = 'hv', env = {} }: RunOptions = {}): Promise<Finished> {
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return command(['ip', 'netns', 'exec', netns, 'env', ...set, ...argv]);
}

/** A program that stays, such as `bondherald run`, in a namespace of the lab. */
export class Daemon {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #netns: string;
  readonly #exited: Promise<number | NodeJS.Signals>;
  #ended: number | NodeJS.Signals | null = null;

  private constructor(argv: readonly string[], { netns = 'hv', env = {} }: RunOptions) {
    this.#netns = netns;
    // `ip netns exec` ends in an exec, so the child's id is the program's own and a signal reaches it.
    this.#child = spawn('ip', ['netns', 'exec', netns, ...argv], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => resolve((this.#ended = code ?? signal ?? 0)));
    });
    this.#exited.catch(() => {});
  }

  /**
   * Starts a program and resolves when a line of its stderr has the word `ready`. Rejects, with what it said, if it ends
   * before or is not ready within `timeout` ms. It ends with the lab at the latest.
   */
  static async start(
    lab: Lab,
    argv: readonly string[],
    { timeout = 30_000, ...options }: RunOptions & { timeout?: number } = {},
  ): Promise<Daemon> {
    const daemon = new Daemon(argv, options);
    lab.onDestroy(() => daemon.#kill());
    try {
      await daemon.logs(/\bready\b/, { timeout });
    } catch (error) {
      await daemon.#kill();
      throw error;
    }
    return daemon;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until stderr has something that matches, and resolves with the match. Rejects if it never will. */
  logs(pattern: RegExp, { timeout = 20_000 } = {}): Promise<RegExpExecArray> {
    const what = `${String(pattern)} on stderr of ${this.#child.spawnargs.slice(4).join(' ')}`;
    return until(
      () => {
        const match = pattern.exec(this.stderr);
        if (match === null && this.#ended !== null) throw new Error(this.#obituary());
        return match;
      },
      { what, timeout, every: 5 },
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.stdout}${this.stderr}`);
    });
  }

  /** Asks it to end with SIGTERM; rejects if it does not within `timeout` ms, or with another exit status than 0. */
  async stop({ timeout = 20_000 } = {}): Promise<void> {
    this.signal('SIGTERM');
    await until(() => this.#ended !== null, { what: 'the program ends after SIGTERM', timeout });
    if (this.#ended !== 0) throw new Error(this.#obituary());
  }

  /** Sends any other signal; `ended` says when it is gone. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves with the exit status, or the signal that ended it. */
  get ended(): Promise<number | NodeJS.Signals> {
    return this.#exited;
  }

  /** GETs a path from its HTTP port on 127.0.0.1 of its namespace; the metrics by default. Rejects on any status but 200. */
  get(path = '/metrics', port = METRICS_PORT, headers: OutgoingHttpHeaders = {}): Promise<string> {
    return httpGet(this.#netns, path, port, headers);
  }

  /** One metric's value, or undefined: `await daemon.metric('bondherald_bond_failovers_total{bond="bond0"}')`. */
  async metric(series: string, headers: OutgoingHttpHeaders = {}): Promise<number | undefined> {
    const line = (await this.get('/metrics', METRICS_PORT, headers))
      .split('\n')
      .find((text) => text.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  async #kill(): Promise<void> {
    if (this.#ended !== null) return;
    this.signal('SIGKILL');
    await this.#exited.catch(() => {});
  }

  #obituary(): string {
    return `the program ended: ${String(this.#ended)}\n${this.stdout}${this.stderr}`;
  }
}

/** GETs from 127.0.0.1 of a namespace, over a socket made there. */
export function httpGet(netns: string, path: string, port: number, headers: OutgoingHttpHeaders = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new Socket({
      fd: connectTcp(netns, inetAddress('127.0.0.1', port)),
      readable: true,
      writable: true,
    });
    const sent = { host: '127.0.0.1', ...headers };
    const asked = request({ path, headers: sent, createConnection: () => socket }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`GET ${path}: ${String(answer.statusCode)} ${text}`));
      });
    });
    asked.once('error', reject).setTimeout(20_000, () => asked.destroy(new Error(`GET ${path}: no answer in 20 s`)));
    asked.end();
  });
}

/**
 * A lab for one test with the daemon running on its hypervisor; the test fails if the daemon does not end well.
 * @param options the lab's, and the text of the daemon's configuration file, if it is to have one
 */
export async function labWithDaemon(
  t: TestContext,
  { config, ...options }: LabOptions & { config?: string } = {},
): Promise<{ lab: Lab; daemon: Daemon }> {
  const lab = await labFor(t, options);
  const args = config === undefined ? [] : ['--config', writeConfig(t, config)];
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', ...args]);
  lab.onDestroy(() => daemon.stop());
  return { lab, daemon };
}

/** A configuration for tests that are about one round of each of many failovers. */
export const ONE_ROUND = 'announce: {schedule: [0s], damping: {failovers: 1000}}';

/** As ONE_ROUND, and with nothing that holds a round up. */
export const ONE_BURST =
  'announce: {schedule: [0s], damping: {failovers: 1000}, rate: {rarp: unlimited, arp: unlimited, na: unlimited}}';

/** Writes a configuration file for one test. @returns its path */
export function writeConfig(t: TestContext, text: string, file = path.join(SCRATCH, 'config.yaml')): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  t.after(() => rmSync(file));
  return file;
}

/** Where a test may write; it goes with the lab's world. */
export const SCRATCH = path.join(process.env.TMPDIR ?? '/run/tmp', 'scratch');
