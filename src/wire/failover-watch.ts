import { failureOf } from '../errors.js';
import { decodeDatagram, firstMessages } from '../kernel/decode.js';
import type { KernelEvent } from '../kernel/events.js';
import { carriesFrames } from '../kernel/link.js';
import { ECHO_SEQ, echoRequest, getLinkByIndexRequest, PARTNER_SEQ } from '../kernel/requests.js';
import { TableDumps } from '../kernel/table-dumps.js';
import type { LinkSocket } from '../sys/netlink/link-socket.js';
import { type Failover, FailoverDetector } from '../topology/failover.js';
import { LacpFailovers } from '../topology/lacp-failovers.js';
import type { SlaveOrder } from '../topology/carrier-loss.js';
import { Remakes } from '../topology/remakes.js';
import { type FailoverOwner, type Moment, type OpenSender, WatchedBonds } from './first-round.js';
import { Rehearsal } from './rehearsal.js';
import { asBond, type BondId } from '../topology/bond-id.js';
import { BOND_MODE_8023AD, BOND_MODE_ACTIVEBACKUP, NLM_F_REQUEST } from '../kernel/constants.js';
import type { LossReason } from './thread-messages.js';
import { CarrierRehearsal } from './carrier-rehearsal.js';
import { CarrierSwitch, type RequestSocket } from './carrier-switch.js';

/** Rehearsed with so many of this host's links: about what a switch of the active slave makes. */
const SAMPLE_MESSAGES = 4;

/** What the failover thread works with. */
interface FailoverTools {
  readonly owner: FailoverOwner;
  readonly socket: LinkSocket;
  readonly openSender: OpenSender;
  /** Opens a socket for changes of the host. @throws SyscallError */
  readonly openRequests: () => RequestSocket;
  readonly slaveOrder: SlaveOrder;
  /** Whose news of slaves comes by `socket` from now on: the active ones' alone, or all slaves'. */
  readonly hear: (slaves: 'active' | 'all') => void;
  /** Monotonic clock, seconds. */
  readonly now: () => number;
  /** Waits about a millisecond for a queue to drain. */
  readonly pause: () => void;
  /** Called when it is ready. @returns why others may run before this thread: a symbolic errno; null: they may not */
  readonly settle: () => string | null;
  /** Called when there is time to collect garbage. */
  readonly collect: () => void;
  /** Called once the start is over, to give back what it has left behind. */
  readonly tidy: () => void;
}

/**
 * Waits for link messages and, when one is a failover, sends the first round at once, before anyone else hears of it.
 * Shares no event loop, no socket and no garbage with the rest of the daemon.
 */
export class FailoverWatch {
  private readonly dumps: TableDumps;
  private readonly detector = new FailoverDetector();
  private readonly lacp = new LacpFailovers();
  private readonly remakes = new Remakes();
  private readonly bonds: WatchedBonds;
  private readonly rehearsal: Rehearsal;
  /** null where no bond's active slave is changed at the loss of carrier. */
  private carrier: CarrierSwitch | null = null;
  private carrierRehearsal: CarrierRehearsal | null = null;
  private readonly otherOrders = {
    echo: () => this.tools.socket.send(echoRequest()),
    switchBonds: (bonds: readonly BondId[]) => this.switchBonds(bonds),
  };
  private readonly momentNow = (): Moment => this.momentOf(this.tools.now());
  private sample: Uint8Array | null = null;
  private ready = false;
  private arrived: number;

  constructor(private readonly tools: FailoverTools) {
    const { owner, socket, openSender } = tools;
    this.arrived = tools.now();
    this.dumps = new TableDumps(['links'], (request) => socket.send(request));
    this.bonds = new WatchedBonds(owner, openSender);
    this.rehearsal = new Rehearsal(openSender, this.momentNow);
  }

  /** Runs until the owner orders it to stop. */
  run(): void {
    while (this.turn());
    this.rehearsal.close();
    this.bonds.close();
    this.carrier?.close();
    this.tools.socket.close();
  }

  /** Waits for a datagram or the socket's time limit, then carries out orders. @returns false when that was to stop */
  turn(): boolean {
    const { socket, now } = this.tools;
    if (this.dumps.startIfDue(this.arrived)) this.startDump();
    if (this.lacp.waiting > 0) this.askForPartners();
    const datagram = socket.receive();
    this.arrived = now();
    if (datagram === 'nothing') this.keepReady();
    else if (typeof datagram === 'string') this.resync(datagram);
    else this.received(datagram);
    this.bonds.carryOutOrders(this.momentNow, this.otherOrders);
    return this.bonds.running;
  }

  private startDump(): void {
    this.detector.startDump();
    this.lacp.startDump();
    this.carrier?.startDump();
  }

