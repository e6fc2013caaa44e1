import type { Seeded } from '../../support/seeded.js';
import { chatter } from '../net/frames.js';
import { HYPERVISOR } from '../net/hypervisor.js';
import { ip } from '../net/ip.js';
import type { Lab } from '../net/lab.js';

/** So many are there at most, beside those of the lab. */
const MOST = 12;

/** Guests that are started and stopped: each a port of the bridge, and who speaks behind it once. */
export class PassingGuests {
  private readonly there: string[] = [];
  /** How many there have been. */
  born = 0;

  constructor(
    private readonly lab: Lab,
    private readonly chance: Seeded,
  ) {}

  /** Some come, some go. */
  async change(): Promise<void> {
    const coming = this.chance.below(3);
    for (let n = 0; n < coming && this.there.length < MOST; n++) await this.come();
    const going = this.chance.below(3);
    for (let n = 0; n < going && this.there.length > 0; n++) await this.go();
  }

  /** All go. */
  async end(): Promise<void> {
    while (this.there.length > 0) await this.go();
  }

  private async come(): Promise<void> {
    const name = `pg${this.born++}`;
    const mac = `52:54:03:${hex(this.born >> 16)}:${hex(this.born >> 8)}:${hex(this.born)}`;
    await ip(HYPERVISOR, [
      `link add ${name} type veth peer name ${name}i address ${mac} netns g1`,
      `link set ${name} master br0`,
      `link set ${name} up`,
    ]);
    await ip('g1', [`link set ${name}i up`]);
    this.lab.inject('g1', `${name}i`, chatter(mac));
    this.there.push(name);
  }

  private async go(): Promise<void> {
    const [name] = this.there.splice(this.chance.below(this.there.length), 1);
    await ip(HYPERVISOR, [`link del ${name ?? ''}`]);
  }
}

function hex(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0');
}
