import { asBond } from '../topology/bond-id.js';
import type { Mac } from '../addr/mac.js';
import { encodeRarp } from '../frames/arp.js';
import { BOND_MODE_ACTIVEBACKUP } from '../kernel/constants.js';
import { decodeDatagram } from '../kernel/decode.js';
import type { LinkEvent } from '../kernel/events.js';
import { FailoverDetector } from '../topology/failover.js';
import type { Rate } from '../config/config.js';
import { BatchWriter } from './batch-writer.js';
import { type Moment, type OpenSender, WatchedBonds } from './first-round.js';
import type { ToFailoverThread } from './thread-messages.js';

/** No device has this index: a packet socket bound to it sends nothing, and says ENXIO. */
const NO_DEVICE = asBond(0);

/** With and without a limit; but the bond that does not exist may fail over as often as we like. */
const RATES = [{ rate: 1e6, burst: 1e6 }, 'unlimited'] as const;
const UNHELD = { failovers: 4, within: 0, holdOff: 0 };

/** So often that the code of the path is compiled, not interpreted. */
const FIRST_REHEARSALS = 300;

/**
 * Runs the path of a failover, from a datagram's bytes to the system call, on a bond that does not exist. A failover
 * may be the first in months: without rehearsals it would wait milliseconds for its code to be compiled.
 */
export class Rehearsal {
  private readonly detector = new FailoverDetector();
  private readonly batch = new BatchWriter(1);
  private bonds: readonly WatchedBonds[] = [];
  private slave = 1;

  /** @param begin gives the present moment, as in earnest: code that was made for other values is made anew */
  constructor(
    private readonly openSender: OpenSender,
    private readonly begin: () => Moment,
  ) {
    this.batch.put('', encodeRarp('02:00:00:00:00:00' as Mac, []));
    this.batch.publish();
  }

  private watch(rate: Rate): WatchedBonds {
    const { memory, capacity } = this.batch;
    const orders: ToFailoverThread[] = [{ type: 'watch', bond: NO_DEVICE, memory, capacity, rate, damping: UNHELD }];
    const bonds = new WatchedBonds({ post: () => undefined, received: () => orders.splice(0) }, this.openSender);
    bonds.carryOutOrders(this.begin);
    return bonds;
  }

  /** The rehearsals before the first night. @param datagram link messages of this host */
  first(datagram: Uint8Array): void {
    for (let n = 0; n < FIRST_REHEARSALS; n++) this.run(datagram);
  }

  /** One rehearsal, to keep the path warm. */
  run(datagram: Uint8Array): void {
    if (this.bonds.length === 0) this.bonds = RATES.map((rate) => this.watch(rate));
    for (const event of decodeDatagram(datagram)) this.detector.apply(event);
    this.slave = 3 - this.slave;
    for (const event of [bondEvent(this.slave), slaveEvent(3 - this.slave)]) {
      const failover = this.detector.apply(event);
      if (failover) for (const bonds of this.bonds) bonds.failover(failover.bond, this.begin());
    }
  }

  close(): void {
    for (const bonds of this.bonds) bonds.close();
  }
}

const DEVICE = { type: 'link', name: '', up: true, lowerUp: true, running: true, address: null, lower: null } as const;

function bondEvent(activeSlave: number): LinkEvent {
  const details = { type: 'bond', mode: BOND_MODE_ACTIVEBACKUP, activeSlave, arpInterval: 0 } as const;
  return { ...DEVICE, ifindex: NO_DEVICE, details, bondSlaveActive: null, bridgePortState: null, master: null };
}

function slaveEvent(ifindex: number): LinkEvent {
  const details = { type: 'other', kind: null } as const;
  return { ...DEVICE, ifindex, details, bondSlaveActive: true, bridgePortState: null, master: NO_DEVICE };
}
