import type { Cut } from '../guests/cuts.js';
import type { HostState } from '../guests/host-state.js';
import { decodeDatagram } from '../kernel/decode.js';
import { CHANGE_SEQ, ECHO_SEQ, echoRequest, HOST_GROUPS } from '../kernel/requests.js';
import { HOST_TABLES, TableDumps } from '../kernel/table-dumps.js';
import type { openRouteSocket, RouteSocket } from '../sys/netlink/route-socket.js';
import { Deferred } from '../tasks/deferred.js';
import { Echoes } from '../wire/echoes.js';
import { type Task, untilAborted } from '../tasks/task.js';
import { FullBridges } from './full-bridges.js';
import type { Tools } from './surroundings.js';
import { Untold } from './untold.js';

/** How often we look whether the kernel dropped messages, and whether a dump is due, in seconds. */
const CHECK_INTERVAL = 1;

/** Between two readings of the neighbour tables, in seconds: that a neighbour is still reached is no change. */
const NEIGHBOUR_INTERVAL = 600;

/** What the numbers of requests for neighbours begin with, apart from the others on the same socket. */
const NEIGHBOUR_SEQ = 0x40000000;

const STATIC_ROWS = 'guests with static rows in too many VLANs are announced where they are heard';

/** Reads the kernel's state, then follows every change. Emits `hostChanged` at most once a turn of the event loop. */
export class KernelWatch implements Task {
  readonly name = 'kernel-watch';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private readonly echoes = new Echoes(() => this.request(echoRequest()));
  private readonly dumps: TableDumps;
  private readonly neighbours: TableDumps;
  private readonly untold: Untold;
  private readonly fullBridges: FullBridges;
  /** While it runs. */
  private socket: RouteSocket | null = null;
  private neighboursRead = -Infinity;
  private drops = 0;
  private announced = false;

  constructor(
    private readonly host: HostState,
    private readonly tools: Tools,
    private readonly openSocket: typeof openRouteSocket,
  ) {
    const send = (request: Uint8Array): void => this.request(request);
    this.dumps = new TableDumps(HOST_TABLES, send);
    this.neighbours = new TableDumps(['neighbours4', 'neighbours6'], send, NEIGHBOUR_SEQ);
    this.untold = new Untold(host.topology, tools.clock, send);
    this.fullBridges = new FullBridges(host.topology, tools.log, send);
  }

  async run(signal: AbortSignal): Promise<void> {
    const socket = this.openSocket(HOST_GROUPS, {
      datagram: (bytes) => this.apply(bytes),
      trouble: (detail) => this.resync('truncated', detail),
    });
    this.socket = socket;
    this.startDumpIfDue();
    const stop = this.tools.clock.every(CHECK_INTERVAL, () => this.check(socket));
    await untilAborted(signal);
    stop();
    this.socket = null;
    socket.close();
  }

  /** Sends the kernel a request; that it refuses a change is logged. After the end of the task nothing is sent. */
  request(bytes: Uint8Array): void {
    this.socket?.send(bytes);
  }

  /** Resolves when the kernel has answered over this socket. */
  echo(): Promise<void> {
    return this.echoes.next();
  }

  /** Resolves when what the kernel changes without a message is known as it is now, or after a second. Never rejects. */
  readUntold(): Promise<void> {
    return this.dumps.isRunning ? Promise.resolve() : this.untold.read();
  }

  private apply(bytes: Uint8Array): void {
    const { clock, log, metrics } = this.tools;
    const now = clock.monotonic();
    this.dumps.hear(bytes, now);
    let stale = false;
    for (const event of decodeDatagram(bytes)) {
      stale = this.untold.precede(event) || stale;
      const ignored = this.host.apply(event, now);
      if (ignored) metrics.count('bondherald_sightings_ignored_total', { ...ignored });
      if (event.type === 'lost') this.resync(event.reason, event.detail);
      if (event.type === 'answer' && event.seq === CHANGE_SEQ)
        log.warn('the kernel refused to restore a bridge entry', { errno: event.errno });
      if (event.type === 'answer' && event.seq === ECHO_SEQ) this.echoes.arrived();
      if (this.dumps.take(event)) this.host.finishDump(now);
      if (event.type !== 'lost') this.neighbours.take(event);
      this.untold.take(event);
    }
    this.countEvictions();
    if (stale) void this.readUntold();
    this.announceChange();
  }

  private announceChange(): void {
    if (this.announced || !this.dumps.complete) return;
    this.announced = true;
    this.tools.clock.soon(() => {
      this.announced = false;
      this.tools.events.emit('hostChanged');
      this.isReady.resolve();
    });
  }

  private check(socket: RouteSocket): void {
    const drops = socket.drops();
    if (drops !== this.drops) this.resync('overrun', `the kernel dropped ${drops - this.drops} messages`);
    this.drops = drops;
    this.startDumpIfDue();
    this.readNeighboursIfDue();
    void this.readUntold();
    if (this.dumps.complete) this.fullBridges.look();
    this.host.expire(this.tools.clock.monotonic());
    this.countEvictions(); // what was heard meets limits too
    if (!this.dumps.isRunning) this.logLimits(); // of a table that is read by half, half would be told
  }

  private countEvictions(): void {
    const { metrics } = this.tools;
    for (const reason of this.host.takeEvictions()) metrics.count('bondherald_guest_evictions_total', { reason });
  }

  private logLimits(): void {
    const { clock, log } = this.tools;
    const { begun, over } = this.host.lookAtLimits(clock.monotonic());
    const fields = ({ port, ...cut }: Cut) => ({ ...cut, port: this.host.topology.link(port)?.name ?? 'none' });
    for (const cut of begun) {
      if (cut.reason === 'static-vlans') log.info(STATIC_ROWS, fields(cut));
      else log.warn('some guests are not announced because a limit is met', fields(cut));
    }
    for (const cut of over) log.info('a limit of guests has room again', fields(cut));
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
