import type { Echo } from '../http/health.js';
import type { ServiceManager } from '../sys/process/sd-notify.js';
import { type Task, untilAborted } from '../tasks/task.js';
import type { Surroundings } from './surroundings.js';

/** Between two statuses at least so long, in seconds. */
const STATUS_INTERVAL = 3;

/** When a part gives no sign, or the manager does not listen, we look again so many times within the watchdog's time. */
const LOOKS = 8;

/** How often READY=1 is sent until it arrives, in seconds. */
const RETRY_INTERVAL = 1;

/** A part of the daemon that has to be alive for the daemon to be. */
type LifeSign = Pick<EchoSign, 'name' | 'turned'>;

/**
 * Notifies the service manager: ready, reloading, stopping, a status, and that the daemon is alive. Without a manager it
 * does nothing. The status goes out when it changes, and not more often than every STATUS_INTERVAL.
 */
export class ServiceNotifier implements Task {
  readonly name = 'service';
  readonly ready = Promise.resolve();
  private state: 'starting' | 'ready' | 'reloading' | 'stopping' = 'starting';
  private sentStatus = '';
  private note: string | null = null;
  private unheard = false;
  private silent = '';
  /** Who has given no sign since the watchdog was fed. */
  private missing = new Set<LifeSign>();
  private cancelStatus: (() => void) | null = null;
  private cancelLook: (() => void) | null = null;

  /** null: there is none, or the task does not run yet. */
  private manager: ServiceManager | null = null;

  /** @param does one line on what the daemon does @param signs without them the watchdog is not fed */
  constructor(
    private readonly tools: Pick<Surroundings, 'clock' | 'log' | 'openServiceManager'>,
    private readonly does: () => string,
    private readonly signs: readonly LifeSign[],
  ) {}

  /** @throws SyscallError when NOTIFY_SOCKET is not an address */
  async run(signal: AbortSignal): Promise<void> {
    this.manager = this.tools.openServiceManager();
    await untilAborted(signal);
    this.state = 'stopping';
    this.cancelLook?.();
    this.cancelStatus?.();
    this.notify('STOPPING=1', 'STATUS=stopping');
  }

  /** The daemon does its work; after a reload, again. @param note what stands in the status as well, until the next time */
  becomeReady(note: string | null = null): void {
    this.note = note;
    if (!this.manager || this.state === 'stopping') return;
    const first = this.state === 'starting';
    this.sentStatus = this.status();
    if (!this.notify('READY=1', `STATUS=${this.sentStatus}`)) {
      this.tools.clock.after(RETRY_INTERVAL, () => this.becomeReady(this.note));
      return;
    }
    this.state = 'ready';
    if (first) this.feed();
  }

  /** The daemon reads its configuration again; `becomeReady` ends that, whether the file was good or not. */
  reloading(): void {
    if (this.state !== 'ready') return;
    this.state = 'reloading';
    const now = Math.floor(this.tools.clock.monotonic() * 1e6);
    this.notify('RELOADING=1', `MONOTONIC_USEC=${now}`, 'STATUS=reloading the configuration');
  }

  /** The status may be another one. Cheap, however often it is called. */
  changed(): void {
    if (!this.manager || this.cancelStatus || this.state === 'stopping') return;
    this.cancelStatus = this.tools.clock.after(STATUS_INTERVAL, () => {
      this.cancelStatus = null;
      const status = this.status();
      if (this.state !== 'ready' || status === this.sentStatus) return;
      if (this.notify(`STATUS=${status}`)) this.sentStatus = status;
    });
  }

  private status(): string {
    return this.note === null ? this.does() : `${this.does()}; ${this.note}`;
  }

  /** Feeds the watchdog when every part is alive, at half its time; else looks again sooner. */
  private feed(): void {
    const seconds = this.manager?.watchdog ?? null;
    if (seconds === null) return;
    if (this.missing.size === 0) this.missing = new Set(this.signs);
    for (const sign of this.missing) if (sign.turned()) this.missing.delete(sign);
    const silent = [...this.missing].map(({ name }) => name).join(', ');
    if (silent !== '' && silent === this.silent) {
      this.tools.log.warn('a thread of the daemon does not respond; not feeding the watchdog', { part: silent });
    }
    this.silent = silent;
    const fed = silent === '' && this.notify('WATCHDOG=1');
    this.cancelLook = this.tools.clock.after(fed ? seconds / 2 : seconds / LOOKS, () => this.feed());
  }

  private notify(...assignments: string[]): boolean {
    const errno = this.manager?.notify(...assignments) ?? null;
    if (errno !== null && !this.unheard) this.tools.log.warn('cannot notify the service manager', { errno });
    this.unheard = errno !== null;
    return errno === null;
  }
}

/** A part of the daemon is alive while the kernel's answers reach it by the socket that it reads. */
export class EchoSign {
  private answered = false;

  /** @param name for the log */
  constructor(
    readonly name: string,
    private readonly ask: Echo,
  ) {}

  /** Whether the kernel's answer to the question of the call before has come; asks the next. */
  turned(): boolean {
    const { answered } = this;
    this.answered = false;
    this.ask().then(
      () => (this.answered = true),
      () => undefined, // no sign
    );
    return answered;
  }
}
