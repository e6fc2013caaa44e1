import { type Mac, macFromBytes } from '../addr/mac.js';
import { failureOf, NetlinkRequestError, SyscallError } from '../errors.js';
import * as link from '../kernel/requests.js';
import type { LinkEvent, KernelEvent } from '../kernel/events.js';
import * as tc from '../kernel/tc.js';
import { encodeProgram } from '../kernel/bpf/assembler.js';
import { spareOwnFrames } from '../kernel/bpf/snoop-filter.js';
import { FIRST_MIRROR_PREF, MIRROR_FILTERS } from '../kernel/mirror-filters.js';
import { OWN_FRAMES_MARK } from '../sys/packets/packet-sender.js';
import { getSystemErrorName } from 'node:util';
import { decodeDatagram } from '../kernel/decode.js';
import { type LinkSocket, RECEIVE_TIME_LIMIT_MS } from '../sys/netlink/link-socket.js';
import { privileged } from '../sys/process/privileges.js';

/** One filter of each pref: a pref is deleted with all its filters. */
const PREFS = MIRROR_FILTERS.filter(({ pref }, i) => MIRROR_FILTERS[i - 1]?.pref !== pref);

/** One for all filters of all bonds: each program takes pages of kernel memory of its own. */
const SPARE_OWN_FRAMES = { index: OWN_FRAMES_MARK, bytes: encodeProgram(spareOwnFrames(OWN_FRAMES_MARK)) };

/** Larger than any frame. */
const MTU = 65535;

/** The address of a device of ours ("bond" in ASCII), which a later run knows it by; `last`: whether we made its qdisc. */
const addressOf = (last: number): Mac => macFromBytes(Uint8Array.of(0x02, 0x62, 0x6f, 0x6e, 0x64, last));
const OURS = { madeQdisc: addressOf(1), foundQdisc: addressOf(0) };

/**
 * Copies what we want to hear of what leaves a bond to a dummy device of its own, `bh-IFINDEX`, by filters at the egress
 * hook of the bond. docs/design/snooping-cost.md says why. The kernel keeps all that when we are killed; the next
 * mirror of this bond adopts it.
 */
export class BondMirror {
  private dummy: number | null = null;
  private madeQdisc = false;

  constructor(
    private readonly requests: KernelRequests,
    private readonly bond: number,
  ) {}

  /** @returns the device that gets the copies. @throws BondheraldError when the kernel refuses; then nothing is left */
  setUp(): number {
    try {
      this.makeQdisc();
      const dummy = this.makeDummy();
      this.deleteFilters();
      this.insistOnBeingAsked();
      for (const filter of MIRROR_FILTERS) this.addFilter(filter, dummy);
      return dummy;
    } catch (error) {
      this.takeDown();
      throw error;
    }
  }

  /** Whether all that leaves still gets to our filters, and they are all there. @throws BondheraldError */
  isWhole(): boolean {
    const prefs = this.filters('egress');
    return prefs[0] === FIRST_MIRROR_PREF && PREFS.every(({ pref }) => prefs.includes(pref));
  }

  /** Removes what is ours, if it is there still. Filters of others, and the qdisc that has any, stay. */
  takeDown(): void {
    const { bond, dummy } = this;
    this.deleteFilters();
    failureOf(() => {
      const others = this.filters('egress').length + this.filters('ingress').length;
      if (this.madeQdisc && others === 0) this.requests.ask('clsact', (seq) => tc.deleteClsactRequest(bond, seq));
    });
    if (dummy !== null) failureOf(() => this.requests.ask('a dummy', (seq) => link.deleteLinkRequest(dummy, seq)));
    this.dummy = null;
    this.madeQdisc = false;
  }

  private makeQdisc(): void {
    const add = (): unknown => this.requests.ask('clsact', (seq) => tc.addClsactRequest(this.bond, seq));
    this.madeQdisc = this.wasDone(add, 'EEXIST');
  }

