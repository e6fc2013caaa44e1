/**
 * A host for a whole daemon without a kernel, a thread or a clock: a kernel socket that is one function, threads that run
 * in turns of the event loop, files that are texts. The failover thread is the real one but for its sockets.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Surroundings } from '../../src/daemon/surroundings.js';
import { SyscallError } from '../../src/errors.js';
import type { FdbEvent, LinkEvent } from '../../src/kernel/events.js';
import { decodeState } from '../../src/state/decode.js';
import type { LogFields } from '../../src/sys/log.js';
import type { RouteListener } from '../../src/sys/netlink/route-socket.js';
import type { PacketSender } from '../../src/sys/packets/packet-sender.js';
import type { ThreadListener } from '../../src/sys/process/thread.js';
import type { FailoverOwner } from '../../src/wire/first-round.js';
import { FailoverWatch } from '../../src/wire/failover-watch.js';
import { AddressSpace } from './batch-memory.js';
import { dissect } from './dissect.js';
import { FakeClock } from './fake-clock.js';
import { FakeKernel, fdbMessage, linkMessage } from './fake-kernel.js';
import type { FakeHost } from './host.js';

const BOOT = 'this-boot';

type Order = ReturnType<FailoverOwner['received']>[number];
type Report = Parameters<FailoverOwner['post']>[0];

/** The failover thread on a link socket that is a list of datagrams. */
class FakeFailoverThread {
  readonly arriving: Uint8Array[] = [];
  private readonly orders: Order[] = [];
  private readonly memories = new Map<number, AddressSpace>();
  private readonly watch: FailoverWatch;
  private over = false;

  constructor(
    private readonly host: FakeSurroundings,
    private readonly listener: ThreadListener<Report>,
  ) {
    this.watch = new FailoverWatch({
      owner: {
        post: (report) => void setImmediate(() => listener.message(report)),
        received: () => this.orders.splice(0),
      },
      socket: {
        descriptor: -1,
        receive: () => this.arriving.shift() ?? 'nothing',
        send: (request) => void this.arriving.push(...host.kernel.answer(request)),
        close: () => undefined,
      },
      openSender: (bond) => this.sender(bond),
      openRequests: () => ({ send: () => undefined, receive: () => 'nothing', close: () => undefined }),
      slaveOrder: () => [],
      hear: () => undefined,
      now: () => host.clock.monotonic(),
      pause: () => undefined,
      settle: () => null,
      collect: () => undefined,
      tidy: () => undefined,
    });
    setImmediate(() => this.run());
  }

  post(order: Order): void {
    if (order.type === 'watch') this.memories.set(order.bond, new AddressSpace(order.memory));
    this.orders.push(order);
    setImmediate(() => this.run());
  }

  /** As long as there is something to do. */
  run(): void {
    while (!this.over && (this.arriving.length > 0 || this.orders.length > 0)) this.turn();
    if (!this.over && !this.host.isReady) this.turn(); // its first turn asks for the links
  }

  private turn(): void {
    if (this.watch.turn()) return;
    this.over = true;
    this.listener.exit(null);
  }

  private sender(bond: number): PacketSender {
    return {
      send: (messages, count) => {
        const frames = this.memories.get(bond)?.frames(messages, count) ?? [];
        for (const frame of frames) this.host.happens(`first burst: ${dissect(Buffer.from(frame)).src}`);
        return count;
      },
      close: () => undefined,
    };
  }
}

export class FakeSurroundings implements Surroundings {
  readonly clock = new FakeClock();
  readonly kernel: FakeKernel;
  /** What has happened, in its order: bursts, log lines, files. */
  readonly story: string[] = [];
  readonly told: string[] = [];
  /** The state file's bonds by name, with the active slave, each time that it was written. */
  readonly saved: Record<string, string | null>[] = [];
  textfile: string | null = null;
  /** How many slices of frames the main thread has sent. */
  slices = 0;
  /** How many sockets and threads were opened. */
  opened = 0;
  isReady = false;
  readonly controlSocket: string;
  private readonly listeners = new Set<RouteListener>();
  private failoverThread: FakeFailoverThread | null = null;

  /** @param controlSocket of another daemon on the same host; else one of its own */
  constructor(t: TestContext, host: FakeHost, controlSocket?: string) {
    const folder = mkdtempSync(path.join(tmpdir(), 'bondherald-'));
    t.after(() => rmSync(folder, { recursive: true }));
    this.controlSocket = controlSocket ?? path.join(folder, 'control.sock');
    this.kernel = new FakeKernel(host);
  }

