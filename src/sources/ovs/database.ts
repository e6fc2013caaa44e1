import { OvsAnswerError } from '../../errors.js';
import type { OvsBridge, OvsConfig, OvsInterface, OvsPort } from './config.js';
import { atoms, type Columns, references } from './notation.js';
import { readBridge, readInterface, readPort } from './translate.js';

/** The database that a server of Open vSwitch's has. */
const DATABASE = 'Open_vSwitch';

/** What we follow of it. The columns of statistics, which change every few seconds, are left out. */
const COLUMNS = {
  Open_vSwitch: ['bridges'],
  Bridge: ['name', 'ports', 'controller', 'fail_mode', 'other_config'],
  Port: [
    ...['name', 'interfaces', 'tag', 'trunks', 'vlan_mode', 'cvlans', 'other_config'],
    ...['bond_mode', 'bond_active_slave', 'bond_updelay', 'lacp'],
  ],
  Interface: [
    'name',
    'type',
    'options',
    'ofport',
    'ifindex',
    'mac_in_use',
    'admin_state',
    'link_state',
    'ingress_policing_rate',
    'lacp_current',
  ],
} as const;

type Table = keyof typeof COLUMNS;
const TABLES = Object.keys(COLUMNS) as Table[];

/** What ovs-vswitchd tells of an interface, and a server that starts anew has forgotten (`ephemeral` in the schema). */
const TOLD = ['ifindex', 'mac_in_use', 'admin_state', 'link_state', 'lacp_current'] as const;

/** More than 100,000 ports with an interface each; the message that has them is bounded as well. */
const ROWS = 1 << 18;

/** The parameters of the request `monitor` (RFC 7047 section 4.1.5), whose answer `load` takes. */
export const MONITOR_PARAMS: readonly unknown[] = [
  DATABASE,
  null, // comes back in every update; we have one monitor a connection
  Object.fromEntries(TABLES.map((table) => [table, { columns: COLUMNS[table] }])),
];

/** The rows that we follow, and what they say of the switch. Holds `ROWS` rows at most. */
export class OvsDatabase {
  private tables = emptyTables();
  /** Rows of Interface of which the server has forgotten what we still know, as the server has them. */
  private readonly forgotten = new Map<string, Columns>();
  private readonly interfaces = new Kept<OvsInterface>();
  private readonly ports = new Kept<OvsPort>();
  private readonly bridges = new Kept<OvsBridge>();
  private latest: OvsConfig = { bridges: [] };
  /** The rows that the reading that goes on has come by, each as TABLE UUID. */
  private readonly taken = new Set<string>();

  /**
   * Takes all rows, from the answer to `monitor`. A server that starts anew no longer knows what ovs-vswitchd told of
   * the interfaces: until it tells again, what it told before counts.
   * @throws OvsAnswerError when it is no such answer; what was known stays
   */
  load(answer: unknown): void {
    const before = this.tables.Interface;
    const tables = emptyTables();
    for (const { table, uuid, row } of changesIn(answer)) if (row) tables[table].set(uuid, row);
    checkSize(tables);
    this.tables = tables;
    this.forgotten.clear();
    for (const [uuid, row] of tables.Interface) this.keepTold(uuid, row, before.get(uuid));
  }

  /**
   * Takes the parameters of the notification `update` (RFC 7047 section 4.1.6).
   * @throws OvsAnswerError when they make no sense: then everything is to be loaded anew
   */
  update(params: readonly unknown[]): void {
    let told = false;
    for (const { table, uuid, row } of changesIn(params[1])) {
      const before = this.tables[table].get(uuid);
      if (row) this.tables[table].set(uuid, row);
      else this.tables[table].delete(uuid);
      if (table !== 'Interface') continue;
      const waiting = this.forgotten.delete(uuid);
      if (row && tells(row)) told = true;
      else if (row && waiting) this.keepTold(uuid, row, before);
    }
    checkSize(this.tables);
    if (told) this.stopWaiting();
  }

