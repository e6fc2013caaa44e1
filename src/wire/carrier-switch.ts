import { getSystemErrorName } from 'node:util';
import { failureOf, SyscallError } from '../errors.js';
import { decodeDatagram } from '../kernel/decode.js';
import type { KernelEvent, LinkEvent } from '../kernel/events.js';
import { activeSlaveRequest } from '../kernel/requests.js';
import { Flaps, REST_SECONDS } from '../plan/flaps.js';
import type { BondId } from '../topology/bond-id.js';
import { type CarrierLoss, CarrierLosses, type SlaveOrder } from '../topology/carrier-loss.js';
import type { Failover } from '../topology/failover.js';
import type { FailoverOwner } from './first-round.js';

/** A socket by which the kernel is asked for a change, with the rights that this takes. */
export interface RequestSocket {
  /** @throws SyscallError */
  send(request: Uint8Array): void;
  /** What the kernel has answered, without waiting. */
  receive(): Uint8Array | 'nothing' | 'overrun' | 'truncated';
  close(): void;
}

/** Why a bond is left to the kernel whose links come back before the kernel has missed them. */
const FLAPPING = `its links lose their carrier for less than miimon; again in ${REST_SECONDS} s`;

const FORBIDDEN = 'EPERM: CAP_NET_ADMIN is missing';

/** No device has this index. */
const NO_DEVICE = 0;

/** What is kept of one bond. */
class SwitchedBond {
  readonly flaps = new Flaps();
  /**
   * The loss at which the kernel was asked for another slave, until it has noticed the loss itself.
   * `next` is null once the failover that comes of it has been heard of, or there was time to.
   */
  loss: { readonly slave: number; readonly next: number | null; readonly at: number } | null = null;
  /** What the owner was told last. */
  said: string | null | undefined = undefined;
}

/**
 * Makes another slave active the moment the active one loses its carrier, in place of the kernel, which looks only every
 * miimon. What comes of it is a failover like any other: the kernel's messages say so.
 * Bounded by the bonds that it is told to switch.
 */
export class CarrierSwitch {
  private readonly losses = new CarrierLosses();
  private readonly bonds = new Map<BondId, SwitchedBond>();
  /** What the kernel was asked for last, until its answer was looked for. */
  private asked: CarrierLoss | null = null;
  /** Why no bond can be switched, in a few words; null: all can. */
  private forbidden: string | null = null;

  /** @param reread called when what is held of the bonds' slaves seems to be wrong */
  constructor(
    private readonly owner: Pick<FailoverOwner, 'post'>,
    private readonly requests: RequestSocket,
    private readonly orderOf: SlaveOrder,
    private readonly reread: () => void,
  ) {}

  /** Switches these bonds from now on, once a dump has said how they are. */
  watch(bonds: readonly BondId[]): void {
    const wanted = new Set(bonds);
    for (const bond of this.bonds.keys()) if (!wanted.has(bond)) this.bonds.delete(bond);
    for (const bond of wanted) if (!this.bonds.has(bond)) this.bonds.set(bond, new SwitchedBond());
    this.losses.watch(wanted);
    this.losses.startDump();
    this.forbidden = this.mayChange() ? null : FORBIDDEN;
  }

  /** Asks for something impossible: who may not change the host is told EPERM before the kernel looks what it is. */
  private mayChange(): boolean {
    this.readAnswer();
    const failure = failureOf(() => this.requests.send(activeSlaveRequest(NO_DEVICE, NO_DEVICE)));
    return failure === null && !this.answers().includes('EPERM');
  }

  /** What is held may be wrong until `finishDump`. */
  startDump(): void {
    this.losses.startDump();
  }

  finishDump(now: number): void {
    this.losses.finishDump(this.orderOf);
    this.tell(now);
  }

  /** Takes in one event, and acts if it is a loss. @param now monotonic clock, seconds */
  apply(event: KernelEvent, now: number): void {
    const loss = this.losses.apply(event);
    if (loss) this.act(loss, now);
    else if (event.type === 'link') this.follow(event, now);
  }