  happens(what: string): void {
    this.story.push(what);
  }

  private readonly line =
    (level: string) =>
    (text: string, fields: LogFields = {}): void => {
      if (text === 'ready') this.isReady = true;
      this.happens([`${level}: ${text}`, ...Object.entries(fields).map(([key, value]) => `${key}=${value}`)].join(' '));
    };

  readonly log = { info: this.line('info'), warn: this.line('warn'), error: this.line('error') };
  readonly chance = (): number => 0;
  readonly reloads = {
    hangups: { came: () => new Promise<void>(() => undefined), forget: () => undefined },
    read: () => Promise.resolve(null),
  };

  readonly openRouteSocket: Surroundings['openRouteSocket'] = (_, listener) => {
    this.opened++;
    this.listeners.add(listener);
    const send = (request: Uint8Array): void =>
      void setImmediate(() => this.kernel.answer(request).forEach((bytes) => listener.datagram(bytes)));
    return { send, drops: () => 0, close: () => void this.listeners.delete(listener) };
  };

  readonly startThread: Surroundings['startThread'] = (url, listener) => {
    this.opened++;
    if (url.pathname.endsWith('failover-thread.js')) {
      this.failoverThread = new FakeFailoverThread(this, listener as unknown as ThreadListener<Report>);
      return this.failoverThread as never;
    }
    const tell = (message: object): void => void setImmediate(() => listener.message(message as never));
    tell({ type: 'ready' });
    const post = (order: { type?: string }): void => {
      if (order.type === 'watch') tell({ type: 'answer', error: null });
      if (order.type === 'stop') setImmediate(() => listener.exit(null));
    };
    return { post: post as never };
  };

  readonly endOtherThreads: Surroundings['endOtherThreads'] = () => Promise.resolve();

  /** Of the main thread: it counts, and takes all. */
  readonly openPacketSender: Surroundings['openPacketSender'] = () => {
    this.opened++;
    return { send: (_, count) => (this.slices++, count), close: () => undefined };
  };

  readonly openUnixStream: Surroundings['openUnixStream'] = (file) =>
    Promise.reject(new SyscallError('connect', 'ENOENT', file));

  readonly openServiceManager: Surroundings['openServiceManager'] = () => ({
    watchdog: null,
    notify: (...lines) => (this.told.push(lines.join(' ')), null),
  });

  readonly openFolder: Surroundings['openFolder'] = (folder) => ({
    path: folder,
    list: () => Promise.resolve(null),
    read: () => Promise.resolve(null),
    watch: () => () => undefined,
  });

  readonly sharedFileAt: Surroundings['sharedFileAt'] = (file) => ({
    path: file,
    write: (text) => ((this.textfile = text), Promise.resolve()),
    remove: () => ((this.textfile = null), Promise.resolve()),
  });

  readonly stateFileIn: Surroundings['stateFileIn'] = (folder) => ({
    path: `${folder}/state.json`,
    read: () => Promise.resolve(null),
    setAside: () => Promise.reject(new Error('nothing is wrong with it')),
    readJournal: () => Promise.resolve(null),
    beginJournal: () => Promise.resolve(),
    append: () => Promise.reject(new Error('a host with few guests has no journal')),
    write: (parts) => (this.save(decodeState(Buffer.concat(parts), BOOT)), Promise.resolve()),
  });

  readonly readBootId = (): Promise<string> => Promise.resolve(BOOT);

  private save(decoded: ReturnType<typeof decodeState>): void {
    if (decoded.reason !== null) throw new Error(decoded.reason);
    const bonds = decoded.state.bonds.map(({ name, activeSlave }) => [name, activeSlave?.name ?? null]);
    this.saved.push(Object.fromEntries(bonds) as Record<string, string | null>);
  }

  /** Changes devices: the failover thread hears of it first. */
  link(...links: LinkEvent[]): void {
    this.failoverThread?.arriving.push(...links.map((link) => linkMessage(link)));
    this.failoverThread?.run();
    for (const listener of this.listeners) for (const link of links) listener.datagram(linkMessage(link));
  }

  /** A bridge learns. */
  fdb(row: FdbEvent): void {
    this.kernel.rows.push(row);
    for (const listener of this.listeners) listener.datagram(fdbMessage(row));
  }

  /** Lets everybody have turns until nothing more happens by itself. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 30; turns++) {
      this.clock.advance(0);
      await turn();
    }
  }

  /** Lets time pass, a quarter of a second at a time. */
  async after(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds * 4; passed++) {
      this.clock.advance(1 / 4);
      await turn();
    }
    await this.settle();
  }
}
