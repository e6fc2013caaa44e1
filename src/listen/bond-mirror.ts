import { failureOf, NetlinkRequestError } from '../errors.js';
import { encodeProgram } from '../kernel/bpf/assembler.js';
import { spareOwnFrames } from '../kernel/bpf/snoop-filter.js';
import { TC_H_CLSACT } from '../kernel/constants.js';
import type { FilterEvent } from '../kernel/events.js';
import { FIRST_MIRROR_PREF, MIRROR_FILTERS, TRIAL_FILTERS } from '../kernel/mirror-filters.js';
import * as tc from '../kernel/tc.js';
import { tcxEgressPrograms } from '../sys/bpf.js';
import { OWN_FRAMES_MARK } from '../sys/packets/packet-sender.js';
import type { ReceiveRing } from '../sys/packets/receive-ring.js';
import type { KernelRequests } from './kernel-requests.js';
import { findMirrorDevice, flawOfDevice, makeMirrorDevice, removeMirrorDevice } from './mirror-device.js';
import { MirrorEcho } from './mirror-echo.js';
import { MirrorWitness } from './mirror-witness.js';

/** One filter of each pref: a pref is deleted with all its filters. */
const PREFS = MIRROR_FILTERS.filter(({ pref }, i) => MIRROR_FILTERS[i - 1]?.pref !== pref);

/** One for all filters of all bonds: each program takes pages of kernel memory of its own. */
const SPARE_OWN_FRAMES = { index: OWN_FRAMES_MARK, bytes: encodeProgram(spareOwnFrames(OWN_FRAMES_MARK)) };

/** What a mirror works with. */
export interface MirrorTools {
  readonly requests: KernelRequests;
  readonly ring: ReceiveRing;
  /** Monotonic clock, seconds. */
  readonly now: () => number;
}

/** Where the programs at tcx cannot be asked for, they may be others so many seconds after they were seen to keep frames. */
const TRIED_AGAIN = 3600;

/**
 * Copies what we want to hear of what leaves a bond to a dummy device of its own, `bh-IFINDEX`, by filters at the egress
 * hook of the bond. docs/design/snooping-cost.md says why, and docs/design/hearing.md how it is known to work. The kernel
 * keeps all that when we are killed; the next mirror of this bond adopts it.
 */
export class BondMirror {
  private dummy: number | null = null;
  private madeQdisc = false;
  private addedFilters = false;
  /** The programs at tcx with which every protocol was tried, by their ids. */
  private triedWith = '';
  private echo: MirrorEcho | null = null;
  readonly witness: MirrorWitness;
  /** The programs at tcx with which frames have left without a copy, by their ids, and when that is forgotten. */
  private keeping: { readonly ids: string; readonly until: number } | null = null;

  /** @param isRead whether all that came out of it has been read */
  constructor(
    private readonly bond: number,
    private readonly tools: MirrorTools,
    isRead: () => boolean,
  ) {
    this.witness = new MirrorWitness(bond, tools.ring, tools.now, isRead);
  }

  /** The device that gets the copies, while the mirror is set up. */
  get device(): number | null {
    return this.dummy;
  }

  /** @returns the device that gets the copies. @throws BondheraldError when it cannot work; then nothing is left */
  setUp(): number {
    try {
      this.adopt();
      this.makeQdisc();
      this.insistOnBeingAsked();
      const dummy = this.makeDummy();
      this.deleteFilters();
      for (const filter of MIRROR_FILTERS) this.addFilter(filter, dummy);
      this.addedFilters = true;
      this.echo = new MirrorEcho(this.bond, dummy, this.tools.ring);
      const flaw = this.flawInPassing();
      if (flaw !== null) throw new NetlinkRequestError(flaw);
      return dummy;
    } catch (error) {
      this.takeDown();
      throw error;
    }
  }

  /** Why frames that leave do not come out of the mirror; null: they do. @throws SyscallError */
  flawInPassing(): string | null {
    const programs = tcxEgressPrograms(this.bond);
    const ids = typeof programs === 'string' ? '' : programs.join(', ');
    const cameBack = this.echo?.comesBack() ?? null;
    const isTried = cameBack !== true || ids === this.triedWith;
    const outcome = isTried ? cameBack : this.othersComeBack(ids);
    if (outcome === true) this.triedWith = ids;
    if (outcome === false) return keptBy(ids, 'frames');
    const now = this.tools.now();
    if (this.witness.hasMissed(mayKeepFrames(programs) ? ids : null))
      this.keeping = { ids, until: ids === '' ? now + TRIED_AGAIN : Infinity };
    return this.keeping?.ids === ids && now < this.keeping.until ? keptBy(ids, 'some frames') : null;
  }

  /** Why the mirror is not as it was set up; null: it is. @throws BondheraldError when that cannot be read */
  flaw(): string | null {
    const { dummy } = this;
    if (dummy === null) return 'it is not set up';
    const filters = this.filters('egress');
    const [first] = filters;
    if (first && first.pref < FIRST_MIRROR_PREF) return earlier(first);
    if (!areOurs(filters, dummy)) return 'another program removed its filters, or changed them';
    return flawOfDevice(this.tools.requests, dummy) ?? this.flawInPassing();
  }

