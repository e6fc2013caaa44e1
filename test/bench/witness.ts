import { setTimeout as sleep } from 'node:timers/promises';
import { SWITCHES } from '../lab/net/build.js';
import { ip, runBatches } from '../lab/net/ip.js';
import type { Lab } from '../lab/net/lab.js';
import { Conversation, native } from './native.js';

/** What came in by one switch's port towards the hypervisor. Times are ns since 1970, 0 where nothing came. */
interface Side {
  frames: number;
  distinct: number;
  /** Announcements of MACs that are not counted. */
  others: number;
  first: number;
  last: number;
}

/** What was seen since the last `clear`. */
interface Sight {
  activeAt: number;
  carrierAt: number;
  /** Frames that did not fit the rings. */
  lost: number;
  sides: [Side, Side];
}

/** One failover as the far side saw it; times in µs. */
export interface Arrival {
  /** From the kernel's message that a slave is active, and that a link lost its carrier; null if there was none. */
  sinceActive: number | null;
  sinceCarrier: number | null;
  firstToLast: number;
  frames: number;
  distinct: number;
}

const EVENTS_DEVICE = 'nlmon0';
const SIDES = ['sw1', 'p-hv', 'sw2', 'p-hv'];
const QUIET_MS = 60;

/** Watches both switches' ports towards the hypervisor, and the hypervisor's link messages. See native/witness.c. */
export class Witness {
  private constructor(
    private readonly lab: Lab,
    private readonly program: Conversation,
  ) {}

  /** @param macs how many guests are counted, from the first */
  static async start(lab: Lab, macs: number): Promise<Witness> {
    await ip('hv', [`link add ${EVENTS_DEVICE} type nlmon`, `link set ${EVENTS_DEVICE} up`]);
    await dropAtSwitches(['0x8035', 'arp']);
    const argv = native('witness', 'hv', EVENTS_DEVICE, macs, ...SIDES);
    return new Witness(lab, await Conversation.start(lab, argv, null));
  }

  async clear(): Promise<void> {
    await this.program.ask('clear');
  }

  /** Makes the other slave the active one, after `clear`; resolves, a while later, with the switch it leads to. */
  async switchOver(): Promise<1 | 2> {
    const side = this.lab.activeSlave() === 'up1' ? 2 : 1;
    await this.program.ask(`switch bond0 up${side} ${QUIET_MS}`);
    return side;
  }

  /**
   * Resolves with what came by switch 1 or 2 since `clear`: when `expected` frames and all that followed at once are
   * there, or when none came for `patience` ms.
   */
  async arrival(side: 1 | 2, expected: number, { patience = 2000 } = {}): Promise<Arrival> {
    await sleep(QUIET_MS);
    let [last, since] = [-1, performance.now()];
    for (;;) {
      const sight = JSON.parse(await this.program.ask('take')) as Sight;
      if (sight.lost > 0) throw new Error(`the witness lost ${sight.lost} frames`);
      const { frames } = sight.sides[side - 1] as Side;
      const waited = performance.now() - since;
      if (frames === last && waited >= (frames >= expected ? QUIET_MS / 2 : patience)) return asArrival(sight, side);
      if (frames !== last) [last, since] = [frames, performance.now()];
      await sleep(QUIET_MS / 2);
    }
  }
}

/**
 * Ends the way of announcements where they were seen. A switch forwards in hardware of its own; here the sender's own
 * processor would do it, before it sends the next frame, and every contestant would be measured by the lab's switches.
 * @param protocols as tc names them
 */
export async function dropAtSwitches(protocols: readonly string[]): Promise<void> {
  const drops = protocols.map(
    (protocol, n) => `filter add dev p-hv ingress protocol ${protocol} pref ${n + 1} matchall action drop`,
  );
  const lines = ['qdisc add dev p-hv clsact', ...drops];
  await runBatches(SWITCHES.map((netns) => ({ tool: 'tc', netns, lines })));
}

function asArrival({ activeAt, carrierAt, sides }: Sight, side: 1 | 2): Arrival {
  const { first, last, frames, distinct } = sides[side - 1] as Side;
  const since = (from: number): number | null => (from === 0 || first === 0 ? null : (first - from) / 1000);
  const [sinceActive, sinceCarrier] = [since(activeAt), since(carrierAt)];
  return { sinceActive, sinceCarrier, firstToLast: (last - first) / 1000, frames, distinct };
}
