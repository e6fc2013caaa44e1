import type { OvsConfig, OvsMacRow } from '../../sources/ovs/config.js';
import type { MacTable } from '../../sources/ovs/own-rarps.js';
import type { Clock } from '../../sys/clock.js';
import type { OvsKnowledge } from './bonds.js';

/**
 * What Open vSwitch said last, and when. Bounded by its database: of bridges that are gone nothing is kept, and a
 * bridge's table is as long as Open vSwitch lets it be (mac-table-size).
 */
export class OvsKnown implements OvsKnowledge {
  private held: OvsConfig | null = null;
  private readonly tables = new Map<string, { readonly rows: readonly OvsMacRow[]; readonly at: number }>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  config(): OvsConfig | null {
    return this.held;
  }

  macTable(bridge: string): MacTable | null {
    const table = this.tables.get(bridge);
    return table ? { rows: table.rows, age: this.clock.monotonic() - table.at } : null;
  }

  setConfig(config: OvsConfig): void {
    this.held = config;
    const bridges = new Set(config.bridges.map(({ uuid }) => uuid));
    for (const bridge of this.tables.keys()) if (!bridges.has(bridge)) this.tables.delete(bridge);
  }

  /** All rows of a bridge's table. @param bridge its UUID @param at when they were read: monotonic clock, seconds */
  setTable(bridge: string, rows: readonly OvsMacRow[], at: number): void {
    this.tables.set(bridge, { rows, at });
  }
}
