import path from 'node:path';
import { SyscallError } from '../../errors.js';
import { type EthernetFrame, exitKey, type Tag } from '../../frames/ethernet.js';
import { IN_PORT_CONTROLLER } from '../../frames/openflow/packet-out.js';
import type { HostState } from '../../guests/host-state.js';
import { ETH_P_8021Q } from '../../kernel/constants.js';
import type { OvsBridge, OvsConfig, OvsMacRow, OvsPort } from '../../sources/ovs/config.js';
import { bridgeVlan, type MacTable, ownRarps } from '../../sources/ovs/own-rarps.js';
import type { Clock } from '../../sys/clock.js';
import type { openPacketSender } from '../../sys/packets/packet-sender.js';
import type { openUnixStream } from '../../sys/unix/unix-stream.js';
import { type BondId, isOvsBond } from '../../topology/bond-id.js';
import type { BondGuests } from '../../wire/bond-guests.js';
import { type Entrance, OpenFlowPort } from '../../wire/openflow-port.js';
import { type SlicePort, slicePortOn } from '../../wire/slice-port.js';

/**
 * What Open vSwitch said last, and when. Bounded by its database: of bridges that are gone nothing is kept, and a
 * bridge's table is as long as Open vSwitch lets it be (mac-table-size).
 */
export class OvsKnown {
  private held: OvsConfig | null = null;
  /** Where its sockets are; null while we do not know. */
  folder: string | null = null;
  private readonly tables = new Map<string, { readonly rows: readonly OvsMacRow[]; readonly at: number }>();

  /** How many rows each bridge's table had, by the UUID of the bridge. */
  readonly tableSizes = new Map<string, number>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** null while we know nothing. */
  config(): OvsConfig | null {
    return this.held;
  }

  /** The MAC table of a bridge as it was read last; null when it was not. @param bridge its UUID */
  macTable(bridge: string): MacTable | null {
    const table = this.tables.get(bridge);
    return table ? { rows: table.rows, age: this.clock.monotonic() - table.at } : null;
  }

  setConfig(config: OvsConfig, folder: string | null): void {
    this.held = config;
    this.folder = folder;
    const bridges = new Set(config.bridges.map(({ uuid }) => uuid));
    for (const bridge of this.tableSizes.keys()) {
      if (bridges.has(bridge)) continue;
      this.tables.delete(bridge);
      this.tableSizes.delete(bridge);
    }
  }

  /** Keeps the rows where the bridge has a bond. @param at when they were read: monotonic clock, seconds */
  setTable(uuid: string, rows: readonly OvsMacRow[], at: number): void {
    this.tableSizes.set(uuid, rows.length);
    const bridge = this.held?.bridges.find((each) => each.uuid === uuid);
    if (bridge?.ports.some(({ bond }) => bond !== null)) this.tables.set(uuid, { rows, at });
  }
}

/** A bond of Open vSwitch, and the bridge that it is a port of. */
interface OvsBondPort {
  readonly bridge: OvsBridge;
  readonly port: OvsPort;
}

/** The bonds that Open vSwitch keeps: where its database and the host's state meet. */
export class OvsBonds {
  constructor(
    private readonly host: HostState,
    private readonly knowledge: Pick<OvsKnown, 'config' | 'macTable' | 'folder'>,
  ) {}

  /** The rows of a bond, which it has by its name: no two ports share one (ovsdb.conf.db(5), Port). */
  find(bond: BondId): OvsBondPort | null {
    const name = this.host.topology.link(bond)?.name;
    for (const bridge of this.knowledge.config()?.bridges ?? []) {
      const port = bridge.ports.find((each) => each.name === name && each.bond !== null);
      if (port) return { bridge, port };
    }
    return null;
  }

  /** The socket by which local clients speak OpenFlow with a bond's bridge (ovs-vswitchd(8): mgmt); null: not known. */
  managementSocket(bond: BondId): string | null {
    const bridge = this.find(bond)?.bridge.name;
    const { folder } = this.knowledge;
    return bridge === undefined || folder === null ? null : path.join(folder, `${bridge}.mgmt`);
  }

  /** The guests for whom Open vSwitch sends a RARP itself when the bond fails over now: the keys of their frames. */
  doneByOvs(bond: BondId, guests: BondGuests): Set<string> {
    const found = this.find(bond);
    const table = found && this.knowledge.macTable(found.bridge.uuid);
    if (!table) return new Set();
    const announces = ownRarps(found.bridge, found.port, table);
    const done = new Set<string>();
    for (const key of guests.batch.keys()) {
      const place = guests.place(key);
      if (place && announces(place.mac, place.tags)) done.add(key);
    }
    return done;
  }

  /**
   * How the frames of a station get into the bridge: as the guest's own do, so that the bridge learns nothing new. Of a
   * guest whose port is unknown, for example one that an operator names, by no port: then it learns nothing at all.
   * @returns null when there is no way
   */
  entrance(bond: BondId, { source: mac, tags }: Pick<EthernetFrame, 'source' | 'tags'>): Entrance | null {
    const found = this.find(bond);
    if (!found) return null;
    const key = exitKey({ bond, tags });
    const entry = this.host.verdicts(mac).find((verdict) => exitKey(verdict) === key)?.entry;
    if (!entry) return byNoPort(found.port, tags);
    const inPort = this.ofport(found.bridge, entry.port);
    return inPort === null ? null : { inPort, tags: entry.tags };
  }

  private ofport(bridge: OvsBridge, ifindex: number): number | null {
    const name = this.host.topology.link(ifindex)?.name;
    const all = bridge.ports.flatMap(({ interfaces }) => interfaces);
    const byIndex = all.find((each) => each.ifindex === ifindex);
    return (byIndex ?? all.find((each) => each.name === name))?.ofport ?? null;
  }
}

/** A frame from nowhere is in the VLAN that its tag names. */
function byNoPort({ vlans }: OvsPort, tags: readonly Tag[]): Entrance | null {
  const vlan = bridgeVlan(vlans, tags);
  if (vlan === null) return null;
  return { inPort: IN_PORT_CONTROLLER, tags: vlan === 0 ? [] : [{ tpid: ETH_P_8021Q, vid: vlan }] };
}

/** What ports are opened with. */
interface PortTools {
  readonly clock: Pick<Clock, 'after'>;
  readonly openPacketSender: typeof openPacketSender;
  readonly openUnixStream: typeof openUnixStream;
  /** Called with the frames that are about to leave by a bond, so that neither they nor their echoes count as a guest's. */
  readonly sending: (bond: BondId, frames: readonly Uint8Array[]) => void;
}

/**
 * Opens ports on the kernel's bonds, and on those of Open vSwitch, whose bridges always have a socket for local clients.
 * @returns what throws SyscallError, for example ENODEV when the bond is gone
 */
export function portOpener(ovs: OvsBonds, tools: PortTools): (bond: BondId) => SlicePort {
  const { clock, openPacketSender, openUnixStream, sending } = tools;
  return (bond) => {
    if (!isOvsBond(bond))
      return slicePortOn(openPacketSender(bond, false), undefined, (frames) => sending(bond, frames));
    if (!ovs.find(bond)) throw new SyscallError('openflow', 'ENODEV', `device ${bond}`);
    return new OpenFlowPort({
      clock,
      path: () => ovs.managementSocket(bond),
      connect: openUnixStream,
      entrance: (station) => ovs.entrance(bond, station),
      sending: (frames) => sending(bond, frames),
    });
  };
}
