import type { Echo } from '../http/health.js';

/** A part of the daemon that has to be alive for the daemon to be. */
export interface LifeSign {
  /** For the log. */
  readonly name: string;
  /** Whether it has given a sign since the last call. May ask for the next one. */
  turned(): boolean;
}

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

/** Knows when the service manager's watchdog may be fed: when every part has given a sign since the last time. */
export class Watchdog {
  private missing: Set<LifeSign>;

  constructor(private readonly signs: readonly LifeSign[]) {
    this.missing = new Set(signs);
  }

  /** @returns the names of the parts that gave no sign; with none, the watchdog may be fed, now and once */
  look(): string[] {
    for (const sign of this.missing) if (sign.turned()) this.missing.delete(sign);
    const silent = [...this.missing].map(({ name }) => name);
    if (silent.length === 0) this.missing = new Set(this.signs);
    return silent;
  }
}