  /** The device, up, new or left behind by a run that was killed. */
  private makeDummy(): number {
    const name = `bh-${this.bond}`;
    const address = (): Mac => (this.madeQdisc ? OURS.madeQdisc : OURS.foundQdisc);
    const add = (): unknown => this.requests.ask(`device ${name}`, (seq) => link.addDummyRequest(name, address(), seq));
    const isNew = this.wasDone(add, 'EEXIST');
    const found = this.requests
      .ask(name, (seq) => link.getLinkRequest(name, seq))
      .find((event): event is LinkEvent => event.type === 'link' && event.name === name);
    if (!found || !isOurs(found))
      throw new NetlinkRequestError(`device ${name} exists, and bondherald did not create it`);
    const { ifindex } = found;
    this.dummy = ifindex;
    if (!isNew && found.address === OURS.madeQdisc) this.madeQdisc = true;
    this.wasDone(() => this.requests.ask(name, (seq) => link.noIpv6AddressRequest(ifindex, seq)), 'EAFNOSUPPORT');
    this.requests.ask(`device ${name}`, (seq) => link.setUpDummyRequest(ifindex, address(), MTU, seq));
    return ifindex;
  }

  /** Copies of our own frames would double what a burst costs, for nothing. A kernel without act_bpf makes them. */
  private addFilter(filter: tc.MirrorFilter, dummy: number): void {
    const add = (program: tc.SharedProgram | null): unknown =>
      this.requests.ask('a filter', (seq) => tc.addFilterRequest(this.bond, filter, dummy, seq, program));
    if (failureOf(() => add(SPARE_OWN_FRAMES))) add(null);
  }

  private deleteFilters(): void {
    for (const filter of PREFS)
      failureOf(() => this.requests.ask('a filter', (seq) => tc.deleteFilterRequest(this.bond, filter, seq)));
  }

  /** A filter before ours may accept a frame and end the search: then we would hear nothing, and not know it. */
  private insistOnBeingAsked(): void {
    const [earlier] = this.filters('egress');
    if (earlier !== undefined && earlier < FIRST_MIRROR_PREF)
      throw new NetlinkRequestError(`another tc filter, pref ${earlier}, comes before ours`);
  }

  /** The prefs of the filters that are there, in the order in which they are asked. */
  private filters(hook: 'egress' | 'ingress'): number[] {
    const events = this.requests.ask('the filters', (seq) => tc.filterDumpRequest(this.bond, hook, seq));
    return events.flatMap((event) => (event.type === 'filter' ? [event.pref] : []));
  }

  /** @returns whether it was done; else the kernel refused with that errno */
  private wasDone(step: () => unknown, errno: string): boolean {
    try {
      step();
      return true;
    } catch (error) {
      if (error instanceof SyscallError && error.errno === errno) return false;
      throw error;
    }
  }
}

function isOurs({ details, address }: LinkEvent): boolean {
  const dummy = details.type === 'other' && details.kind === 'dummy';
  return dummy && (address === OURS.madeQdisc || address === OURS.foundQdisc);
}

/** How often a receive may time out for one answer, 10 s in all: the kernel may have to load a module. */
const PATIENCE = 10_000 / RECEIVE_TIME_LIMIT_MS;

/** Asks the kernel one thing after the other and waits for each answer: for a thread that may. */
export class KernelRequests {
  private seq = 0;

  constructor(private readonly socket: LinkSocket) {}

  /**
   * @param what the request is about, for the error
   * @returns what came before the acknowledgement
   * @throws SyscallError with the kernel's errno, or ETIMEDOUT
   */
  ask(what: string, build: (seq: number) => Uint8Array): KernelEvent[] {
    const seq = ++this.seq;
    privileged(() => this.socket.send(build(seq))); // the kernel looks at the caller's rights within the call
    const events: KernelEvent[] = [];
    for (let waits = 0; waits < PATIENCE;) {
      const datagram = this.socket.receive();
      if (datagram === 'nothing') waits++;
      else if (typeof datagram === 'string') throw new SyscallError('rtnetlink', 'ENOBUFS', what);
      else events.push(...decodeDatagram(datagram));
      for (const event of events) {
        if ((event.type !== 'answer' && event.type !== 'done') || event.seq !== seq) continue;
        if (event.type === 'done' || event.errno === 0) return events;
        throw new SyscallError('rtnetlink', getSystemErrorName(-event.errno), what);
      }
    }
    throw new SyscallError('rtnetlink', 'ETIMEDOUT', what);
  }

  close(): void {
    this.socket.close();
  }
}