  private finishDump(): void {
    this.detector.finishDump();
    this.lacp.finishDump();
    this.carrier?.finishDump(this.arrived);
  }

  /** What backups are like is not known before: their news has not been heard. */
  private switchBonds(bonds: readonly BondId[]): void {
    this.tools.hear(bonds.length > 0 ? 'all' : 'active');
    if (bonds.length === 0) {
      this.carrier?.close();
      this.carrier = this.carrierRehearsal = null;
      return;
    }
    const failure = failureOf(() => (this.carrier ??= this.newCarrierSwitch()).watch(bonds));
    if (failure) for (const bond of bonds) this.tools.owner.post({ type: 'carrierLoss', bond, left: failure.message });
    else this.dumps.wantNow();
  }

  private newCarrierSwitch(): CarrierSwitch {
    const { owner, openRequests, slaveOrder, now } = this.tools;
    const requests = openRequests();
    this.carrierRehearsal = new CarrierRehearsal(requests);
    this.carrierRehearsal.first(now);
    return new CarrierSwitch(owner, requests, slaveOrder, () => this.dumps.want());
  }

  /** Handles link messages that have arrived just now. */
  received(datagram: Uint8Array): void {
    for (const event of decodeDatagram(datagram)) this.handle(event);
    this.sample ??= firstMessages(datagram, SAMPLE_MESSAGES);
  }

  private handle(event: KernelEvent): void {
    const { owner } = this.tools;
    this.carrier?.apply(event, this.arrived);
    const failover = this.detector.apply(event);
    if (failover) this.announce(failover);
    else this.followLacp(event);
    const loss = readLoss(event);
    if (loss) this.bonds.lost(loss.bond, loss.reason);
    const remade = this.remakes.apply(event);
    if (remade !== null) this.bonds.remade(remade, this.arrived);
    if (event.type === 'lost') this.resync(event.reason);
    if (event.type === 'answer' && event.seq === ECHO_SEQ) owner.post({ type: 'echo' });
    if (this.dumps.take(event)) this.finishDump();
    if (this.dumps.complete && !this.ready) this.becomeReady();
  }

  private announce(failover: Failover): void {
    const { arrived, tools } = this;
    const round = this.bonds.failover(failover.bond, this.momentOf(arrived));
    const switchedIn = this.carrier?.made(failover, arrived) ?? null;
    tools.owner.post({ type: 'failover', ...failover, cause: 'failover', arrived, switchedIn, ...round });
    tools.collect();
  }

  /** Bonds with one aggregator are not announced, whatever becomes of it. */
  private followLacp(event: KernelEvent): void {
    const failover = this.lacp.apply(event, this.arrived);
    if (failover && this.bonds.has(failover.bond)) this.announce(failover);
  }

  /** The answers come by the same socket, as news do. */
  private askForPartners(): void {
    const { socket, pause, now } = this.tools;
    pause();
    for (const slave of this.lacp.asks(now())) socket.send(getLinkByIndexRequest(slave, PARTNER_SEQ, NLM_F_REQUEST));
  }

  private momentOf(arrived: number): Moment {
    const { now, pause } = this.tools;
    return { now: arrived, sinceArrival: () => now() - arrived, pause };
  }

  private keepReady(): void {
    if (this.sample) this.rehearsal.run(this.sample);
    this.carrier?.rest(this.tools.now());
    this.carrierRehearsal?.run(this.tools.now());
    this.tools.collect();
  }

  private resync(reason: 'overrun' | 'truncated' | 'malformed'): void {
    this.dumps.want();
    this.carrier?.startDump();
    this.tools.owner.post({ type: 'resync', reason });
  }

  private becomeReady(): void {
    const { owner, socket, settle, tidy } = this.tools;
    if (this.sample) this.rehearsal.first(this.sample);
    owner.post({ type: 'ready', delayable: settle(), descriptor: socket.descriptor });
    this.ready = true;
    tidy();
  }
}

/** Whether nothing can leave by a bond after this event: it has no slave that works, or it is gone. */
export function readLoss(event: KernelEvent): { readonly bond: BondId; readonly reason: LossReason } | null {
  if (event.type === 'linkGone') return { bond: asBond(event.ifindex), reason: 'bond-gone' };
  if (event.type !== 'link' || event.details.type !== 'bond') return null;
  const bond = asBond(event.ifindex);
  const { mode, activeSlave } = event.details;
  if (mode !== BOND_MODE_ACTIVEBACKUP && mode !== BOND_MODE_8023AD) return { bond, reason: 'bond-gone' };
  return carriesFrames(event) && (activeSlave !== null || mode === BOND_MODE_8023AD)
    ? null
    : { bond, reason: 'no-active-slave' };
}
