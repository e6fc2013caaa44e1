/** A part of the daemon that has to be alive for the daemon to be. */
export interface LifeSign {
  /** For the log. */
  readonly name: string;
  /** Whether it has given a sign since the last call. May ask for the next one. */
  turned(): boolean;
}

/** Knows when the service manager's watchdog may be fed: when every part has given a sign since the last time. */
export class Watchdog {
  private missing: Set<LifeSign>;

  constructor(private readonly signs: readonly LifeSign[]) {
    this.missing = new Set(signs);
  }

  /** @returns the names of the parts that nothing was heard of; with none, the watchdog may be fed, now and once */
  look(): string[] {
    for (const sign of this.missing) if (sign.turned()) this.missing.delete(sign);
    const silent = [...this.missing].map(({ name }) => name);
    if (silent.length === 0) this.missing = new Set(this.signs);
    return silent;
  }
}
