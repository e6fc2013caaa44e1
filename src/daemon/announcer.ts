import { isDeepStrictEqual } from 'node:util';
import { type BondId, isOvsBond } from '../topology/bond-id.js';
import { type Config, isAmong } from '../config/config.js';
import type { HostState } from '../guests/host-state.js';
import type { Mac } from '../addr/mac.js';
import { servedBonds } from '../topology/bonds.js';
import type { Verdict } from '../guests/verdict.js';
import { LruMap } from '../lru-map.js';
import type { Clock } from '../sys/clock.js';
import type { StartThread } from '../sys/process/thread.js';
import { BatchMemories } from '../wire/batch-memory.js';
import { BondGuests } from '../wire/bond-guests.js';
import type { DaemonEmitter } from '../wire/events.js';
import { Deferred } from '../tasks/deferred.js';
import { Echoes } from '../wire/echoes.js';
import { ThreadHandle } from '../wire/thread-handle.js';
import type {
  FirstRound,
  FirstRoundSettings,
  FromFailoverThread,
  OrderCause,
  ToFailoverThread,
} from '../wire/thread-messages.js';
import { FailoverThreadError } from '../errors.js';
import { echoRequest, KNOCK_SEQ } from '../kernel/requests.js';
import { sendBy } from '../sys/netlink/link-socket.js';
import { LateJudgements } from './late-judgements.js';
import { moduleUrl } from '../sys/program.js';
import type { Task } from '../tasks/task.js';

/** Ends the thread's wait, for it to look what it has been ordered to do. */
const KNOCK = echoRequest(KNOCK_SEQ);

/** So many bonds at most are made at a time; one that came and went is among them until others come. */
const MAX_EARLY = 64;

/** Of the configuration, what the failover thread needs. */
type Settings = Pick<Config, 'announce' | 'failover' | 'guests'>;

/** Keeps the failover thread supplied: which bonds to watch, and the frames to send for each. */
export class Announcer implements Task {
  readonly name = 'announcer';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private readonly thread: ThreadHandle<ToFailoverThread, FromFailoverThread>;
  private readonly echoes = new Echoes(() => this.thread.order({ type: 'echo' }));
  /** Failovers of bonds of which the main thread has not read yet, the latest of each. */
  private readonly early = new LruMap<BondId, FirstRound>(MAX_EARLY);
  /** The descriptor of the thread's link socket, once it is open. */
  private descriptor: number | null = null;
  private readonly memories: BatchMemories;
  private settings: FirstRoundSettings;
  private readonly late: LateJudgements;
  private sliceIsDue = false;
  private comesBack = false;
  /** Who waits for all to be judged: the keeper of the state, once. */
  private readonly awaiting: (() => void)[] = [];
  /** Those of the failover thread that are awaited. */
  private readonly answers: Promise<unknown>[] = [];
  private onCarrierLoss: Config['failover']['onCarrierLoss'];
  /** The bonds that the thread was told to switch at the loss of carrier. */
  private switched: readonly BondId[] = [];

  /** @param bonds is filled with one entry an active-backup bond of the host */
  constructor(
    private readonly host: HostState,
    private readonly bonds: Map<BondId, BondGuests>,
    settings: Settings,
    private readonly events: DaemonEmitter,
    startThread: StartThread,
    private readonly clock: Pick<Clock, 'monotonic' | 'soon'>,
  ) {
    this.late = new LateJudgements(clock, (mac) => this.update(mac, host.judgeAnew(mac)));
    this.thread = new ThreadHandle(startThread, {
      name: 'the failover thread',
      url: moduleUrl('wire/failover-thread.js'),
      failure: FailoverThreadError,
      wake: () => this.descriptor !== null && sendBy(this.descriptor, KNOCK),
      report: (message) => this.report(message),
    });
    this.settings = firstRoundSettings(settings);
    this.onCarrierLoss = settings.failover.onCarrierLoss;
    this.memories = new BatchMemories(settings.guests.limits.total);
    host.hasPlaces = () => [...bonds.values()].every(({ hasRoom }) => hasRoom);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.thread.run(signal);
  }

  /** Announces in this way from now on. @returns when the failover thread does */
  async configure(settings: Settings): Promise<void> {
    this.settings = firstRoundSettings(settings);
    this.onCarrierLoss = settings.failover.onCarrierLoss;
    await Promise.all([this.thread.ask({ type: 'configure', ...this.settings }), ...this.switchBonds()]);
  }

  /** Resolves when the kernel has answered over the failover thread's socket. */
  echo(): Promise<void> {
    return this.echoes.next();
  }

  /** Announces a bond of the kernel now, as if it had failed over to `slave`. */
  announce(bond: BondId, slave: number, cause: OrderCause): void {
    if (!isOvsBond(bond)) this.thread.order({ type: 'announce', bond, slave, cause });
  }

  /**
   * Brings bonds and frames in step with the host's state. Work is in proportion to what changed; after a change that may
   * concern everybody the others follow in slices, and until then no frame leaves that was not looked at.
   */
  refresh(): void {
    const all = this.judgeChanged();
    if (all || this.sliceIsDue) {
      this.sliceIsDue = false;
      this.late.goOn();
      this.judgeChanged(); // less may be known of others since
    }
    if (this.publish()) this.becomeWhole();
    else this.goOnSoon();
    this.reportEarly();
  }

  /** Settles when the failover thread is ready, and has the frames of everybody as they are by then. */
  async whole(): Promise<void> {
    await this.ready;
    while (this.late.areLeft) await new Promise<void>((resolve) => this.awaiting.push(resolve));
  }

