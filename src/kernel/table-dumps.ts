import { sequenceOf } from './decode.js';
import type { KernelEvent } from './events.js';
import { type DumpTable, dumpRequest } from './requests.js';

/** What the state of a host is read from, in an order in which each can be understood. */
export const HOST_TABLES: readonly DumpTable[] = [
  'links',
  'bridgePorts',
  'portVlans',
  'addresses',
  'forwarding',
  'fdb',
];

/** Between two dumps at least so long, in seconds; twice as long after each that was spoilt, up to the maximum. */
const MIN_INTERVAL = 1;
const MAX_INTERVAL = 32;

/** A dump of which nothing has come for so long, in seconds, will not end: the datagram with its end was lost. */
const TIME_LIMIT = 30;

/** EOPNOTSUPP: this kernel has no such table, for example of IPv6 where IPv6 is switched off. It is an empty one then. */
const NO_SUCH_TABLE = 95;

/**
 * Asks the kernel for whole tables, one after the other, and again whenever what we hold may be wrong. A message that
 * will not decode stands in the next dump too, so dumps that are spoilt come ever more seldom and never in a loop.
 */
export class TableDumps {
  private running: DumpTable[] = [];
  private wanted = true;
  private notBefore = -Infinity;
  private giveUpAt = Infinity;
  private interval: number;
  /** Whether every table was read at least once, so that what we hold can be acted on. */
  complete = false;

  /**
   * @param send hands a request to the kernel
   * @param seq the number before that of the first request; two on one socket must be far apart
   * @param minInterval between two dumps at least so long, in seconds
   */
  constructor(
    private readonly tables: readonly DumpTable[],
    private readonly send: (request: Uint8Array) => void,
    private seq = 0,
    private readonly minInterval = MIN_INTERVAL,
  ) {
    this.interval = minInterval;
  }

  /** Whether one has begun and not ended. The kernel refuses a second on the same socket meanwhile (EBUSY). */
  get isRunning(): boolean {
    return this.running.length > 0;
  }

  /** Asks for a fresh dump: it starts with the next `startIfDue` that finds the time come. */
  want(): void {
    this.wanted = true;
  }

  /** Asks for a fresh dump at once: not for something that may come again and again. */
  wantNow(): void {
    this.want();
    this.notBefore = -Infinity;
  }

  /**
   * Starts the dump that is wanted, unless one is running or the last began too short a while ago.
   * @returns whether it started: then what we hold waits to be confirmed
   */
  startIfDue(now: number): boolean {
    if (this.running.length > 0 && now >= this.giveUpAt) this.abandon();
    if (!this.wanted || this.running.length > 0 || now < this.notBefore) return false;
    this.wanted = false;
    this.notBefore = now + this.interval;
    this.giveUpAt = now + TIME_LIMIT;
    this.running = [...this.tables];
    this.request();
    return true;
  }

  /**
   * Takes note of a datagram: a large bridge takes longer than TIME_LIMIT, and is waited for as long as it comes.
   * @returns whether it is of the dump that runs
   */
  hear(datagram: Uint8Array, now: number): boolean {
    if (!this.isRunning || sequenceOf(datagram) !== this.seq) return false;
    this.giveUpAt = now + TIME_LIMIT;
    return true;
  }

  /**
   * Takes in every event of the socket that the requests went out by.
   * @returns true when it completes a dump that can be trusted: what it did not mention is gone
   */
  take(event: KernelEvent): boolean {
    if (event.type === 'lost') this.want();
    if ((event.type !== 'done' && event.type !== 'answer') || event.seq !== this.seq) return false;
    if (this.running.length === 0) return false;
    if (event.type === 'answer' && event.errno !== NO_SUCH_TABLE) {
      if (event.errno !== 0) this.abandon();
      return false;
    }
    if (event.type === 'done' && event.interrupted) this.want();
    return this.next();
  }

  /** @returns whether that was the last table of a dump that can be trusted */
  private next(): boolean {
    this.running.shift();
    if (this.running.length > 0) {
      this.request();
      return false;
    }
    this.complete = true;
    this.interval = this.wanted ? Math.min(2 * this.interval, MAX_INTERVAL) : this.minInterval;
    return !this.wanted;
  }

  private abandon(): void {
    this.running = [];
    this.interval = Math.min(2 * this.interval, MAX_INTERVAL);
    this.want();
  }

  private request(): void {
    const [table] = this.running;
    if (table) this.send(dumpRequest(table, ++this.seq));
  }
}
