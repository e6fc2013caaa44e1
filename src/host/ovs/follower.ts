import { OVS_FOLDER } from '../../config/constants.js';
import type { HostState } from '../../guests/host-state.js';
import type { OvsConfig, OvsMacRow } from '../../sources/ovs/config.js';
import { OvsBonds } from './bonds.js';
import { ovsIn } from './sockets.js';
import { OvsKnown } from './known.js';
import type { OvsTools } from './tables.js';
import { type OvsListener, OvsWatch } from './watch.js';
import { SwitchedTask } from '../../tasks/switched-task.js';
import type { Task } from '../../tasks/task.js';

/** What the follower waits for, and whom it tells. */
interface Neighbours {
  /** The kernel's devices are known: before, the switch's interfaces are not found among them. */
  hostKnown(): Promise<void>;
  /** Called when bonds, and the ways to them, may have changed. */
  refresh(): void;
  /** Called when guests may have. */
  judge(): void;
  /** Settles when bonds that are known are listened on. */
  listening(): Promise<void>;
}

/**
 * Tells the host's state what Open vSwitch says, and keeps what the announcements of its bonds need: the configuration,
 * and the MAC tables of bridges that have a bond.
 */
export class OvsFollower implements Task {
  readonly name = 'ovs';
  /** There is one when the configuration wants to do with Open vSwitch. */
  private readonly watch: SwitchedTask<boolean | 'auto', OvsWatch>;
  readonly knowledge: OvsKnown;
  readonly bonds: OvsBonds;
  /** How many rows each bridge's MAC table had, by the UUID of the bridge. */
  readonly tableSizes = new Map<string, number>();
  /** How many watches there have been. */
  private watches = 0;

  constructor(
    private readonly host: HostState,
    private readonly tools: OvsTools,
    wanted: boolean | 'auto',
    private readonly neighbours: Neighbours,
  ) {
    this.knowledge = new OvsKnown(tools.clock);
    this.bonds = new OvsBonds(host, this.knowledge);
    this.watch = new SwitchedTask(this.name, wanted, (now) =>
      now === false ? null : new OvsWatch(ovsIn(OVS_FOLDER), tools, now === true, this.newListener()),
    );
  }

  /** What one watch tells; when there is another, or none, that is out of date. */
  private newListener(): OvsListener {
    const number = ++this.watches;
    const whenKnown = (take: () => void): void =>
      void this.neighbours.hostKnown().then(() => number === this.watches && take());
    return {
      config: (config) => whenKnown(() => this.takeConfig(config)),
      table: (uuid, rows) => {
        const at = this.tools.clock.monotonic();
        whenKnown(() => this.takeTable(uuid, rows, at));
      },
    };
  }

  /**
   * Begins to follow Open vSwitch, or ends it: then it has no bonds, no bridges and no guests.
   * @returns when that is so
   */
  async configure(wanted: boolean | 'auto'): Promise<void> {
    if (wanted === false) this.watches++;
    await this.watch.configure(wanted);
    if (wanted === false) this.takeConfig({ bridges: [] });
  }

  get ready(): Promise<void> {
    return this.known().then(() => this.neighbours.listening());
  }

  run(signal: AbortSignal): Promise<void> {
    return this.watch.run(signal);
  }

  /** Has the MAC tables read now. @returns when the host's state knows what they say; never rejects */
  readonly readTables = async (): Promise<void> => {
    await this.watch.task?.readTables();
    await this.neighbours.hostKnown();
  };

  /** Settles when the host's state knows the kernel's devices, and those of Open vSwitch if there are any. */
  async known(): Promise<void> {
    await this.neighbours.hostKnown();
    await this.watch.ready;
    await this.neighbours.hostKnown(); // behind what was told until now
  }

  private takeConfig(config: OvsConfig): void {
    this.knowledge.setConfig(config);
    const bridges = new Set(config.bridges.map(({ uuid }) => uuid));
    for (const uuid of this.tableSizes.keys()) if (!bridges.has(uuid)) this.tableSizes.delete(uuid);
    this.host.setOvs(config, this.tools.clock.monotonic());
    this.neighbours.refresh();
  }

  /** @param at when they were read: monotonic clock, seconds */
  private takeTable(uuid: string, rows: readonly OvsMacRow[], at: number): void {
    const { metrics } = this.tools;
    this.tableSizes.set(uuid, rows.length);
    if (this.hasBond(uuid)) this.knowledge.setTable(uuid, rows, at);
    for (const ignored of this.host.setOvsTable(uuid, rows, at)) {
      metrics.count('bondherald_sightings_ignored_total', { ...ignored });
    }
    for (const reason of this.host.takeEvictions()) metrics.count('bondherald_guest_evictions_total', { reason });
    this.neighbours.judge();
  }

  private hasBond(uuid: string): boolean {
    const bridge = this.knowledge.config()?.bridges.find((each) => each.uuid === uuid);
    return bridge?.ports.some(({ bond }) => bond !== null) ?? false;
  }
}