  private becomeWhole(): void {
    void Promise.all([this.thread.ready, ...this.answers.splice(0)]).then(this.isReady.resolve, this.isReady.reject);
    for (const resolve of this.awaiting.splice(0)) resolve();
  }

  /** Newcomers, and whoever else is named. @returns whether all others are late now */
  private judgeChanged(): boolean {
    const { macs, all } = this.host.takeChanges();
    if (all) {
      this.answers.push(...this.watchBonds());
      this.late.begin(this.everybody());
    }
    for (const mac of macs) this.update(mac, this.late.take(mac) ? this.host.judgeAnew(mac) : this.host.verdicts(mac));
    return all;
  }

  /** @returns whether nobody is late, and the failover thread has been told */
  private publish(): boolean {
    const { areLeft } = this.late;
    const batches = [...this.bonds.values()].map(({ batch }) => batch);
    for (const batch of batches) {
      const isPublished = batch.publish();
      if (areLeft || isPublished) batch.withhold(areLeft);
    }
    return !areLeft && !batches.some(({ isWithheld }) => isWithheld);
  }

  private goOnSoon(): void {
    if (this.comesBack) return;
    this.comesBack = true;
    this.clock.soon(() => {
      this.comesBack = false;
      this.sliceIsDue = true;
      this.events.emit('guestsChanged');
    });
  }

  /** Those who have frames first. */
  private *everybody(): Generator<Mac> {
    for (const guests of this.bonds.values()) yield* guests.macs();
    yield* this.host.macsInTurn();
  }

  /** The failover thread is quicker to read of a bond that is made, and of its first slave, than the main thread. */
  private reportEarly(): void {
    for (const [bond, round] of this.early) {
      if (this.host.topology.link(bond) === undefined) continue;
      this.early.delete(bond);
      if (this.isWatched(bond)) this.events.emit('failover', round);
    }
  }

  private watchBonds(): Promise<unknown>[] {
    const bonds = new Set(servedBonds(this.host.topology).map(({ ifindex }) => ifindex));
    for (const [bond, { batch }] of this.bonds) {
      if (bonds.has(bond)) continue;
      this.bonds.delete(bond);
      // By the time of the answer the later rounds, in this thread, have ended as well.
      void this.thread.ask({ type: 'forget', bond }).then(() => this.memories.giveBack(batch));
    }
    const watched = [...bonds].flatMap((bond) => (this.bonds.has(bond) ? [] : this.watch(bond)));
    return [...watched, ...this.switchBonds()];
  }

  /** Tells the thread of which bonds it is to change the active slave, where they are others. */
  private switchBonds(): Promise<unknown>[] {
    const { onCarrierLoss, host } = this;
    const bonds = servedBonds(host.topology)
      .filter(({ name }) => isAmong(onCarrierLoss, name))
      .flatMap(({ ifindex, isActiveBackup, ovs }) => (isActiveBackup && ovs === null ? [ifindex] : []));
    if (isDeepStrictEqual(bonds, this.switched)) return [];
    this.switched = bonds;
    return [this.thread.ask({ type: 'switch', bonds })];
  }

  private watch(bond: BondId): Promise<unknown> | [] {
    const { capacity } = this.memories;
    const announceable = (key: string): void => this.events.emit('announceable', bond, key);
    const cut = (mac: Mac, key: string): void => this.host.cut(mac, key, undefined, capacity);
    const hurry = (mac: Mac): void => this.late.hurry(mac);
    const guests = new BondGuests(capacity, this.memories.take(), announceable, cut, hurry);
    const { memory } = guests.batch;
    this.bonds.set(bond, guests);
    if (guests.batch.unlocked !== null) this.events.emit('unlocked', guests.batch.unlocked);
    return isOvsBond(bond) ? [] : this.thread.ask({ type: 'watch', bond, memory, capacity, ...this.settings });
  }

  private report(message: FromFailoverThread): void {
    const { events } = this;
    switch (message.type) {
      case 'ready':
        this.descriptor = message.descriptor;
        if (message.delayable !== null) events.emit('delayable', message.delayable);
        return;
      case 'failover':
        if (this.host.topology.link(message.bond) === undefined) this.early.set(message.bond, message);
        else if (this.isWatched(message.bond)) events.emit('failover', message);
        return;
      case 'lost':
        this.early.delete(message.bond);
        return events.emit('lost', message.bond, message.reason);
      case 'carrierLoss':
        return events.emit('carrierLoss', message.bond, message.left);
      case 'switchRefused':
        return events.emit('switchRefused', message.bond, message.slave, message.errno);
      case 'unwatched':
        return events.emit('unwatched', message.bond, message.error);
      case 'resync':
        return events.emit('resync', message.reason);
      case 'echo':
        return this.echoes.arrived();
    }
  }

  private isWatched(bond: BondId): boolean {
    const link = this.host.topology.link(bond);
    return link !== undefined && this.host.topology.watches(link.name);
  }

  private update(mac: Mac, verdicts: readonly Verdict[]): void {
    for (const [bond, guests] of this.bonds) {
      guests.update(
        mac,
        verdicts.filter((verdict) => verdict.bond === bond),
      );
    }
  }
}

/** What the failover thread needs to know for the first burst. */
function firstRoundSettings({ announce }: Settings): FirstRoundSettings {
  return { rate: announce.kinds.includes('rarp') ? announce.rate.rarp : null, damping: announce.damping };
}
