import { isDeepStrictEqual } from 'node:util';
import { type Change, changesOf, withoutRestart } from '../config/changes.js';
import type { Config } from '../config/config.js';
import type { LoadedConfig } from '../config/read-config.js';
import { ConfigError, oneLine } from '../errors.js';
import { Deferred } from '../tasks/deferred.js';
import { type Task, untilAborted } from '../tasks/task.js';
import type { ServiceNotifier } from './service-notifier.js';
import type { Surroundings } from './surroundings.js';

/** The configuration as it holds now, and the parts of the daemon that follow it: one entry a part. */
export class Settings {
  private readonly followers: ((config: Config) => Promise<void>)[] = [];

  constructor(private loaded: LoadedConfig) {}

  get current(): Config {
    return this.loaded.config;
  }

  /**
   * Has `apply` called whenever what `select` picks of the configuration is another. It is picked by value. What could
   * not be applied is tried again with the next change.
   */
  follow<T>(select: (config: Config) => T, apply: (picked: T, config: Config) => void | Promise<void>): void {
    let held: unknown = select(this.current);
    this.followers.push(async (config) => {
      const picked = select(config);
      if (isDeepStrictEqual(picked, held)) return;
      await apply(picked, config);
      held = picked;
    });
  }

  /**
   * Another configuration holds from now on, but for what needs a restart. Every part has been called when this
   * returns its promise, so that none goes by the new one while another goes by the old.
   * @returns what has changed; and, once all parts have followed, why some could not
   */
  change(next: LoadedConfig): { readonly changes: readonly Change[]; readonly failures: Promise<unknown[]> } {
    const changes = changesOf(this.loaded, next);
    this.loaded = withoutRestart(this.loaded, next);
    const { config } = this.loaded;
    const outcomes = Promise.allSettled(this.followers.map((follow) => follow(config)));
    const failures = outcomes.then((all) =>
      all.flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : [])),
    );
    return { changes, failures };
  }
}

/** Those who ask within so many seconds get one reading together. */
const TOGETHER = 0.1;

const REFUSED = 'the last reload failed, the previous configuration is in use: see the log';
const HALF_DONE = 'the last reload failed in part: see the log';

/** Reads the configuration again at SIGHUP, one reading at a time. A bad one changes nothing. */
export class Reloader implements Task {
  readonly name = 'reloader';
  readonly ready = Promise.resolve();
  private readonly daemonReady = new Deferred();

  constructor(
    private readonly settings: Settings,
    private readonly tools: Pick<Surroundings, 'clock' | 'log' | 'reloads'>,
    private readonly service: Pick<ServiceNotifier, 'reloading' | 'becomeReady'>,
  ) {}

  /** The daemon is ready: from here on it reloads, also for who has asked before. */
  begin(): void {
    this.daemonReady.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    const end = untilAborted(signal);
    while (!signal.aborted) {
      await Promise.race([this.tools.reloads.hangups.came(), end]);
      await Promise.race([this.daemonReady.promise, end]);
      if (!signal.aborted) await Promise.race([this.reload(signal), end]);
    }
  }

  private async reload(signal: AbortSignal): Promise<void> {
    const { clock, reloads } = this.tools;
    this.service.reloading();
    await new Promise<void>((resolve) => clock.after(TOGETHER, resolve));
    reloads.hangups.forget(); // a file that changes while it is read is asked for anew
    const next = await reloads.read(signal).catch((error: unknown) => this.refuse(error));
    if (signal.aborted || next === null) return;
    this.service.becomeReady(next === 'refused' ? REFUSED : await this.apply(next));
  }

  private refuse(error: unknown): 'refused' {
    const { log } = this.tools;
    const problems = error instanceof ConfigError ? error.problems : [oneLine(error)];
    for (const problem of problems) log.error('cannot reload the configuration', { problem });
    log.warn('keeping the current configuration');
    return 'refused';
  }

  /** @returns what the status says of the reload beside that it is done */
  private async apply(next: LoadedConfig): Promise<string | null> {
    const { log } = this.tools;
    const { changes, failures } = this.settings.change(next);
    const now = changes.filter(({ atRestart }) => !atRestart);
    const later = changes.filter(({ atRestart }) => atRestart);
    if (changes.length === 0) log.info('configuration reloaded; nothing changed');
    if (now.length > 0) log.info('configuration reloaded', { changed: textOf(now) });
    if (later.length > 0) log.warn('a changed setting takes effect at the next restart', { changed: textOf(later) });
    const reasons = await failures;
    for (const reason of reasons) log.error('cannot apply a changed setting', { reason: oneLine(reason) });
    return reasons.length > 0 ? HALF_DONE : null;
  }
}

const textOf = (changes: readonly Change[]): string => changes.map(({ text }) => text).join('; ');
