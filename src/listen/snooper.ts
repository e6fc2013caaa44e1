import { decodeEthernet, frameKey } from '../frames/ethernet.js';
import type { GroupTable } from '../groups/group-table.js';
import { type BondId, isOverlay, isOvsBond } from '../topology/bond-id.js';
import { bondsBeyond } from '../topology/bonds-in-front.js';
import type { HostState } from '../guests/host-state.js';
import type { Heard, HeardGroups } from '../sources/snoop.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Log } from '../sys/log.js';
import type { StartThread } from '../sys/process/thread.js';
import { deviceName, servedBonds } from '../topology/bonds.js';
import { Deferred } from '../tasks/deferred.js';
import { StandbyLinks } from './standby-links.js';
import { type FromSnoopThread, LISTENING_THREAD, type ToSnoopThread } from './snoop-messages.js';
import type { Hearing } from '../sources/hearing.js';
import type { WantedHearing } from './bond-listener.js';
import type { Task } from '../tasks/task.js';
import { ReportOnce } from '../tasks/report-once.js';
import type { DaemonEmitter } from '../wire/events.js';
import { ThreadHandle } from '../wire/thread-handle.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';

/** Two things heard in one turn of the thread are so many seconds apart, for want of their own times. */
const APART = 1e-9;

/** Before the thread has said anything of a bond. */
const NOT_YET: Hearing = { how: 'deaf', reason: 'the daemon has not begun to listen on it yet' };

/** Listens on every bond that is announced, and gives the host's state what was heard. */
export class Snooper implements Task {
  readonly name = 'snooper';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private readonly thread: ThreadHandle<ToSnoopThread, FromSnoopThread>;
  /** The bonds that are listened on: those of the host; and by which devices, where the bond is none itself. */
  private readonly watched = new Map<BondId, Members | null>();
  private readonly unheard = new ReportOnce<BondId>();
  /** Of bonds that are announced. */
  private readonly hearings = new Map<BondId, Hearing>();
  /** By the bond and the name of the link. Bounded by the links of bonds that this host has had. */
  private readonly unheardLinks = new ReportOnce<string>();
  private readonly echoing = new ReportOnce<BondId>();
  /** What is heard on the links that are not active. */
  readonly standby: StandbyLinks;
  private answered: Promise<unknown> = Promise.resolve();

  /** @param bonds the bonds that are announced, by ifindex */
  constructor(
    private readonly host: HostState,
    private readonly bonds: ReadonlyMap<BondId, Pick<BondGuests, 'place'>>,
    private readonly tools: {
      readonly log: Log;
      readonly metrics: Pick<Metrics, 'count'>;
      readonly events: DaemonEmitter;
      readonly groups: GroupTable;
    },
    startThread: StartThread,
    private readonly wanted: WantedHearing,
    watchesStandby: () => boolean,
  ) {
    this.thread = new ThreadHandle(startThread, { ...LISTENING_THREAD, report: (message) => this.report(message) });
    this.standby = new StandbyLinks(host.topology, (order) => this.thread.order(order), watchesStandby);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.thread.run(signal);
  }

  /** Listens on the bonds that are there now, and on no others. */
  follow(): void {
    const members = membersOfOvsBonds(this.host.topology);
    this.unheard.keepOnly(this.bonds);
    for (const bond of this.hearings.keys()) if (!this.bonds.has(bond)) this.hearings.delete(bond);
    this.echoing.keepOnly(this.bonds);
    for (const [bond, held] of this.watched) {
      const now = members.get(bond);
      if (!this.bonds.has(bond) || (held && (!now || namesOf(held) !== namesOf(now)))) this.forget(bond);
      else if (held && now && held.active !== now.active) {
        this.watched.set(bond, now);
        this.thread.order({ type: 'active', bond, active: now.active });
      }
    }
    const answers = [...this.bonds.keys()]
      .filter((bond) => !this.watched.has(bond))
      .map((bond) => this.watch(bond, members.get(bond) ?? null));
    this.standby.follow(this.watched);
    // Without what it gives: that would hold what the one before gave, and so on for ever.
    this.answered = Promise.all([this.answered, this.thread.ready, ...answers]).then(() => undefined);
    this.answered.then(this.isReady.resolve, this.isReady.reject);
  }

