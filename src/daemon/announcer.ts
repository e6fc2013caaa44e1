import { type BondId, isOvsBond } from '../topology/bond-id.js';
import type { Config } from '../config/config.js';
import type { HostState } from '../guests/host-state.js';
import type { Mac } from '../addr/mac.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { StartThread } from '../sys/process/thread.js';
import { BatchMemories } from '../wire/batch-memory.js';
import { BondGuests } from '../wire/bond-guests.js';
import type { DaemonEmitter } from '../wire/events.js';
import { Deferred } from '../tasks/deferred.js';
import { FailoverClient } from '../wire/failover-client.js';
import type { FirstRoundSettings, OrderCause } from '../wire/thread-messages.js';
import type { Task } from '../tasks/task.js';

/** Of the configuration, what the failover thread needs. */
type Settings = Pick<Config, 'announce' | 'guests'>;

/** Keeps the failover thread supplied: which bonds to watch, and the frames to send for each. */
export class Announcer implements Task {
  readonly name = 'announcer';
  private readonly isReady = new Deferred();
  private readonly thread: FailoverClient;
  private readonly memories: BatchMemories;
  private settings: FirstRoundSettings;

  /** @param bonds is filled with one entry an active-backup bond of the host */
  constructor(
    private readonly host: HostState,
    private readonly bonds: Map<BondId, BondGuests>,
    settings: Settings,
    private readonly events: DaemonEmitter,
    startThread: StartThread,
  ) {
    const watches = (bond: BondId): boolean => {
      const link = host.topology.link(bond);
      return link !== undefined && host.topology.watches(link.name);
    };
    this.thread = new FailoverClient(startThread, events, watches);
    this.settings = firstRoundSettings(settings);
    this.memories = new BatchMemories(settings.guests.limits.total);
  }

  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  run(signal: AbortSignal): Promise<void> {
    return this.thread.run(signal);
  }

  /** Announces in this way from now on. @returns when the failover thread does */
  async configure(settings: Settings): Promise<void> {
    this.settings = firstRoundSettings(settings);
    await this.thread.configure(this.settings);
  }

  /** Resolves when the kernel has answered over the failover thread's socket. */
  echo(): Promise<void> {
    return this.thread.echo();
  }

  /** Announces a bond of the kernel now, as if it had failed over to `slave`. */
  announce(bond: BondId, slave: number, cause: OrderCause): void {
    if (!isOvsBond(bond)) this.thread.announce(bond, slave, cause);
  }

  /** Brings bonds and frames in step with the host's state. Work is in proportion to what changed. */
  refresh(): void {
    const stale = this.host.takeStale();
    const answers = stale === 'all' ? this.watchBonds() : [];
    for (const mac of stale === 'all' ? this.everyMac() : stale) this.judge(mac);
    for (const { batch } of this.bonds.values()) batch.publish();
    void Promise.all([this.thread.ready, ...answers]).then(this.isReady.resolve, this.isReady.reject);
  }

  private watchBonds(): Promise<unknown>[] {
    const bonds = new Set(activeBackupBonds(this.host.topology).map(({ ifindex }) => ifindex));
    for (const [bond, { batch }] of this.bonds) {
      if (bonds.has(bond)) continue;
      this.bonds.delete(bond);
      // Until the answer comes, what runs in this thread has been told as well. Of Open vSwitch's the other knows nothing.
      void this.thread.forget(bond).then(() => this.memories.giveBack(batch));
    }
    return [...bonds].flatMap((bond) => (this.bonds.has(bond) ? [] : this.watch(bond)));
  }

  private watch(bond: BondId): Promise<unknown> | [] {
    const { capacity } = this.memories;
    const announceable = (key: string): void => this.events.emit('announceable', bond, key);
    const guests = new BondGuests(capacity, this.memories.take(), announceable);
    this.bonds.set(bond, guests);
    if (guests.batch.unlocked !== null) this.events.emit('unlocked', guests.batch.unlocked);
    return isOvsBond(bond) ? [] : this.thread.watch(bond, guests.batch, this.settings);
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

/** What the failover thread needs to know for the first burst. */
function firstRoundSettings({ announce }: Settings): FirstRoundSettings {
  return { rate: announce.kinds.includes('rarp') ? announce.rate.rarp : null, damping: announce.damping };
}
