import { BOND_MODE_ACTIVEBACKUP } from '../kernel/constants.js';
import type { LinkEvent } from '../kernel/events.js';
import { echoRequest, KNOCK_SEQ } from '../kernel/requests.js';
import { asBond } from '../topology/bond-id.js';
import { CarrierSwitch, type RequestSocket } from './carrier-switch.js';

/** No device has this index. */
const NO_DEVICE = asBond(0);

/** So often that the code of the path is compiled, not interpreted. */
const FIRST_REHEARSALS = 300;

const KNOCK = echoRequest(KNOCK_SEQ);

/** Runs the path from a slave's loss of carrier to the request that switches, of a bond that does not exist. */
export class CarrierRehearsal {
  private readonly carrier: CarrierSwitch;

  /** @param requests what is sent by it changes nothing, and takes none of the kernel's locks */
  constructor(requests: RequestSocket) {
    const harmless = { ...requests, send: () => requests.send(KNOCK) };
    this.carrier = new CarrierSwitch(
      { post: () => undefined },
      harmless,
      () => [],
      () => undefined,
    );
    this.carrier.watch([NO_DEVICE]);
    this.carrier.finishDump(0);
    for (const event of [BOND, slave(1, true), slave(2, true)]) this.carrier.apply(event, 0);
  }

  /** The rehearsals before the first night. */
  first(now: () => number): void {
    for (let n = 0; n < FIRST_REHEARSALS; n++) this.run(now());
  }

  /** One rehearsal, to keep the path warm. @param now monotonic clock, seconds */
  run(now: number): void {
    this.carrier.apply(slave(1, false), now);
    this.carrier.made({ bond: NO_DEVICE, slave: 2 }, now);
    this.carrier.apply(slave(1, false, false), now);
    this.carrier.apply(slave(1, true), now);
  }
}

const DEVICE = { type: 'link', name: '', up: true, running: true, address: null, lower: null } as const;

const BOND: LinkEvent = {
  ...{ ...DEVICE, ifindex: NO_DEVICE, lowerUp: true, master: null, bondSlaveActive: null, bridgePortState: null },
  details: { type: 'bond', mode: BOND_MODE_ACTIVEBACKUP, activeSlave: 1, miimon: 100, arpInterval: 0 },
};

function slave(ifindex: number, lowerUp: boolean, linkUp = true): LinkEvent {
  const details = { type: 'other', kind: null } as const;
  const bondSlave = { linkUp, prio: 0 };
  const common = { ...DEVICE, ifindex, lowerUp, master: NO_DEVICE, bridgePortState: null };
  return { ...common, details, bondSlaveActive: ifindex === 1, bondSlave };
}
