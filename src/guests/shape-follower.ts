import type { KernelEvent, LinkEvent } from '../kernel/events.js';
import { PvidMoves } from '../topology/pvid-moves.js';
import { asBond } from '../topology/bond-id.js';
import type { Succession } from '../topology/successors.js';
import type { Declared } from './declared.js';
import type { Learned, Parts } from './learned.js';

/** Whom a change of the host's devices concerns. */
interface Concerned extends Pick<Parts, 'topology' | 'book' | 'speakers' | 'changes' | 'absent' | 'successors'> {
  readonly learned: Learned;
  readonly declared: Declared;
}

/** A device, and at which devices those are whom a change of it may concern; null: everybody may be concerned. */
type Concern = { readonly devices: readonly number[]; readonly link: LinkEvent | undefined } | null;

/** Follows the devices of the host: what a message about one of them means for those who were behind it. */
export class ShapeFollower {
  private readonly pvidMoves = new PvidMoves();

  constructor(private readonly concerned: Concerned) {}

  /** Takes in an event about devices. @param now monotonic clock, seconds */
  apply(event: KernelEvent, now: number): void {
    const { topology, absent, successors, learned, declared } = this.concerned;
    const renamed = event.type === 'link' && topology.link(event.ifindex)?.name !== event.name;
    const fell = event.type === 'linkGone' || (event.type === 'link' && !(event.up && event.lowerUp));
    const isElsewhere = absent.precede(event, topology, now);
    if (fell || (isElsewhere && event.type === 'link')) learned.portsFell([event.ifindex]);
    if (event.type === 'linkGone') declared.forgetDevice(event.ifindex);
    this.pvidMoves.precede(event, topology);
    successors.precede(event, topology, now);
    const before = this.concernedBy(event);
    if (topology.apply(event) || renamed) this.touch(before, this.concernedBy(event));
    const succession = successors.follow(event, topology);
    if (succession) this.succeed(succession);
    const moved = this.pvidMoves.follow(event, topology);
    // A port that is set up again has the default PVID at first: its guests were never there.
    if (moved && !absent.has(moved.port)) learned.pvidMoved(moved);
  }

  private concernedBy(event: KernelEvent): Concern {
    const { topology } = this.concerned;
    const devices = 'ifindex' in event ? topology.concernedBy(event.ifindex) : null;
    return devices && { devices, link: topology.link(devices[0] ?? null) };
  }

  private touch(before: Concern, after: Concern): void {
    const { changes, declared } = this.concerned;
    if (!before || !after) return changes.touchAll();
    for (const { devices, link } of [before, after]) {
      for (const device of devices) changes.touchAt(device);
      if (link?.address) changes.touch(link.address); // a bridge's port has it for its own, whoever else has it there
      declared.deviceChanged(link, devices);
    }
  }

  private succeed({ type, from, to }: Succession): void {
    const { absent, learned, book, speakers, changes } = this.concerned;
    if (type === 'bridge') {
      absent.succeed(from, to);
      learned.bridgeMadeAnew({ from, to });
      return;
    }
    const [before, bond] = [asBond(from), asBond(to)];
    for (const mac of [...book.bondMadeAnew(before, bond), ...speakers.bondMadeAnew(before, bond)]) changes.touch(mac);
  }

  /** Ports that did not come back have nobody behind them any more. To be called now and then. */
  expire(now: number): void {
    const { absent, learned } = this.concerned;
    for (const device of absent.expire(now)) learned.dropFallenAt(device);
  }
}
