import { flawOfMac } from '../addr/mac.js';
import { DEAD_VLAN, type OvsBridge, type OvsConfig, type OvsMacRow } from '../sources/ovs/config.js';
import type { Sighting } from '../sources/sighting.js';
import { isOverlay } from '../topology/bond-id.js';
import type { Topology } from '../topology/topology.js';
import type { Ignored, Learned } from './learned.js';
import { OvsIndexes, overlayOf } from '../topology/ovs-overlay.js';
import { REFLECTION_WINDOW } from './reflections.js';
import type { GuestTable } from './table.js';

/** A bridge as its rows name it. */
interface Switch {
  readonly ifindex: number;
  /** The ifindex in the overlay of the port that each OpenFlow number stands for. */
  readonly ports: ReadonlyMap<number, number>;
}

/** A row as it was read last. Times on the monotonic clock, seconds. */
interface HeldRow {
  sighting: Sighting;
  /** When the MAC was heard there last, and when it was when we judged where it is. */
  heard: number;
  judged: number;
  /** Which reading had it last. */
  reading: number;
}

/** Ages are in whole seconds: a MAC may have been heard so much earlier than its age says. */
const AGE_STEP = 1;

/** Tables that are read at all are read this often, in seconds (host/ovs/tables.ts), or they are very large. */
const READING_INTERVAL = 15;

/** So many rows of a bridge are read: its table may be configured to hold more. */
const MAX_ROWS = 262_144;

/**
 * What Open vSwitch reports: its devices, for the topology, and its rows, of which only those that changed cost more
 * than a look. Holds the rows of the last report, MAX_ROWS a bridge.
 */
export class OvsGuests {
  private switches: ReadonlyMap<string, Switch> = new Map();
  private readonly tables = new Map<string, Map<string, HeldRow>>();
  private reading = 0;
  /** When the table of each bridge was read last. */
  private readonly readAt = new Map<string, number>();

  constructor(
    private readonly topology: Topology,
    private readonly table: GuestTable,
    private readonly learned: Learned,
  ) {}

  /** Takes in the configuration. @returns whether devices, or the ways between them, are different now */
  setConfig(config: OvsConfig, now: number): boolean {
    const stood = this.standing();
    const indexes = new OvsIndexes(config);
    const changed = this.topology.setOverlay(overlayOf(config, indexes));
    this.switches = new Map(config.bridges.map((bridge) => [bridge.uuid, switchOf(bridge, indexes)]));
    const standing = new Set(this.standing());
    this.learned.portsFell(stood.filter((device) => !standing.has(device)));
    for (const uuid of this.tables.keys()) if (!this.switches.has(uuid)) this.setTable(uuid, [], now);
    for (const uuid of this.readAt.keys()) if (!this.switches.has(uuid)) this.readAt.delete(uuid);
    return changed;
  }

  /** Until when the tables tell who is behind which port; as long as that is read at all. */
  knownUntil(now: number): number {
    const times = [...this.switches.keys()].map((uuid) => this.readAt.get(uuid) ?? -Infinity);
    return Math.max(now - READING_INTERVAL, Math.min(Infinity, ...times));
  }

  /** The devices of the overlay that are there and have carrier. */
  private standing(): number[] {
    const links = [...this.topology.allLinks()];
    return links.flatMap(({ ifindex, up, lowerUp }) => (isOverlay(ifindex) && up && lowerUp ? [ifindex] : []));
  }

  /**
   * Takes in all rows of a bridge, in place of those of the last call. Rows of ports that the configuration does not
   * have (yet) count as gone, and those of the dead VLAN as never there.
   * @param uuid of the bridge's row in the database; the table of a bridge that the configuration lacks is empty
   * @param now when they were read: monotonic clock, seconds
   * @returns why rows were passed over, for each that was
   */
  setTable(uuid: string, rows: readonly OvsMacRow[], now: number): Ignored[] {
    const bridge = this.switches.get(uuid);
    const table = this.tables.get(uuid) ?? new Map<string, HeldRow>();
    const devices = new Map([...(bridge?.ports ?? [])].map(([number, port]) => [number, this.topology.deviceOf(port)]));
    const ignored: Ignored[] = [];
    this.reading++;
    if (bridge) this.readAt.set(uuid, now);
    for (const row of bridge ? rows.slice(0, MAX_ROWS) : []) {
      const device = devices.get(row.ofport);
      if (!bridge || device === undefined || row.vlan === DEAD_VLAN) continue;
      const reason = this.take(table, { bridge: bridge.ifindex, device }, row, now);
      if (reason) ignored.push({ source: 'ovs', reason });
    }
    for (const [key, { sighting, reading }] of table) {
      if (reading === this.reading) continue;
      table.delete(key);
      // The place is given up that we hold the MAC to be at, which is another than the row's after a reflection.
      this.learned.unlearn(this.table.held(sighting) ?? sighting, now);
    }
    if (table.size > 0) this.tables.set(uuid, table);
    else this.tables.delete(uuid);
    return ignored;
  }

  private take(
    table: Map<string, HeldRow>,
    { bridge, device }: { readonly bridge: number; readonly device: number },
    { mac, vlan, age }: OvsMacRow,
    now: number,
  ): Ignored['reason'] | null {
    const key = `${mac} ${vlan}`;
    const heard = age === null ? now : now - age;
    const { reading } = this;
    const held = table.get(key);
    if (held?.sighting.device === device && !this.isHeardAgain(held, heard)) {
      held.heard = heard;
      held.reading = reading;
      return null;
    }
    const flaw = flawOfMac(mac);
    if (flaw !== null) return flaw;
    const sighting: Sighting = { source: 'ovs', mac, device, bridge, vlan };
    table.set(key, { sighting, heard, judged: heard, reading });
    const left = Math.max(held?.heard ?? -Infinity, heard - AGE_STEP);
    return this.learned.learn(sighting, { fixed: age === null, at: heard, left })?.reason ?? null;
  }

  /**
   * Whether the MAC was heard again where a reflection had put it. We hold the guest to be at its port, the switch goes
   * on believing what it learned, and only a frame later than all reflections says that the guest has really moved.
   */
  private isHeardAgain({ sighting, judged }: HeldRow, heard: number): boolean {
    if (heard - AGE_STEP <= judged + REFLECTION_WINDOW) return false;
    const believed = this.table.held(sighting);
    return believed !== undefined && believed.device !== sighting.device;
  }
}

/** The members of a bond are one port. */
function switchOf({ uuid, ports }: OvsBridge, indexes: OvsIndexes): Switch {
  const numbers = ports.flatMap((port) =>
    port.interfaces.flatMap(({ ofport, uuid: each }): [number, number][] =>
      ofport === null ? [] : [[ofport, indexes.of(port.bond ? port.uuid : each)]],
    ),
  );
  return { ifindex: indexes.of(uuid), ports: new Map(numbers) };
}
