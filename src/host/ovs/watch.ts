import { BondheraldError, SyscallError } from '../../errors.js';
import type { OvsConfig, OvsMacRow } from '../../sources/ovs/config.js';
import { MONITOR_PARAMS, OvsDatabase } from '../../sources/ovs/database.js';
import { Deferred } from '../../tasks/deferred.js';
import { Backoff, Nap } from '../../tasks/backoff.js';
import { DATABASE_SOCKET, OvsConnection, type OvsHost } from './connection.js';
import { exists, OvsTables, type OvsTools } from './tables.js';
import { type Task, untilAborted } from '../../tasks/task.js';

/** A connection that lasted so many seconds was a good one: the next wait is short again. */
const GOOD = 60;

/** What Open vSwitch says. */
export interface OvsListener {
  /** At first, and whenever something of it has changed; parts that have not are the same objects as before. */
  config(config: OvsConfig): void;
  /** All rows of a bridge's MAC table, each time that it was read. */
  table(bridgeUuid: string, rows: readonly OvsMacRow[]): void;
}

/**
 * Follows Open vSwitch: its database as it changes, its MAC tables from time to time. What was known stays known while
 * one of its daemons is away. A host without Open vSwitch has no such folder, which is not logged unless the
 * configuration wants it, or something shows that it runs here.
 */
export class OvsWatch implements Task {
  readonly name = 'ovs';
  private readonly isReady = new Deferred();
  /** Settles when the first state is known, MAC tables included, or cannot be. */
  readonly ready = this.isReady.promise;
  private readonly database = new OvsDatabase();
  private readonly tables: OvsTables;
  private readonly backoff: Backoff;
  private readonly nap: Nap;
  private connection: OvsConnection | null = null;
  private state: 'unknown' | 'absent' | 'following' | 'troubled' = 'unknown';
  private latest: OvsConfig = { bridges: [] };
  private reporting = false;
  private missed = false;

  /**
   * @param required the configuration says that Open vSwitch is there
   * @param sign what shows that it is, where its database is not found; null: nothing does
   */
  constructor(
    private readonly host: OvsHost,
    private readonly tools: OvsTools,
    private readonly required: boolean,
    private readonly listener: OvsListener,
    private readonly sign: () => Promise<string | null> = () => Promise.resolve(null),
  ) {
    const report: OvsListener['table'] = (...table) => this.listener.table(...table);
    this.tables = new OvsTables(host, tools, () => this.latest.bridges, report);
    this.backoff = new Backoff(tools.chance);
    this.nap = new Nap(tools.clock);
  }

  /** Has the MAC tables read now. @returns when their rows are reported; never rejects, and ends within seconds */
  readTables(): Promise<void> {
    return this.tables.read();
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopWatching = this.host.folder.watch(() => {
      if (this.state !== 'following') this.nap.end();
      this.tables.retry();
    });
    const aborted = untilAborted(signal).then(() => {
      this.connection?.close();
      this.tables.stop();
      this.nap.end();
    });
    try {
      await Promise.all([this.follow(signal, aborted), this.tables.run()]);
    } finally {
      stopWatching();
    }
  }

  private async follow(signal: AbortSignal, aborted: Promise<void>): Promise<void> {
    while (!signal.aborted) {
      const began = this.tools.clock.monotonic();
      const error = await this.session(signal, aborted);
      if (error === null) return;
      await this.complain(error);
      this.isReady.resolve();
      if (this.tools.clock.monotonic() - began >= GOOD) this.backoff.reset();
      await this.nap.sleep(this.backoff.next());
    }
  }

  /** Follows the database as long as one connection lasts. @returns what ended it; null when we are to end */
  private async session(signal: AbortSignal, aborted: Promise<void>): Promise<BondheraldError | null> {
    try {
      let lose: (error: BondheraldError) => void = () => undefined;
      const lost = new Promise<BondheraldError>((resolve) => (lose = resolve));
      const notified = (method: string, params: readonly unknown[]): void => {
        if (method === 'update') this.update(params);
      };
      this.connection = await OvsConnection.open(this.host, DATABASE_SOCKET, this.tools.clock, {
        notified,
        lost: lose,
      });
      if (signal.aborted) return null;
      await this.connection.call('monitor', MONITOR_PARAMS, (answer) => this.database.load(answer));
      await this.begin();
      return await Promise.race([lost, aborted.then(() => null)]);
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error;
      return signal.aborted ? null : error;
    } finally {
      this.connection?.close();
      this.connection = null;
    }
  }

  private async begin(): Promise<void> {
    this.state = 'following';
    this.missed = false;
    const tablesRead = this.report();
    const bridges = this.latest.bridges.length;
    this.tools.log.info('following Open vSwitch', { folder: this.host.folder.path, bridges });
    await tablesRead;
    this.isReady.resolve();
  }

  /** What one piece of the stream brings is reported together. */
  private update(params: readonly unknown[]): void {
    this.database.update(params);
    if (this.reporting) return;
    this.reporting = true;
    this.tools.clock.soon(() => void this.report());
  }

  /** @returns when the MAC tables are read, if there is a new bridge */
  private async report(): Promise<void> {
    this.reporting = false;
    const before = this.latest;
    this.latest = this.database.config();
    if (this.latest === before) return;
    this.listener.config(this.latest);
    const known = new Set(before.bridges.filter(exists).map(({ uuid }) => uuid));
    if (this.latest.bridges.some((bridge) => exists(bridge) && !known.has(bridge.uuid))) await this.tables.read();
  }

  private async complain(error: BondheraldError): Promise<void> {
    const { state } = this;
    const { log } = this.tools;
    const folder = this.host.folder.path;
    const absent = error instanceof SyscallError && error.errno === 'ENOENT';
    if (state === 'following') {
      log.warn('lost the connection to the Open vSwitch database; keeping the last known state', {
        folder,
        reason: error.message,
      });
    } else if (state === 'unknown' && absent) {
      if (this.required) log.warn('the configuration requires Open vSwitch, but it is not running', { folder });
    } else if (state !== 'troubled' && !absent) {
      log.warn('cannot read the Open vSwitch database', { folder, reason: error.message });
    }
    this.state = absent && state !== 'following' && state !== 'troubled' ? 'absent' : 'troubled';
    if (this.state === 'absent') await this.look();
  }

  /** Says once that Open vSwitch runs here where its database is not found. */
  private async look(): Promise<void> {
    const reason = this.missed ? null : await this.sign();
    if (reason === null) return;
    this.missed = true;
    this.tools.log.warn('Open vSwitch runs here, but its database is in none of the folders of paths.ovs', { reason });
  }
}
