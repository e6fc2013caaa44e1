import type { Registry } from 'prom-client';
import { oneLine, SyscallError } from '../errors.js';
import { exposeOwn } from '../metrics/exposition.js';
import type { SharedFile } from '../sys/files/replaced-files.js';
import { Deferred } from '../tasks/deferred.js';
import { type Task, untilAborted } from '../tasks/task.js';
import type { Tools } from './surroundings.js';

/** As often as Prometheus scrapes a node exporter, in seconds, by default. */
const INTERVAL = 15;

/** After a failover so long, in seconds, so that one file has all that comes together. */
const AFTER_FAILOVER = 0.5;

/**
 * Writes the metrics for the node exporter's textfile collector, every 15 s and after each failover. Only our own: the
 * node exporter has process_* metrics itself, and two of a name spoil its whole answer. The file goes with the daemon:
 * the collector would serve the last values for ever, and no alert would show that the daemon is gone.
 */
export class Textfile implements Task {
  readonly name = 'textfile';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private writing: Promise<void> | null = null;
  private due = false;
  private failure: string | null = null;
  private cancelSoon: (() => void) | null = null;
  private over = false;

  constructor(
    private readonly file: SharedFile,
    private readonly registry: Registry,
    private readonly refresh: () => void,
    private readonly tools: Pick<Tools, 'clock' | 'log'>,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const stop = this.tools.clock.every(INTERVAL, () => this.write());
    this.write();
    await this.writing;
    this.isReady.resolve();
    await untilAborted(signal);
    stop();
    this.cancelSoon?.();
    this.over = true;
    await this.writing;
    await this.attempt(() => this.file.remove());
  }

  /** A bond has failed over: the file is written soon. */
  failover(): void {
    if (this.over) return;
    this.cancelSoon ??= this.tools.clock.after(AFTER_FAILOVER, () => ((this.cancelSoon = null), this.write()));
  }

  /** Writes now, or once more as soon as the write that is under way is done. */
  private write(): void {
    this.due = true;
    this.writing ??= this.writeWhileDue().finally(() => (this.writing = null));
  }

  private async writeWhileDue(): Promise<void> {
    while (this.due) {
      this.due = false;
      await this.attempt(async () => {
        this.refresh();
        await this.file.write(await exposeOwn(this.registry));
      });
    }
  }

  /** A failure is logged once, and so is its end. */
  private async attempt(act: () => Promise<void>): Promise<void> {
    const { log } = this.tools;
    const { path } = this.file;
    try {
      await act();
      if (this.failure !== null) log.info('writing the metrics textfile works again', { file: path });
      this.failure = null;
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      const reason = oneLine(error);
      if (reason !== this.failure) log.warn('cannot write the metrics textfile', { reason });
      this.failure = reason;
    }
  }
}
