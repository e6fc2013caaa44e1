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
 * Reads again what the kernel changes without a message: the states that the VLANs of a bridge's port have from their
 * instance of spanning tree (net/bridge/br_mst.c:br_mst_set_state; Linux 6.12 tells nobody). Where no bridge with an
 * uplink has MST, nothing is asked.
 */
export class Untold {
  private readonly vlans: TableDumps;
  private awaited: Deferred | null = null;

  constructor(
    private readonly topology: Topology,
    private readonly clock: Pick<Tools['clock'], 'monotonic' | 'after'>,
    send: (request: Uint8Array) => void,
  ) {
    this.vlans = new TableDumps(['portVlans'], send, SEQ, INTERVAL);
  }

  /** To be called each second. @returns when the states are as the kernel has them now, or soon after; never rejects */
  read(): Promise<void> {
    if (!this.isNeeded()) return Promise.resolve();
    this.vlans.want();
    this.vlans.startIfDue(this.clock.monotonic());
    if (!this.vlans.isRunning) return Promise.resolve(); // they were read a moment ago
    if (this.awaited) return this.awaited.promise;
    const awaited = (this.awaited = new Deferred());
    const stop = this.clock.after(PATIENCE, awaited.resolve);
    return awaited.promise.then(stop);
  }

  /** Takes in every event of the socket. */
  take(event: KernelEvent): void {
    if (event.type === 'lost') return; // that is for the dump of everything
    this.vlans.take(event);
    if (this.vlans.isRunning) return;
    this.awaited?.resolve();
    this.awaited = null;
  }

  private isNeeded(): boolean {
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
