import type { BondId } from '../topology/bond-id.js';
import { failureOf } from '../errors.js';
import { drainEventfd, waitForAny } from '../sys/eventfd.js';
import { readFrame } from '../sources/snoop.js';
import type { Owner } from '../sys/process/thread.js';
import type { StopOrder, ThreadReport } from '../wire/thread-handle.js';
import { BatchOfHeard, type FromSnoopThread, MAX_BATCHES_ON_THEIR_WAY, type ToSnoopThread } from './snoop-messages.js';
import { BondListener, type ListenerTools } from './bond-listener.js';
import { OvsBondListener } from './ovs-bond-listener.js';

/** How many frames of a bond are read in a turn of the thread, of each direction. */
const FRAMES_A_TURN = 128;

/** The listening thread's way to the daemon. */
export type SnoopOwner = Owner<ToSnoopThread | StopOrder, FromSnoopThread | ThreadReport>;

/** The bonds that the thread listens on, as its owner ordered. Bounded by the number of bonds on the host. */
export class SnoopedBonds {
  private readonly listeners = new Map<BondId, BondListener | OvsBondListener>();
  private readonly batch = new BatchOfHeard();
  private onTheirWay = 0;
  running = true;

  /** @param now monotonic clock, seconds @param orders an eventfd that the owner signals when it has an order */
  constructor(
    private readonly owner: SnoopOwner,
    private readonly now: () => number,
    private readonly orders: number,
    private readonly tools: ListenerTools,
  ) {}

  /** Whether the owner keeps up with what is reported. */
  get mayReport(): boolean {
    return this.onTheirWay < MAX_BATCHES_ON_THEIR_WAY;
  }

  /** Carries out what the owner has ordered since the last call. */
  carryOutOrders(): void {
    for (const order of this.owner.received()) {
      if (order.type === 'stop') this.running = false;
      else if (order.type === 'taken') this.onTheirWay--;
      else if (order.type === 'forget') this.forget(order.bond);
      else if (order.type === 'watch') this.watch(order);
      else this.follow(order);
    }
  }

  /** Waits for frames or an order, at most so long, and reports what frames say. @returns whether there were any */
  listen(milliseconds: number): boolean {
    const all = [...this.listeners].map(([bond, listener]) => ({ bond, listener, fds: listener.descriptors }));
    const patience = all.some(({ listener }) => listener.waits) ? 0 : milliseconds;
    const readable = new Set(waitForAny([this.orders, ...all.flatMap(({ fds }) => fds)], patience));
    if (readable.delete(this.orders)) drainEventfd(this.orders);
    this.carryOutOrders(); // what we were about to send is announced before it leaves
    for (const { bond, listener, fds } of all)
      if (this.listeners.get(bond) === listener && (listener.waits || fds.some((fd) => readable.has(fd))))
        this.read(bond, listener);
    return readable.size > 0;
  }

  /** Reports how many frames were lost since the last call. */
  reportLost(): void {
    let count = 0;
    for (const listener of this.listeners.values()) count += listener.drops();
    if (count > 0) this.owner.post({ type: 'lost', count });
  }

  /** Restores mirrors that others have removed or got in front of. */
  check(): void {
    for (const listener of this.listeners.values()) listener.check();
  }

  close(): void {
    for (const bond of [...this.listeners.keys()]) this.forget(bond);
    this.tools.requests.close();
  }

  private read(bond: BondId, listener: BondListener | OvsBondListener): void {
    listener.read(
      FRAMES_A_TURN,
      ({ bytes, direction, checksumReady }) => this.batch.add(readFrame(bytes, direction, checksumReady)),
      () => {
        const batch = this.batch.drain();
        if (!batch) return;
        this.onTheirWay++;
        this.owner.post({ type: 'heard', bond, at: this.now(), ...batch });
      },
    );
  }

  private follow(order: ToSnoopThread & { type: 'active' | 'sending' }): void {
    const listener = this.listeners.get(order.bond);
    if (!(listener instanceof OvsBondListener)) return;
    if (order.type === 'active') listener.active = order.active;
    else listener.sending(order.frames);
  }

  private watch({ bond, members, active }: ToSnoopThread & { type: 'watch' }): void {
    this.forget(bond);
    const costly = (reason: string): void => this.owner.post({ type: 'costly', bond, reason });
    const listener = members
      ? new OvsBondListener(members, active, this.tools, costly, this.now)
      : new BondListener(bond, this.tools, costly);
    const failure = failureOf(() => listener.open());
    if (!failure) this.listeners.set(bond, listener);
    this.owner.post({ type: 'answer', error: failure?.message ?? null });
  }

  private forget(bond: BondId): void {
    this.listeners.get(bond)?.close();
    this.listeners.delete(bond);
  }
}
