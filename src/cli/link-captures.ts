import { BondheraldError, UsageError } from '../errors.js';
import { encodeProgram } from '../kernel/bpf/assembler.js';
import { type PassingFrames, watchFilter } from '../kernel/bpf/snoop-filter.js';
import { OWN_FRAMES_MARK } from '../sys/packets/packet-sender.js';
import { PASS_ALL } from '../sys/packets/packet-socket.js';
import {
  compileFilter,
  type Device,
  openCapture,
  type PcapCapture,
  type PcapFrame,
  type PcapPackage,
} from '../sys/packets/pcap.js';

/** A frame as it was captured. */
export interface LinkFrame extends PcapFrame {
  readonly link: string;
  readonly way: PassingFrames;
}

const WAYS = (['in', 'out', 'ours'] as const).map((way) => ({
  way,
  program: encodeProgram(watchFilter(way, OWN_FRAMES_MARK)),
}));

/**
 * Captures on the links of a bond as they come and go. libpcap cannot be told a direction by its Node package, and its
 * headers have none; so there are three captures on each link, and the kernel decides by a filter of ours before libpcap's
 * which of them gets a frame. Bounded by the links of a bond.
 */
export class LinkCaptures {
  private readonly captures = new Map<number, { name: string; parts: readonly PcapCapture[] }>();
  /** Links that could not be captured on; reported once. */
  private readonly failed = new Set<number>();
  private dropsBefore = 0;
  private compiled: Uint8Array | null | undefined;

  /**
   * @param filter of pcap-filter(7); '' for all
   * @param report called with a line about each change
   */
  constructor(
    private readonly pcap: PcapPackage,
    private readonly filter: string,
    private readonly onFrame: (frame: LinkFrame) => void,
    private readonly report: (line: string) => void,
  ) {}

  /** The links that are captured on. */
  get names(): string[] {
    return [...this.captures.values()].map(({ name }) => name);
  }

  /**
   * Captures on these links from now on, and on no others.
   * @throws UsageError when libpcap does not take the filter
   */
  follow(links: readonly Device[]): void {
    const wanted = new Map(links.map((link) => [link.ifindex, link]));
    for (const [ifindex, { name, parts }] of [...this.captures]) {
      const alive = parts.every((part) => part.alive);
      if (alive && wanted.get(ifindex)?.name === name) continue;
      this.drop(ifindex);
      if (!wanted.has(ifindex)) this.report(`${name} has left the bond`);
    }
    for (const ifindex of this.failed) if (!wanted.has(ifindex)) this.failed.delete(ifindex);
    for (const link of links) if (!this.captures.has(link.ifindex)) this.open(link);
  }

  /** How many frames the kernel dropped because nobody read them in time. */
  drops(): number {
    return this.dropsBefore + sumOfDrops([...this.captures.values()].flatMap(({ parts }) => parts));
  }

  close(): void {
    for (const ifindex of [...this.captures.keys()]) this.drop(ifindex);
  }

  private open(link: Device): void {
    const { ifindex, name } = link;
    const parts: PcapCapture[] = [];
    try {
      const compiled = this.compile(link);
      const [filter, rest] = compiled ? ['', compiled] : [this.filter, PASS_ALL];
      for (const { way, program } of WAYS) {
        const onFrame = (frame: PcapFrame): void => this.onFrame({ ...frame, link: name, way });
        parts.push(openCapture(this.pcap, link, { filter, program: Buffer.concat([program, rest]) }, onFrame));
      }
    } catch (error) {
      for (const part of parts) part.close();
      if (error instanceof UsageError || !(error instanceof BondheraldError)) throw error;
      if (!this.failed.has(ifindex)) this.report(error.message);
      this.failed.add(ifindex);
      return;
    }
    this.failed.delete(ifindex);
    this.captures.set(ifindex, { name, parts });
  }

  /** What the kernel is to judge by behind our program; null when libpcap has to. All links of a bond are Ethernet. */
  private compile(link: Device): Uint8Array | null {
    if (this.compiled === undefined)
      this.compiled = this.filter === '' ? PASS_ALL : compileFilter(this.pcap, link, this.filter);
    return this.compiled;
  }

  private drop(ifindex: number): void {
    const capture = this.captures.get(ifindex);
    if (!capture) return;
    this.dropsBefore += sumOfDrops(capture.parts);
    for (const part of capture.parts) part.close();
    this.captures.delete(ifindex);
  }
}

function sumOfDrops(parts: readonly PcapCapture[]): number {
  return parts.reduce((sum, part) => sum + part.drops(), 0);
}