  /** How a bond is heard now. */
  hearingOf(bond: BondId): Hearing {
    return this.hearings.get(bond) ?? NOT_YET;
  }

  /** Settles when every bond that was there at the time of the call is listened on, or cannot be. */
  async listening(): Promise<void> {
    await this.answered.catch(() => undefined); // the task reports it
  }

  /** These frames of ours are about to leave by a bond: neither they nor their echoes prove anything of a guest. */
  sending(bond: BondId, frames: readonly Uint8Array[]): void {
    this.thread.order({ type: 'sending', bond, frames });
    if (!isOvsBond(bond)) return;
    const relayed = new Map<BondId, Uint8Array[]>();
    for (const frame of frames)
      for (const beyond of bondsBeyond(this.host.topology, { bond, tags: decodeEthernet(frame).tags }))
        relayed.set(beyond, [...(relayed.get(beyond) ?? []), frame]);
    for (const [beyond, theirs] of relayed)
      this.thread.order({ type: 'sending', bond: beyond, frames: theirs, relayed: true });
  }

  private forget(bond: BondId): void {
    this.watched.delete(bond);
    this.hearings.delete(bond);
    this.standby.forget(bond);
    this.thread.order({ type: 'forget', bond });
  }

  private async watch(bond: BondId, members: Members | null): Promise<void> {
    this.watched.set(bond, members);
    if (members && members.elsewhere.length > 0) this.deafTo(bond, members.elsewhere);
    if (members?.devices.length === 0) return;
    const { devices = null, active = null } = members ?? {};
    const reason = await this.thread.ask({ type: 'watch', bond, members: devices, active, wanted: this.wanted });
    if (reason === null || this.watched.get(bond) !== members) return;
    this.watched.delete(bond); // it is tried again whenever something changes
    this.heardBy(bond, { how: 'deaf', reason });
  }

  private deafTo(bond: BondId, members: readonly string[]): void {
    const message = 'cannot listen on bond members that are not devices of this host';
    this.tools.log.info(message, { bond: this.nameOf(bond), members: members.join(',') });
    if (this.watched.get(bond)?.devices.length === 0) this.hearings.set(bond, { how: 'deaf', reason: message });
  }

  private deafToLink(message: FromSnoopThread & { type: 'standbyDeaf' }): void {
    this.standby.cannotHear(message);
    const { bond, link, reason } = message;
    const slave = deviceName(this.host.topology, link);
    if (!this.unheardLinks.isNew(`${bond} ${slave}`, reason)) return;
    this.tools.log.warn('cannot listen on a link that is not active', { bond: this.nameOf(bond), slave, reason });
  }

  /** What comes of a bond that is forgotten already is passed over. */
  private hearsNow({ bond, hearing }: FromSnoopThread & { type: 'hearing' }): void {
    if (this.watched.has(bond)) this.heardBy(bond, hearing);
  }

  /** A bond is heard in another way than before; that is said once. */
  private heardBy(bond: BondId, hearing: Hearing): void {
    const before = this.hearings.get(bond);
    const { how, reason } = hearing;
    const { log } = this.tools;
    const fields = { bond: this.nameOf(bond), ...(reason === null ? {} : { reason }) };
    this.hearings.set(bond, hearing);
    if (how === 'deaf') {
      if (this.unheard.isNew(bond, reason ?? '')) log.warn('cannot listen on a bond', fields);
      return;
    }
    this.unheard.over(bond);
    if (how === 'socket' && reason === null) return; // until its mirror is set up
    if (how === 'socket')
      log.info('listening without tc; this can cost guests up to 10 % of their packet rate', fields);
    else if (reason !== null) log.info('set up the tc filters of a bond again', fields);
    else if (before && before.how !== 'mirror' && before.reason !== null) log.info('listening with tc again', fields);
  }

