import type { Config } from '../config/config.js';
import { type LiveHost, readHost } from '../host/read-host.js';
import { BondheraldError } from '../errors.js';
import { systemClock } from '../sys/clock.js';
import { activeBackupBonds, type Bond, findBond } from '../topology/bonds.js';

/** A bond as it is now, also when it goes and comes back. */
export class WatchedBond {
  private reading = false;
  private closed = false;

  private constructor(
    private readonly name: string,
    private readonly config: Config,
    private live: LiveHost,
  ) {}

  /** @throws UsageError when there is no such bond; NetlinkRequestError when the kernel does not answer */
  static async open(name: string, config: Config): Promise<WatchedBond> {
    const live = await readHost(config, systemClock);
    try {
      findBond(live.host.topology, name);
    } catch (error) {
      live.close();
      throw error;
    }
    return new WatchedBond(name, config, live);
  }

  /** null while there is none. To be called now and then: where a change was lost it begins to read everything again. */
  now(): Bond | null {
    this.live.host.takeStale();
    if (!this.live.intact() && !this.reading) void this.readAgain();
    return activeBackupBonds(this.live.host.topology).find(({ name }) => name === this.name) ?? null;
  }

  close(): void {
    this.closed = true;
    this.live.close();
  }

  private async readAgain(): Promise<void> {
    this.reading = true;
    try {
      const fresh = await readHost(this.config, systemClock);
      this.live.close();
      this.live = fresh;
      if (this.closed) fresh.close();
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error; // what was known stays, until the next time
    } finally {
      this.reading = false;
    }
  }
}
