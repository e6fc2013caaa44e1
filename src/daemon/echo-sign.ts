import type { Echo } from '../http/health.js';
import type { LifeSign } from './service-watchdog.js';

/** A part of the daemon is alive while the kernel's answers reach it by the socket that it reads. */
export class EchoSign implements LifeSign {
  private answered = false;

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
