import type { HostState } from '../guests/host-state.js';
import type { Mac } from '../addr/mac.js';
import { activeBackupBonds } from '../topology/bonds.js';
import { BatchMemories } from '../wire/batch-memory.js';
import { BondGuests } from '../wire/bond-guests.js';
import { Deferred } from '../tasks/deferred.js';
import { FailoverClient, type FailoverListener } from '../wire/failover-client.js';
import type { FirstRoundSettings, OrderCause } from '../wire/thread-messages.js';
import { type Task, untilAborted } from '../tasks/task.js';

/** Is told that frames are kept in memory that may be swapped out. */
export interface UnlockedListener {
  /** @param reason the symbolic errno */
  unlocked(reason: string): void;
}

/** Keeps the failover thread supplied: which bonds to watch, and the frames to send for each. */
export class Announcer implements Task {
  readonly name = 'announcer';
  private readonly isReady = new Deferred();
  private readonly thread: FailoverClient;
  private readonly memories: BatchMemories;
  /** Announces a bond that is not the failover thread's. */
  ofOvs: (bond: number, slave: number, cause: OrderCause) => void = () => undefined;

  /**
   * @param bonds is filled with one entry an active-backup bond of the host
   * @param settings `capacity`: how many guests a bond may have
   */
  constructor(
    private readonly host: HostState,
    private readonly bonds: Map<number, BondGuests>,
    private settings: FirstRoundSettings & { readonly capacity: number },
    private readonly listener: FailoverListener & UnlockedListener,
  ) {
    this.thread = new FailoverClient(listener);
    this.memories = new BatchMemories(settings.capacity);
  }

  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.race([this.thread.ended, untilAborted(signal)]);
    await this.thread.stop();
  }

  /** Announces in this way from now on. @returns when the failover thread does */
  configure(settings: FirstRoundSettings): Promise<void> {
    const { rate, damping } = settings;
    this.settings = { rate, damping, capacity: this.settings.capacity };
    return this.thread.configure({ rate, damping });
  }

  /** Resolves when the kernel has answered over the failover thread's socket. */
  echo(): Promise<void> {
    return this.thread.echo();
  }

  /** Announces a bond now, as if it had failed over to `slave`. */
  announce(bond: number, slave: number, cause: OrderCause): void {
    if (isThreads(bond)) this.thread.announce(bond, slave, cause);
    else this.ofOvs(bond, slave, cause);
  }

  /** Brings bonds and frames in step with the host's state. Work is in proportion to what changed. */
  refresh(): void {
    const stale = this.host.takeStale();
    const answers = stale === 'all' ? this.watchBonds() : [];
    for (const mac of stale === 'all' ? this.everyMac() : stale) this.judge(mac);
    this.publish();
    void Promise.all([this.thread.ready, ...answers]).then(this.isReady.resolve, this.isReady.reject);
  }

  private publish(): void {
    for (const { batch } of this.bonds.values()) batch.publish();
  }

  private watchBonds(): Promise<void>[] {
    const bonds = new Set(activeBackupBonds(this.host.topology).map(({ ifindex }) => ifindex));
    for (const [bond, { batch }] of this.bonds) {
      if (bonds.has(bond)) continue;
      this.bonds.delete(bond);
      // Until the answer comes, what runs in this thread has been told as well. Of Open vSwitch's the other knows nothing.
      void this.thread.forget(bond).then(() => this.memories.giveBack(batch));
    }
    return [...bonds].flatMap((bond) => (this.bonds.has(bond) ? [] : this.watch(bond)));
  }

  private watch(bond: number): Promise<void> | [] {
    const { capacity, rate, damping } = this.settings;
    const guests = new BondGuests(capacity, this.memories.take());
    this.bonds.set(bond, guests);
    if (guests.batch.unlocked !== null) this.listener.unlocked(guests.batch.unlocked);
    return isThreads(bond) ? this.thread.watch(bond, guests.batch, { rate, damping }) : [];
  }

  private everyMac(): Set<Mac> {
    const macs = new Set(this.host.macs());
    for (const guests of this.bonds.values()) for (const mac of guests.macs()) macs.add(mac);
    return macs;
  }

  private judge(mac: Mac): void {
    const verdicts = this.host.verdicts(mac);
    for (const [bond, guests] of this.bonds) {
      guests.update(
        mac,
        verdicts.filter((verdict) => verdict.bond === bond),
      );
    }
  }
}

/** Whether the failover thread watches a bond: those of Open vSwitch are no devices of the kernel. */
function isThreads(bond: number): boolean {
  return bond > 0;
}
