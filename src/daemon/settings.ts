import { isDeepStrictEqual } from 'node:util';
import { changesOf, type Change, withoutRestart } from '../config/changes.js';
import type { Config } from '../config/config.js';
import type { LoadedConfig } from '../config/read-config.js';

/**
 * The configuration as it holds now, and the parts of the daemon that follow it while it changes. One entry a part, all
 * of them from the start.
 */
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
