import type { LoadedConfig } from '../config/read-config.js';
import { ConfigError, oneLine } from '../errors.js';
import type { Clock } from '../sys/clock.js';
import type { Hangups } from '../sys/process/hangups.js';
import type { Log } from '../sys/log.js';
import { Deferred } from '../tasks/deferred.js';
import type { ServiceNotifier } from './service-notifier.js';
import type { Settings } from './settings.js';
import { type Task, untilAborted } from '../tasks/task.js';

/** Who asks for the configuration to be read again, and how that is done. */
export interface Reloads {
  readonly hangups: Hangups;
  /** @returns null when the daemon is to end @throws ConfigError, UsageError */
  readonly read: (signal: AbortSignal) => Promise<LoadedConfig | null>;
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
    private readonly reloads: Reloads,
    private readonly tools: { readonly clock: Clock; readonly log: Log },
    private readonly service: Pick<ServiceNotifier, 'reloading' | 'becomeReady'>,
  ) {}

  /** The daemon is ready: from here on it reloads, also for who has asked before. */
  begin(): void {
    this.daemonReady.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    const end = untilAborted(signal);
    while (!signal.aborted) {
      await Promise.race([this.reloads.hangups.came(), end]);
      await Promise.race([this.daemonReady.promise, end]);
      if (!signal.aborted) await Promise.race([this.reload(signal), end]);
    }
  }

  private async reload(signal: AbortSignal): Promise<void> {
    const { clock } = this.tools;
    this.service.reloading();
    await new Promise<void>((resolve) => clock.after(TOGETHER, resolve));
    this.reloads.hangups.forget(); // a file that changes while it is read is asked for anew
    const next = await this.reloads.read(signal).catch((error: unknown) => this.refuse(error));
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

function textOf(changes: readonly { readonly text: string }[]): string {
  return changes.map(({ text }) => text).join('; ');
}
