import type { HostState } from '../guests/host-state.js';
import { decodeDatagram } from '../kernel/decode.js';
import { CHANGE_SEQ, ECHO_SEQ, echoRequest, HOST_GROUPS } from '../kernel/requests.js';
import { HOST_TABLES, TableDumps } from '../kernel/table-dumps.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Clock } from '../sys/clock.js';
import type { Log } from '../sys/log.js';
import { openRouteSocket, type RouteSocket } from '../sys/netlink/route-socket.js';
import { Deferred } from '../tasks/deferred.js';
import { Echoes } from '../wire/echoes.js';
import { type Task, untilAborted } from '../tasks/task.js';

/** How often we look whether the kernel dropped messages, and whether a dump is due, in seconds. */
const CHECK_INTERVAL = 1;

/**
 * How often the neighbour tables are read, in seconds. The kernel tells of changes; that it goes on speaking with a
 * neighbour is none.
 */
const NEIGHBOUR_INTERVAL = 600;

/** What the numbers of requests for neighbours begin with, apart from the others on the same socket. */
const NEIGHBOUR_SEQ = 0x40000000;

/** Keeps the host's state in step with the kernel: reads it whole, then follows every change. */
export class KernelWatch implements Task {
  readonly name = 'kernel-watch';
  private readonly isReady = new Deferred();
  private readonly echoes = new Echoes(() => this.request(echoRequest()));
  private readonly socket: RouteSocket;
  private readonly dumps: TableDumps;
  private readonly neighbours: TableDumps;
  private neighboursRead = -Infinity;
  private drops = 0;
  private told = false;
  private closed = false;

  /** @param changed called after changes, at most once a turn of the event loop */
  constructor(
    private readonly host: HostState,
    private readonly tools: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
    private readonly changed: () => void,
  ) {
    this.socket = openRouteSocket(HOST_GROUPS);
    const send = (request: Uint8Array): void => this.socket.send(request);
    this.dumps = new TableDumps(HOST_TABLES, send);
    this.neighbours = new TableDumps(['neighbours4', 'neighbours6'], send, NEIGHBOUR_SEQ);
    this.socket.onDatagram = (bytes) => this.take(bytes);
    this.socket.onTrouble = (detail) => this.resync('truncated', detail);
  }

  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.startDumpIfDue();
    const stop = this.tools.clock.every(CHECK_INTERVAL, () => this.check());
    await untilAborted(signal);
    stop();
    this.closed = true;
    this.socket.close();
  }

  /** Asks the kernel for a change; a refusal is logged. At the end of the daemon nobody is asked any more. */
  request(bytes: Uint8Array): void {
    if (!this.closed) this.socket.send(bytes);
  }

  /** Resolves when the kernel has answered over this socket. */
  echo(): Promise<void> {
    return this.echoes.next();
  }

  private refused(errno: number): void {
    this.tools.log.warn('the kernel refused to put back a row of a bridge', { errno });
  }

  private take(bytes: Uint8Array): void {
    const { clock, metrics } = this.tools;
    const now = clock.monotonic();
    for (const event of decodeDatagram(bytes)) {
      const ignored = this.host.apply(event, now);
      if (ignored) metrics.count('bondherald_sightings_ignored_total', { ...ignored });
      for (const reason of this.host.takeEvictions()) metrics.count('bondherald_guest_evictions_total', { reason });
      if (event.type === 'lost') this.resync(event.reason, event.detail);
      if (event.type === 'answer' && event.seq === CHANGE_SEQ) this.refused(event.errno);
      if (event.type === 'answer' && event.seq === ECHO_SEQ) this.echoes.arrived();
      if (this.dumps.take(event)) this.host.finishDump(now);
      if (event.type !== 'lost') this.neighbours.take(event);
    }
    this.tell();
  }

  private tell(): void {
    if (this.told || !this.dumps.complete) return;
    this.told = true;
    this.tools.clock.soon(() => {
      this.told = false;
      this.changed();
      this.isReady.resolve();
    });
  }

  private check(): void {
    const drops = this.socket.drops();
    if (drops !== this.drops) this.resync('overrun', `the kernel dropped ${drops - this.drops} messages`);
    this.drops = drops;
    this.startDumpIfDue();
    this.readNeighboursIfDue();
    this.host.expire(this.tools.clock.monotonic());
  }

  private readNeighboursIfDue(): void {
    const now = this.tools.clock.monotonic();
    if (now - this.neighboursRead < NEIGHBOUR_INTERVAL || !this.dumps.complete) return;
    this.neighboursRead = now;
    this.neighbours.want();
    this.neighbours.startIfDue(now);
  }

  private startDumpIfDue(): void {
    if (this.dumps.startIfDue(this.tools.clock.monotonic())) this.host.startDump();
  }

  private resync(reason: 'overrun' | 'truncated' | 'malformed', detail: string): void {
    const { log, metrics } = this.tools;
    if (reason === 'overrun') metrics.count('bondherald_netlink_overruns_total', { socket: 'neigh' });
    metrics.count('bondherald_resyncs_total', { reason });
    log.warn('netlink messages were lost; reading everything again', { reason, detail });
    this.dumps.want();
  }
}