  /** What the rows say. The same object as before when nothing has changed; so is each part of it. */
  config(): OvsConfig {
    const bridges = [...this.tables.Open_vSwitch.values()].flatMap((row) =>
      this.read(row.bridges, 'Bridge', this.bridge),
    );
    for (const kept of [this.interfaces, this.ports, this.bridges]) kept.turn();
    this.taken.clear();
    const before = this.latest.bridges;
    const same = bridges.length === before.length && bridges.every((bridge, index) => bridge === before[index]);
    if (!same) this.latest = { bridges };
    return this.latest;
  }

  private keepTold(uuid: string, row: Columns, before: Columns | undefined): void {
    if (!before || tells(row) || !tells(before)) return;
    this.forgotten.set(uuid, row);
    this.tables.Interface.set(uuid, { ...row, ...Object.fromEntries(TOLD.map((column) => [column, before[column]])) });
  }

  /** ovs-vswitchd tells of all interfaces in one transaction (run_status_update() of vswitchd/bridge.c). */
  private stopWaiting(): void {
    for (const [uuid, row] of this.forgotten) this.tables.Interface.set(uuid, row);
    this.forgotten.clear();
  }

  /**
   * Reads the rows of a table that a column refers to; a reference to nothing is passed over, and so is a second one to
   * the same row: a port is on one bridge, and rows that stand in many places could be more than memory holds.
   */
  private read<T>(column: unknown, table: Table, readRow: (uuid: string, row: Columns) => T): T[] {
    return references(column).flatMap((uuid) => {
      const row = this.tables[table].get(uuid);
      const key = `${table} ${uuid}`;
      if (!row || this.taken.has(key)) return [];
      this.taken.add(key);
      return [readRow(uuid, row)];
    });
  }

  private readonly bridge = (uuid: string, row: Columns): OvsBridge => {
    const ports = this.read(row.ports, 'Port', this.port);
    return this.bridges.take(uuid, [row, ...ports], () => readBridge(uuid, row, ports));
  };

  private readonly port = (uuid: string, row: Columns): OvsPort => {
    const interfaces = this.read(row.interfaces, 'Interface', this.interface);
    return this.ports.take(uuid, [row, ...interfaces], () => readPort(uuid, row, interfaces));
  };

  private readonly interface = (uuid: string, row: Columns): OvsInterface =>
    this.interfaces.take(uuid, [row], () => readInterface(uuid, row));
}

function emptyTables(): Record<Table, Map<string, Columns>> {
  return { Open_vSwitch: new Map(), Bridge: new Map(), Port: new Map(), Interface: new Map() };
}

/** Whether ovs-vswitchd has told anything of an interface. */
function tells(row: Columns): boolean {
  return TOLD.some((column) => (atoms(row[column])?.length ?? 0) > 0);
}

/** The rows of a <table-updates>; `row` is the whole row, null for one that is deleted. @throws OvsAnswerError */
function* changesIn(updates: unknown): Generator<{ table: Table; uuid: string; row: Columns | null }> {
  const tables = object(updates, 'tables');
  for (const table of TABLES) {
    for (const [uuid, change] of Object.entries(object(tables[table] ?? {}, `table ${table}`))) {
      const row = object(change, `a row of ${table}`).new;
      yield { table, uuid, row: row === undefined ? null : object(row, `a row of ${table}`) };
    }
  }
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new OvsAnswerError(`the database sent ${what} that is not a JSON object`);
}

function checkSize(tables: Record<Table, Map<string, Columns>>): void {
  const rows = TABLES.reduce((sum, table) => sum + tables[table].size, 0);
  if (rows > ROWS) throw new OvsAnswerError(`the database has more than ${ROWS} rows`);
}

/** Values made from parts, made again only when a part is another. Holds those that the last turn took. */
class Kept<T> {
  private before = new Map<string, { readonly parts: readonly unknown[]; readonly value: T }>();
  private now: typeof this.before = new Map();

  /** @returns the value of the turn before when `parts` are the very same, else a new one */
  take(key: string, parts: readonly unknown[], make: () => T): T {
    const held = this.before.get(key);
    const same = held?.parts.length === parts.length && held.parts.every((part, index) => part === parts[index]);
    const kept = same && held ? held : { parts, value: make() };
    this.now.set(key, kept);
    return kept.value;
  }

  /** Ends a turn: what it did not take is forgotten. */
  turn(): void {
    this.before = this.now;
    this.now = new Map();
  }
}