  /** Removes what is ours, if it is there still. Filters of others, and the qdisc that has any, stay. */
  takeDown(): void {
    const { bond, dummy } = this;
    this.echo?.close();
    this.echo = null;
    this.witness.close();
    const isOurQdisc = this.madeQdisc && (!this.addedFilters || this.hasFilters());
    this.deleteFilters();
    failureOf(() => {
      const others = this.filters('egress').length + this.filters('ingress').length;
      if (isOurQdisc && others === 0) this.tools.requests.ask('clsact', (seq) => tc.deleteClsactRequest(bond, seq));
    });
    if (dummy !== null) removeMirrorDevice(this.tools.requests, dummy);
    this.dummy = null;
    this.madeQdisc = false;
    this.addedFilters = false;
    this.triedWith = '';
  }

  /** Removes what a run left behind that was killed. */
  clear(): void {
    this.adopt();
    this.takeDown();
  }

  /** Takes over what a run left behind that was killed. */
  private adopt(): void {
    const left = findMirrorDevice(this.tools.requests, this.bond);
    if (!left) return;
    this.dummy = left.ifindex;
    this.madeQdisc = left.madeQdisc && this.hasFilters();
  }

  /** clsact and ingress have one place, and the kernel takes "at egress" of ingress for its one hook, which is not that. */
  private makeQdisc(): void {
    const isNew = this.tools.requests.wasDone('EEXIST', 'clsact', (seq) => tc.addClsactRequest(this.bond, seq));
    this.madeQdisc = isNew || this.madeQdisc;
    if (isNew) return;
    const qdiscs = this.tools.requests.ask('the qdiscs', (seq) => tc.qdiscDumpRequest(seq));
    const kind = qdiscs.flatMap((event) =>
      event.type === 'qdisc' && event.ifindex === this.bond && event.parent === TC_H_CLSACT ? [event.kind] : [],
    )[0];
    if (kind !== 'clsact')
      throw new NetlinkRequestError(`the qdisc ${kind ?? 'of another kind'} has the place of clsact`);
  }

  private makeDummy(): number {
    this.dummy = makeMirrorDevice(this.tools.requests, this.bond, this.madeQdisc);
    return this.dummy;
  }

  /** Programs at tcx may treat protocols differently: each is tried once with those that are there. */
  private othersComeBack(ids: string): boolean | null {
    const { dummy, echo } = this;
    if (ids === '' || dummy === null || echo === null) return true;
    try {
      for (const filter of TRIAL_FILTERS) this.addFilter(filter, dummy);
      return echo.othersComeBack();
    } finally {
      this.deleteFilters(TRIAL_FILTERS);
    }
  }

  /** Copies of our own frames would double what a burst costs, for nothing. A kernel without act_bpf makes them. */
  private addFilter(filter: tc.MirrorFilter, dummy: number): void {
    const add = (program: tc.SharedProgram | null): unknown =>
      this.tools.requests.ask('a filter', (seq) => tc.addFilterRequest(this.bond, filter, dummy, seq, program));
    if (filter.redirects || failureOf(() => add(SPARE_OWN_FRAMES))) add(null);
  }

  /** Whether any of ours is there: else the qdisc is another one than we had, of somebody else. */
  private hasFilters(): boolean {
    let has = false;
    failureOf(() => (has = this.filters('egress').some(({ pref }) => PREFS.some((each) => each.pref === pref))));
    return has;
  }

  private deleteFilters(filters: readonly tc.MirrorFilter[] = [...PREFS, ...TRIAL_FILTERS]): void {
    for (const filter of filters)
      failureOf(() => this.tools.requests.ask('a filter', (seq) => tc.deleteFilterRequest(this.bond, filter, seq)));
  }

  /** A filter before ours may accept a frame and end the search: then we would hear nothing, and not know it. */
  private insistOnBeingAsked(): void {
    const [first] = this.filters('egress');
    if (first && first.pref < FIRST_MIRROR_PREF) throw new NetlinkRequestError(earlier(first));
  }

  /** The filters that are there, in the order in which they are asked. */
  private filters(hook: 'egress' | 'ingress'): FilterEvent[] {
    const events = this.tools.requests.ask('the filters', (seq) => tc.filterDumpRequest(this.bond, hook, seq));
    return events.filter((event) => event.type === 'filter');
  }
}

/** A kernel without tcx says EINVAL; where it is not known what is there, something may be. */
function mayKeepFrames(programs: readonly number[] | string): boolean {
  return typeof programs === 'string' ? programs !== 'EINVAL' : programs.length > 0;
}

function keptBy(ids: string, which: string): string {
  return ids === ''
    ? `${which} that leave do not reach our filters; a program or rule of others comes before them`
    : `a tcx program at its egress, id ${ids}, keeps ${which} from our filters`;
}

const earlier = ({ pref }: FilterEvent): string => `another tc filter, pref ${pref}, comes before ours`;

/** Whether all our filters are among these, and do what they are to. */
function areOurs(filters: readonly FilterEvent[], dummy: number): boolean {
  return MIRROR_FILTERS.every(({ pref, redirects = false }) => {
    const wanted = MIRROR_FILTERS.filter((each) => each.pref === pref && (each.redirects ?? false) === redirects);
    const found = filters.filter((each) => each.pref === pref && each.sends?.to === dummy);
    return found.filter(({ sends }) => sends?.redirected === redirects).length === wanted.length;
  });
}
