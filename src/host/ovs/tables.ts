import { BondheraldError, OvsAnswerError } from '../../errors.js';
import type { Metrics } from '../../metrics/metrics.js';
import type { OvsBridge, OvsMacRow } from '../../sources/ovs/config.js';
import { MacTableReader } from '../../sources/ovs/mac-table.js';
import type { Clock } from '../../sys/clock.js';
import type { Log } from '../../sys/log.js';
import { Backoff, Nap } from '../../tasks/backoff.js';
import { controlSocket, OvsConnection, type OvsHost } from './connection.js';

export interface OvsTools {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'count'>;
  /** Gives numbers from 0 to 1. */
  readonly chance: () => number;
}

/** Seconds between two readings, and so many times as long as a reading took, up to five minutes. */
const INTERVAL = { least: 10, times: 20, most: 300 };

/** So many lines of a table are read before others have their turn: less than a millisecond. */
const SLICE = 256;

/** Reads the MAC tables of the bridges, over the control socket of ovs-vswitchd. */
export class OvsTables {
  private readonly backoff: Backoff;
  private readonly nap: Nap;
  private connection: OvsConnection | null = null;
  /** The reading that goes on, and the one behind it. */
  private current: Promise<void> | null = null;
  private next: Promise<void> | null = null;
  private failing = false;
  private stopped = false;

  /** @param bridges whose tables to read @param report called with all rows of a bridge's table */
  constructor(
    private readonly host: OvsHost,
    private readonly tools: OvsTools,
    private readonly bridges: () => readonly OvsBridge[],
    private readonly report: (bridgeUuid: string, rows: readonly OvsMacRow[]) => void,
  ) {
    this.backoff = new Backoff(tools.chance);
    this.nap = new Nap(tools.clock);
  }

  /** Reads the tables every now and then until `stop` is called. */
  async run(): Promise<void> {
    while (!this.stopped) {
      const began = this.tools.clock.monotonic();
      await this.read();
      const took = this.tools.clock.monotonic() - began;
      if (!this.stopped) await this.nap.sleep(this.failing ? this.backoff.next() : pause(took));
    }
  }

  stop(): void {
    this.stopped = true;
    this.connection?.close();
    this.nap.end();
  }

  /** Something changed that may end a trouble: tries again without waiting. */
  retry(): void {
    if (this.failing) this.nap.end();
  }

  /** Reads all tables; who calls meanwhile gets the next reading. @returns when that is over; failures are logged */
  read(): Promise<void> {
    if (!this.current) return this.begin();
    this.next ??= this.current.then(() => {
      this.next = null;
      return this.begin();
    });
    return this.next;
  }

  private begin(): Promise<void> {
    this.current = this.readAll().finally(() => (this.current = null));
    return this.current;
  }

  private async readAll(): Promise<void> {
    const bridges = this.bridges().filter(exists);
    if (bridges.length === 0 || this.stopped) return;
    try {
      const refusals: string[] = [];
      this.connection = await this.connect();
      for (const bridge of bridges) {
        const refusal = await this.readTable(this.connection, bridge);
        if (refusal !== null) refusals.push(`${bridge.name}: ${refusal}`);
      }
      this.note(refusals.length > 0 ? refusals.join('; ') : null);
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error;
      this.note(error.message);
    } finally {
      this.connection?.close();
      this.connection = null;
    }
  }

  private async connect(): Promise<OvsConnection> {
    const file = await controlSocket(this.host);
    if (file === null) throw new OvsAnswerError('ovs-vswitchd is not running: it has no pid file');
    const listener = { notified: () => undefined, lost: () => undefined };
    return OvsConnection.open(this.host, file, this.tools.clock, listener);
  }

  /** @returns what was wrong with this one @throws BondheraldError when the others cannot be read either */
  private async readTable(connection: OvsConnection, { uuid, name }: OvsBridge): Promise<string | null> {
    const answer = await connection.call('fdb/show', [name], String).catch((error: unknown) => {
      if (!(error instanceof OvsAnswerError) || connection.over) throw error;
      return error;
    });
    if (typeof answer !== 'string') return answer.message;
    const reader = new MacTableReader(answer);
    while (reader.read(SLICE)) await new Promise<void>((resolve) => this.tools.clock.soon(resolve));
    // The bridge may have gone in the meantime.
    if (!this.stopped && this.bridges().some((bridge) => bridge.uuid === uuid)) this.report(uuid, reader.rows);
    if (reader.unreadable === 0) return null;
    const labels = { source: 'ovs', reason: 'malformed' };
    this.tools.metrics.count('bondherald_sightings_ignored_total', labels, reader.unreadable);
    return `${reader.unreadable} lines of the MAC table cannot be parsed`;
  }

  private note(reason: string | null): void {
    if (this.stopped) return;
    if (reason === null) this.backoff.reset();
    if (reason !== null && !this.failing) {
      const message = 'cannot read all Open vSwitch MAC tables; keeping the last known state';
      this.tools.log.warn(message, { reason: reason.slice(0, 500) });
    }
    if (reason === null && this.failing) this.tools.log.info('reading Open vSwitch MAC tables works again');
    this.failing = reason !== null;
  }
}

/** Whether ovs-vswitchd has made the bridge: then it has given its ports numbers. */
export function exists(bridge: OvsBridge): boolean {
  return bridge.ports.some(({ interfaces }) => interfaces.some(({ ofport }) => ofport !== null));
}

function pause(took: number): number {
  return Math.min(Math.max(INTERVAL.least, INTERVAL.times * took), INTERVAL.most);
}
