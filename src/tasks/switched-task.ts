import { Deferred } from './deferred.js';
import { runToTheEnd, type Task, untilAborted } from './task.js';

/** A task that is there or not, and is made anew, as a setting says; the setting may change while the daemon runs. */
export class SwitchedTask<S, T extends Task> implements Task {
  private inner: T | null = null;
  private ended: Promise<void> = Promise.resolve();
  private stop = new AbortController();
  private readonly failed = new Deferred();
  private signal: AbortSignal | null = null;

  /**
   * @param create makes the task for a setting; null: there is none
   * @param off called when a setting has ended the task, and there is none any more
   */
  constructor(
    readonly name: string,
    private setting: S,
    private readonly create: (setting: S) => T | null,
    private readonly off: () => void = () => undefined,
  ) {}

  /** The task while it runs, where there is one. */
  get task(): T | null {
    return this.inner;
  }

  /** To be asked for while it runs. */
  get ready(): Promise<void> {
    return this.inner?.ready ?? Promise.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    this.signal = signal;
    this.start();
    try {
      await Promise.race([this.failed.promise, untilAborted(signal)]);
    } finally {
      await this.end();
    }
  }

  /**
   * Ends the task, makes the one that another setting asks for, and waits until that does its work. Not to be called
   * again before it has returned. @param begun is called with the new task, if there is one, before its work
   */
  async configure(setting: S, begun: (task: T) => void = () => undefined): Promise<void> {
    this.setting = setting;
    await this.end();
    if (!this.signal || this.signal.aborted) return;
    this.start();
    if (this.inner) begun(this.inner);
    else this.off();
    await Promise.race([this.ready, this.ended]);
  }

  private start(): void {
    this.inner = this.create(this.setting);
    this.stop = new AbortController();
    const run = this.inner ? runToTheEnd(this.inner, this.stop.signal) : Promise.resolve();
    this.ended = run.catch((error: unknown) => this.failed.reject(error as Error));
  }

  private async end(): Promise<void> {
    this.inner = null;
    this.stop.abort();
    await this.ended;
  }
}
