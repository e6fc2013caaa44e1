import type { HostState } from '../../guests/host-state.js';
import type { Config } from '../../config/config.js';
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
  readonly openOvs: (folders: readonly string[]) => OvsHost;
  /** What shows that Open vSwitch runs here, where its database is not found; null: nothing does. */
  readonly signOfOvs: () => Promise<string | null>;
  /** `hostChanged` when bonds and the exits to them may be others, `guestsChanged` when guests may. */
  readonly events: DaemonEmitter;
  /** Settles when the kernel's devices are known: before, the switch's interfaces are not found among them. */
  hostKnown(): Promise<void>;
}

/** Whether Open vSwitch is to be followed, and where it is looked for. */
interface OvsSetting {
  readonly wanted: boolean | 'auto';
  readonly folders: readonly string[];
}

/** The setting of a configuration. */
export const ovsSetting = ({ guests, paths }: Config): OvsSetting => ({
  wanted: guests.sources.ovs,
  folders: paths.ovs,
});

/** Gives the host's state what Open vSwitch says, and keeps what the announcements of its bonds need. */
export class OvsFollower implements Task {
  readonly name = 'ovs';
  /** There is one when the configuration wants to do with Open vSwitch. */
  private readonly watch: SwitchedTask<OvsSetting, OvsWatch>;
  readonly knowledge: OvsKnown;
  readonly bonds: OvsBonds;
  readonly tableSizes: ReadonlyMap<string, number>;
  /** How many watches there have been. */
  private watches = 0;

  constructor(
    private readonly host: HostState,
    private readonly tools: FollowerTools,
    setting: OvsSetting,
  ) {
    this.knowledge = new OvsKnown(tools.clock);
    this.tableSizes = this.knowledge.tableSizes;
    this.bonds = new OvsBonds(host, this.knowledge);
    const create = ({ wanted, folders }: OvsSetting): OvsWatch | null => {
      if (wanted === false) return null;
      const ovs = tools.openOvs(folders);
      return new OvsWatch(ovs, tools, wanted === true, this.newListener(ovs), tools.signOfOvs);
    };
    this.watch = new SwitchedTask(this.name, setting, create, () => this.applyConfig({ bridges: [] }, null));
  }

  /** What one watch reports; when there is another, or none, that is out of date. */
  private newListener({ folder }: OvsHost): OvsListener {
    const number = ++this.watches;
    const whenKnown = (apply: () => void): void =>
      void this.tools.hostKnown().then(() => number === this.watches && apply());
    return {
      config: (config) => whenKnown(() => this.applyConfig(config, folder.path)),
      table: (uuid, rows) => {
        const at = this.tools.clock.monotonic();
        whenKnown(() => this.applyTable(uuid, rows, at));
      },
    };
  }

  /** Begins to follow Open vSwitch, or ends it, and all of it is gone. @returns when that is so */
  configure(setting: OvsSetting): Promise<void> {
    this.watches++;
    return this.watch.configure(setting);
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

  private applyConfig(config: OvsConfig, folder: string | null): void {
    this.knowledge.setConfig(config, folder);
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
