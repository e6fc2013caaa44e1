import type { KernelEvent } from '../kernel/events.js';
import { TableDumps } from '../kernel/table-dumps.js';
import { Deferred } from '../tasks/deferred.js';
import { leadsStraightOut } from '../topology/guest-port.js';
import type { Topology } from '../topology/topology.js';
import type { Tools } from './surroundings.js';

/** What the numbers of its requests begin with, apart from the others on the same socket. */
const SEQ = 0x50000000;

/** Between two readings, in seconds: many may ask at once. */
const INTERVAL = 0.1;

/** So long a reading is waited for, in seconds. */
const PATIENCE = 1;

/**
 * Reads again what bridges change of the VLANs of their ports without a message:
 *
 * - the states that they have from their instance of spanning tree (net/bridge/br_mst.c: br_mst_set_state): each second,
 *   where a bridge with MST has an uplink;
 * - that ports have left the VLAN of a default PVID for another's (net/bridge/br_vlan.c: __br_vlan_set_default_pvid would
 *   tell if that had failed): when a bridge says that its default PVID is another.
 */
export class Untold {
  private readonly ports: TableDumps;
  private awaited: Deferred | null = null;
  private isStale = false;

  constructor(
    private readonly topology: Topology,
    private readonly clock: Pick<Tools['clock'], 'monotonic' | 'after'>,
    send: (request: Uint8Array) => void,
  ) {
    this.ports = new TableDumps(['bridgePorts', 'portVlans'], send, SEQ, INTERVAL);
  }

  /** To be called each second. @returns when all is as the kernel has it now, or soon after; never rejects */
  read(): Promise<void> {
    if (!this.isStale && !this.hasMst()) return Promise.resolve();
    this.ports.want();
    if (this.ports.startIfDue(this.clock.monotonic())) this.isStale = false;
    if (!this.ports.isRunning) return Promise.resolve(); // they were read a moment ago
    if (this.awaited) return this.awaited.promise;
    const awaited = (this.awaited = new Deferred());
    const stop = this.clock.after(PATIENCE, awaited.resolve);
    return awaited.promise.then(stop);
  }

  /** To be called with every event of the socket before the topology takes it in. @returns whether to read */
  precede(event: KernelEvent): boolean {
    if (event.type !== 'link' || event.details.type !== 'bridge') return false;
    const held = this.topology.link(event.ifindex)?.details;
    if (held?.type !== 'bridge' || held.defaultPvid === event.details.defaultPvid) return false;
    return (this.isStale = true);
  }

  /** Takes in every event of the socket. */
  take(event: KernelEvent): void {
    if (event.type === 'lost') return; // that is for the dump of everything
    this.ports.take(event);
    if (this.ports.isRunning) return;
    this.awaited?.resolve();
    this.awaited = null;
  }

  private hasMst(): boolean {
    const { topology } = this;
    return topology.memo('has MST', () => {
      const bridges = [...topology.allLinks()].filter(
        ({ details }) => details.type === 'bridge' && details.mst === true,
      );
      const ports = bridges.flatMap(({ ifindex }) => topology.slavesOf(ifindex));
      return ports.some(({ ifindex }) => leadsStraightOut(topology, ifindex));
    });
  }
}
