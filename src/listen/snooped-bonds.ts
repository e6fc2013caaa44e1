import type { BondId } from '../topology/bond-id.js';
import { failureOf } from '../errors.js';
import { drainEventfd, waitForAny } from '../sys/eventfd.js';
import type { Hearing } from '../sources/hearing.js';
import { readFrame } from '../sources/snoop.js';
import type { Owner } from '../sys/process/thread.js';
import type { StopOrder, ThreadReport } from '../wire/thread-handle.js';
import { BatchOfHeard, type FromSnoopThread, MAX_BATCHES_ON_THEIR_WAY, type ToSnoopThread } from './snoop-messages.js';
import { BondListener, type ListenerTools } from './bond-listener.js';
import { EchoListener, type JudgedFrame } from './echo-listener.js';
import type { MirrorNews } from './mirror-news.js';
import { OvsBondListener } from './ovs-bond-listener.js';
import { StandbyListener, type StandbyTools } from './standby-listener.js';

/** How many frames of a bond are read in a turn of the thread, of each direction. */
const FRAMES_A_TURN = 128;

type Listener = EchoListener | OvsBondListener;

/** The listening thread's way to the daemon. */
export type SnoopOwner = Owner<ToSnoopThread | StopOrder, FromSnoopThread | ThreadReport>;

/** The bonds that the thread listens on, as its owner ordered. Bounded by the number of bonds on the host. */
export class SnoopedBonds {
  private readonly listeners = new Map<BondId, Listener>();
  /** On the links that are not active, of bonds of which that was ordered. */
  private readonly standby = new Map<BondId, StandbyListener>();
  private readonly batch = new BatchOfHeard();
  private onTheirWay = 0;
  running = true;

  /** @param orders an eventfd that the owner signals when it has an order */
  constructor(
    private readonly owner: SnoopOwner,
    private readonly orders: number,
    private readonly tools: ListenerTools & StandbyTools,
    private readonly news: MirrorNews,
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
      else if (order.type === 'standby') this.followStandby(order);
      else this.follow(order);
    }
  }

  /** Waits for frames, news or an order, at most so long, and reports what frames say. @returns whether there were any */
  listen(milliseconds: number): boolean {
    const all = [...this.listeners].map(([bond, listener]) => ({ bond, listener, fds: listener.descriptors }));
    const patience = all.some(({ listener }) => listener.waits) ? 0 : milliseconds;
    const standby = [...this.standby.values()].flatMap(({ descriptors }) => descriptors);
    const readable = new Set(
      waitForAny([this.orders, this.news.descriptor, ...all.flatMap(({ fds }) => fds), ...standby], patience),
    );
    if (readable.delete(this.orders)) drainEventfd(this.orders);
    this.carryOutOrders(); // what we were about to send is announced before it leaves
    for (const { bond, listener, fds } of all)
      if (this.listeners.get(bond) === listener && (listener.waits || fds.some((fd) => readable.has(fd))))
        this.read(bond, listener);
    if (standby.some((fd) => readable.has(fd))) for (const listener of this.standby.values()) listener.read();
    if (readable.has(this.news.descriptor)) this.hearNews();
    return readable.size > 0;
  }

  /** Reports how many frames were lost since the last call, and what is new of links that are not active. */
  reportEachSecond(): void {
    let total = 0;
    for (const [bond, listener] of this.listeners) {
      const count = listener.drops();
      total += count;
      const evidence = this.standby.get(bond)?.settle(count > 0) ?? [];
      if (evidence.length > 0) this.owner.post({ type: 'standby', bond, evidence });
    }
    if (total > 0) this.owner.post({ type: 'lost', count: total });
  }

  /** When `look` is due, on the monotonic clock, seconds; Infinity: never, as things are. */
  get due(): number {
    return Math.min(...[...this.listeners.values()].map(({ due }) => due));
  }

  /** Rights what others have done to mirrors, and sets up one of those that are not there yet: a turn has time for one. */
  look(): void {
    if (this.due > this.tools.now()) return;
    for (const listener of this.listeners.values()) if (listener.due <= this.tools.now() && listener.look()) break;
    this.followDevices();
  }

  close(): void {
    for (const bond of [...this.listeners.keys()]) this.forget(bond);
    this.tools.requests.close();
    this.news.close();
  }

  private read(bond: BondId, listener: Listener): void {
    const standby = this.standby.get(bond);
    listener.read(
      FRAMES_A_TURN,
      (frame: JudgedFrame) => {
        standby?.passed(frame);
        this.batch.add(readFrame(frame.bytes, frame.direction, frame.checksumReady));
      },
      () => {
        const batch = this.batch.drain();
        if (!batch) return;
        this.onTheirWay++;
        this.owner.post({ type: 'heard', bond, at: this.tools.now(), ...batch });
      },
    );
  }

  private follow(order: ToSnoopThread & { type: 'active' | 'sending' }): void {
    const listener = this.listeners.get(order.bond);
    if (order.type === 'sending') listener?.sending(order.frames, order.relayed);
    else if (listener instanceof OvsBondListener) listener.active = order.active;
  }

  private followStandby({ bond, active, links }: ToSnoopThread & { type: 'standby' }): void {
    const listener = this.listeners.get(bond);
    if (!listener) return;
    const deaf = (link: number, reason: string): void => this.owner.post({ type: 'standbyDeaf', bond, link, reason });
    const standby = this.standby.get(bond) ?? new StandbyListener(this.tools, deaf);
    this.standby.set(bond, standby);
    const isOvs = listener instanceof OvsBondListener;
    if (isOvs) listener.standby = (member, bytes) => standby.heard(member, bytes);
    standby.follow(active, links, !isOvs);
  }

  private hearNews(): void {
    const changed = this.news.changed();
    for (const listener of this.listeners.values()) {
      const { bonds, dummies } = listener.devices;
      if (changed === 'any' || [...bonds, ...dummies].some((device) => changed.has(device))) listener.urge();
    }
  }

  private followDevices(): void {
    const all = [...this.listeners.values()].map(({ devices }) => devices);
    this.news.follow({ bonds: all.flatMap(({ bonds }) => bonds), dummies: all.flatMap(({ dummies }) => dummies) });
  }

  private watch({ bond, members, active, wanted }: ToSnoopThread & { type: 'watch' }): void {
    this.forget(bond);
    const report = (hearing: Hearing): void => this.owner.post({ type: 'hearing', bond, hearing });
    const listener = members
      ? new OvsBondListener(members, active, this.tools, report, wanted)
      : new EchoListener(new BondListener(bond, this.tools, report, wanted), this.tools.now);
    const failure = failureOf(() => listener.open());
    if (!failure) this.listeners.set(bond, listener);
    this.followDevices();
    this.owner.post({ type: 'answer', error: failure?.message ?? null });
  }

  private forget(bond: BondId): void {
    this.listeners.get(bond)?.close();
    this.listeners.delete(bond);
    this.standby.get(bond)?.close();
    this.standby.delete(bond);
    this.followDevices();
  }
}
