import type { HostState } from '../../guests/host-state.js';
import type { OvsConfig, OvsMacRow } from '../../sources/ovs/config.js';
import { OvsBonds, OvsKnown } from './bonds.js';
import type { OvsHost } from './connection.js';
import type { OvsTools } from './tables.js';
import { type OvsListener, OvsWatch } from './watch.js';
import type { DaemonEmitter } from '../../wire/events.js';
import { SwitchedTask } from '../../tasks/switched-task.js';
import type { Task } from '../../tasks/task.js';

/** What the follower works with. */
interface FollowerTools extends OvsTools {
  readonly ovs: OvsHost;
  /** `hostChanged` when bonds and the exits to them may be others, `guestsChanged` when guests may. */
  readonly events: DaemonEmitter;
  /** Settles when the kernel's devices are known: before, the switch's interfaces are not found among them. */
  hostKnown(): Promise<void>;
}

/** Gives the host's state what Open vSwitch says, and keeps what the announcements of its bonds need. */
export class OvsFollower implements Task {
  readonly name = 'ovs';
  /** There is one when the configuration wants to do with Open vSwitch. */
  private readonly watch: SwitchedTask<boolean | 'auto', OvsWatch>;
  readonly knowledge: OvsKnown;
  readonly bonds: OvsBonds;
  readonly tableSizes: ReadonlyMap<string, number>;
  /** How many watches there have been. */
  private watches = 0;

  constructor(
    private readonly host: HostState,
    private readonly tools: FollowerTools,
    wanted: boolean | 'auto',
  ) {
    this.knowledge = new OvsKnown(tools.clock);
    this.tableSizes = this.knowledge.tableSizes;
    this.bonds = new OvsBonds(host, this.knowledge);
    const create = (now: boolean | 'auto'): OvsWatch | null =>
      now === false ? null : new OvsWatch(tools.ovs, tools, now === true, this.newListener());
    this.watch = new SwitchedTask(this.name, wanted, create, () => this.applyConfig({ bridges: [] }));
  }

  /** What one watch reports; when there is another, or none, that is out of date. */
  private newListener(): OvsListener {
    const number = ++this.watches;
    const whenKnown = (apply: () => void): void =>
      void this.tools.hostKnown().then(() => number === this.watches && apply());
    return {
      config: (config) => whenKnown(() => this.applyConfig(config)),
      table: (uuid, rows) => {
        const at = this.tools.clock.monotonic();
        whenKnown(() => this.applyTable(uuid, rows, at));
      },
    };
  }

  /** Begins to follow Open vSwitch, or ends it, and all of it is gone. @returns when that is so */
  configure(wanted: boolean | 'auto'): Promise<void> {
    this.watches++;
    return this.watch.configure(wanted);
  }

  get ready(): Promise<void> {
    return this.known();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.watch.run(signal);
  }

  /** Has the MAC tables read now. @returns when the host's state knows what they say; never rejects */
  readonly readTables = async (): Promise<void> => {
    await this.watch.task?.readTables();
    await this.tools.hostKnown();
  };

  /** Settles when the host's state knows the kernel's devices, and those of Open vSwitch if there are any. */
  async known(): Promise<void> {
    await this.tools.hostKnown();
    await this.watch.ready;
    await this.tools.hostKnown(); // behind what was reported until now
  }

  private applyConfig(config: OvsConfig): void {
    this.knowledge.setConfig(config);
    this.host.setOvs(config, this.tools.clock.monotonic());
    this.tools.events.emit('hostChanged');
  }

  /** @param at when they were read: monotonic clock, seconds */
  private applyTable(uuid: string, rows: readonly OvsMacRow[], at: number): void {
    const { metrics } = this.tools;
    this.knowledge.setTable(uuid, rows, at);
    for (const ignored of this.host.ovs.setTable(uuid, rows, at)) {
      metrics.count('bondherald_sightings_ignored_total', { ...ignored });
    }
    for (const reason of this.host.takeEvictions()) metrics.count('bondherald_guest_evictions_total', { reason });
    this.tools.events.emit('guestsChanged');
  }
}