  private nameOf(bond: BondId): string {
    return deviceName(this.host.topology, bond);
  }

  private report(message: FromSnoopThread): void {
    if (message.type === 'hearing') this.hearsNow(message);
    else if (message.type === 'standby') this.standby.heard(message);
    else if (message.type === 'standbyDeaf') this.deafToLink(message);
    else if (message.type === 'lost') this.ignored('lost', message.count);
    else if (message.type === 'heard') this.heard(message);
  }

  private heard({ bond, heard, asked, at, arpLeft, groups, ignored }: FromSnoopThread & { type: 'heard' }): void {
    const { events } = this.tools;
    this.thread.leave({ type: 'taken' });
    if (asked.length > 0) events.emit('asked', bond, asked);
    if (heard.length > 0) {
      events.emit('arpLeft', bond, arpLeft, at);
      heard.forEach((each, n) => this.host.heard(bond, each, at + n * APART));
      const echoes = heard.filter(({ direction }) => direction === 'echo');
      if (echoes[0]) this.echoed(bond, echoes[0], echoes.length, at);
      events.emit('guestsChanged');
    }
    if (groups.length > 0) this.heardGroups(bond, groups, at);
    for (const [reason, count] of Object.entries(ignored)) this.ignored(reason, count);
  }

  private heardGroups(bond: BondId, heard: readonly HeardGroups[], at: number): void {
    const { groups, metrics } = this.tools;
    const guests = this.bonds.get(bond);
    for (const { mac, tags, groups: message } of heard) {
      const station = { mac, bond, tags };
      groups.heard(station, message, (guests?.place(frameKey(station)) ?? null) !== null, at);
    }
    for (const reason of groups.takeEvictions()) metrics.count('bondherald_guest_evictions_total', { reason });
  }

  /** Right after a failover the switches may return what was on its way; at any other time something is wrong outside. */
  private echoed(bond: BondId, { mac }: Heard, count: number, at: number): void {
    this.ignored('echo', count);
    if (this.host.isReflecting(bond, at) || !this.echoing.isNew(bond, 'echo')) return;
    const message = 'frames that left by a bond come back: a loop outside, or a port in VEPA mode';
    this.tools.log.warn(message, { bond: this.nameOf(bond), mac });
  }

  private ignored(reason: string, count: number): void {
    this.tools.metrics.count('bondherald_sightings_ignored_total', { source: 'snoop', reason }, count);
  }
}

/** The members of a bond of Open vSwitch, which is no device itself. */
interface Members {
  /** Those that are devices of the kernel. */
  readonly devices: readonly number[];
  /** The names of the others: of DPDK, or in another network namespace. */
  readonly elsewhere: readonly string[];
  readonly active: number | null;
}

/** The members of each bond that Open vSwitch keeps, as the host's devices are now. */
function membersOfOvsBonds(topology: Topology): Map<BondId, Members> {
  const members = new Map<BondId, Members>();
  for (const { ifindex, slaves, activeSlave } of servedBonds(topology)) {
    if (!isOvsBond(ifindex)) continue;
    const devices = slaves.flatMap((slave) => (isOverlay(slave.ifindex) ? [] : [slave.ifindex])).sort((a, b) => a - b);
    const elsewhere = slaves.flatMap((slave) => (isOverlay(slave.ifindex) ? [slave.name] : [])).sort();
    members.set(ifindex, { devices, elsewhere, active: activeSlave?.ifindex ?? null });
  }
  return members;
}

/** What is the same as long as a bond is heard by the same devices. */
function namesOf({ devices, elsewhere }: Members): string {
  return [...devices, ...elsewhere].join();
}
