import { spawn, type ChildProcess } from 'node:child_process';
import { until } from '../../support/until.js';
import { ip } from '../net/ip.js';
import type { Lab } from '../net/lab.js';

/** A change of a device, as iproute2 reported it. */
interface LinkChange {
  /** When, in ms since 1970. */
  time: number;
  /** The rest of the line: name, flags, state, details. */
  text: string;
}

/**
 * Watches a namespace's devices through `ip monitor`, an instrument that shares nothing with the daemon: looking at a
 * file every few ms would be late by more than the daemon takes.
 */
export class LinkWatch {
  readonly #changes: LinkChange[] = [];
  readonly #child: ChildProcess;
  #pending = '';

  private constructor(netns: string) {
    const argv = ['-n', netns, '-d', '-o', '-ts', 'monitor', 'link'];
    // The stamps are in local time and do not say which: UTC they are.
    this.#child = spawn('ip', argv, { env: { ...process.env, TZ: 'UTC' }, stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#feed(text));
  }

  /** Starts it, and resolves when it is sure to see the next change. It ends with the lab. */
  static async start(lab: Lab, netns: string): Promise<LinkWatch> {
    const watch = new LinkWatch(netns);
    lab.onDestroy(() => watch.#child.kill('SIGKILL'));
    let tries = 0;
    // It says nothing when it is ready; so changes that matter to nobody are made until it reports one.
    const seesChanges = async (): Promise<boolean> => {
      if (watch.#changes.length === 0) await ip(netns, [`link set lo alias watched${tries++}`]);
      return watch.#changes.length > 0;
    };
    await until(seesChanges, { what: `ip monitor in ${netns} sees a change`, every: 20 });
    return watch;
  }

  /** Resolves with the time (ms since 1970) of the first change from `since` on that matches. */
  async first(pattern: RegExp, since: number): Promise<number> {
    const look = (): LinkChange | undefined =>
      this.#changes.find(({ time, text }) => time >= since && pattern.test(text));
    return (await until(look, { what: `ip monitor says ${String(pattern)}`, every: 5 })).time;
  }

  #feed(piece: string): void {
    const lines = (this.#pending + piece).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) {
      const [, stamp, text] = /^\[(\S+)\] *(.*)$/.exec(line) ?? [];
      if (stamp !== undefined && text !== undefined) this.#changes.push({ time: parseStamp(stamp), text });
    }
  }
}

/** 2026-01-31T12:00:00.123456 -> ms since 1970 with µs behind the point, which Date alone would drop. */
function parseStamp(stamp: string): number {
  const [seconds = '', micros = '0'] = stamp.split('.');
  return Date.parse(`${seconds}Z`) + Number(micros) / 1000;
}