  private act(loss: CarrierLoss, now: number): void {
    const bond = this.bonds.get(loss.bond);
    if (!bond || this.left(loss.bond, bond, now) !== null) return;
    this.readAnswer(); // of another bond, which has lost its carrier with the same switch
    bond.loss = { slave: loss.slave, next: loss.next, at: now };
    this.asked = loss;
    const failure = failureOf(() => this.requests.send(activeSlaveRequest(loss.bond, loss.next)));
    if (failure) this.refused(loss, failure instanceof SyscallError ? failure.errno : failure.message);
  }

  /** What becomes of a slave that was switched away from, and of the bonds' options. */
  private follow({ ifindex, lowerUp, master, bondSlave, details }: LinkEvent, now: number): void {
    if (details.type === 'bond') return this.tell(now);
    const bond = this.bonds.get(master as BondId);
    if (!bond?.loss || bond.loss.slave !== ifindex || !bondSlave) return;
    if (bondSlave.linkUp && !lowerUp) return; // the kernel has not looked yet
    const { at } = bond.loss;
    bond.loss = null;
    if (!bondSlave.linkUp || !bond.flaps.flapped(at, now)) return;
    this.tell(now);
  }

  /**
   * To be asked once the first burst of a failover is out.
   * @param arrived when the kernel's message about it did: monotonic clock, seconds
   * @returns how long before that the one about the loss had arrived, where the failover is our doing; else null
   */
  made({ bond, slave }: Failover, arrived: number): number | null {
    this.readAnswer();
    const switched = this.bonds.get(bond);
    if (!switched?.loss || switched.loss.next !== slave) return null;
    const { at } = switched.loss;
    switched.loss = { ...switched.loss, next: null };
    return arrived - at;
  }

  /** There is time: looks whether the kernel has refused something, and whether a bond has rested enough. */
  rest(now: number): void {
    this.readAnswer();
    for (const bond of this.bonds.values()) if (bond.loss?.next) bond.loss = { ...bond.loss, next: null };
    this.tell(now);
  }

  /** The kernel answers while it is asked, and only to refuse: what it would say is there already. */
  private readAnswer(): void {
    const { asked } = this;
    if (asked === null) return;
    this.asked = null;
    for (const errno of this.answers()) this.refused(asked, errno);
  }

  /** The symbolic errnos that the kernel has answered with. */
  private answers(): string[] {
    const answer = this.requests.receive();
    if (typeof answer === 'string') return [];
    return decodeDatagram(answer).flatMap((event) =>
      event.type === 'answer' && event.errno !== 0 ? [getSystemErrorName(-event.errno)] : [],
    );
  }

  /**
   * Of a loss that the kernel has noticed meanwhile, EINVAL says that it was faster; or else that the slave is none of the
   * bond's any more, which nobody tells of one that is no hardware (kernel/bpf/link-filter.ts).
   */
  private refused({ bond: id, next: slave }: CarrierLoss, errno: string): void {
    const bond = this.bonds.get(id);
    if (errno === 'EINVAL') this.reread();
    if (!bond || (errno === 'EINVAL' && bond.loss === null)) return;
    bond.loss = null;
    this.owner.post({ type: 'switchRefused', bond: id, slave, errno });
  }

  /** Tells the owner of the bonds that are left to the kernel, and of those that are not any more. */
  private tell(now: number): void {
    for (const [id, bond] of this.bonds) {
      const left = this.left(id, bond, now);
      if (left === undefined || left === bond.said) continue;
      bond.said = left;
      this.owner.post({ type: 'carrierLoss', bond: id, left });
    }
  }

  /** Why a bond is left to the kernel; null where it is not, undefined where it is not known. */
  private left(id: BondId, { flaps }: SwitchedBond, now: number): string | null | undefined {
    const reason = this.losses.reason(id);
    return reason === null ? (this.forbidden ?? (flaps.rests(now) ? FLAPPING : null)) : reason;
  }

  close(): void {
    this.requests.close();
  }
}
