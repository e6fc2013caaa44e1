import { failureOf } from '../errors.js';
import type { MirrorDevices } from '../kernel/bpf/tc-news-filter.js';
import type { Hearing } from '../sources/hearing.js';
import { tcxEgressPrograms } from '../sys/bpf.js';
import { waitForAny } from '../sys/eventfd.js';
import { openPacketReader, type PacketReader, type ReadFrame } from '../sys/packets/packet-reader.js';
import { BondMirror, type MirrorTools } from './bond-mirror.js';
import { MirrorPause } from './mirror-pause.js';

/** How often it is looked whether all is as it should be, in seconds, when nothing tells of a change. */
const LOOK_INTERVAL = 1;
/** How often the kernel is asked for the filters themselves. */
const WHOLE_LOOK_INTERVAL = 5;
/** Changes that come faster are looked at together. */
const TOGETHER = 0.1;

/** What the listeners on all bonds share. */
export interface ListenerTools extends MirrorTools {
  readonly filter: Uint8Array;
}

/** How a bond is to be heard: by a mirror where that works, or by a packet socket in any case. */
export type WantedHearing = 'mirror' | 'socket';

/** How it is heard until its mirror is set up, or refused. */
const BEGINNING: Hearing = { how: 'socket', reason: null };

/** Why it is heard by a socket where the configuration says so. */
const AS_CONFIGURED: Hearing = { how: 'socket', reason: 'guests.sources.snoop is socket' };

/**
 * Listens on one bond. What leaves comes from a mirror, because a socket on the bond would have the kernel copy every
 * frame that leaves; what comes in, from a socket on the bond. While no mirror works both come from a socket on the bond:
 * so at first, because a mirror takes the kernel its time, and nothing has to wait for that.
 */
export class BondListener {
  private readonly mirror: BondMirror;
  private readonly pause = new MirrorPause();
  /** What left first, where that has a socket of its own. */
  private readers: readonly PacketReader[] = [];
  /** Sockets that are closed when what they hold has been read. */
  private retired: readonly PacketReader[] = [];
  private hearing: Hearing | null = null;
  private mirroredSince = 0;
  private lookedAt = -Infinity;
  private lookedAtAllAt = -Infinity;
  private urged = false;
  /** How often a mirror was to be set up. */
  private tries = 0;
  /** The programs at tcx when a mirror was refused last, as text. */
  private programs = '';

  /** @param report called with each change of how it is heard */
  constructor(
    private readonly bond: number,
    private readonly tools: ListenerTools,
    private readonly report: (hearing: Hearing) => void,
    private readonly wanted: WantedHearing = 'mirror',
  ) {
    const copies = (): number[] => this.readers.slice(0, 1).map(({ fd }) => fd);
    this.mirror = new BondMirror(bond, tools, () => waitForAny(copies(), 0).length === 0);
  }

  /** Begins to listen; the mirror comes with the first `look`. @throws BondheraldError when the bond cannot be listened on at all */
  open(): void {
    this.openPlain();
    this.tell(this.wanted === 'socket' ? AS_CONFIGURED : BEGINNING);
  }

  /** Whether a socket is to be read to its end and closed, which needs no frame to come. */
  get waits(): boolean {
    return this.retired.length > 0;
  }

  /** What can be waited on. */
  get descriptors(): number[] {
    return [...this.retired, ...this.readers].map(({ fd }) => fd);
  }

  /** The devices whose changes it is to be urged about. */
  get devices(): MirrorDevices {
    const { device } = this.mirror;
    return { bonds: this.wanted === 'mirror' ? [this.bond] : [], dummies: device === null ? [] : [device] };
  }

  /**
   * Hands over what there is, at most `limit` frames of each direction, and calls `done` after each. What left comes
   * first: of a guest's frame and its echo, or its migration, the echo counts. @returns whether more may have left
   */
  read(limit: number, handle: (frame: ReadFrame) => void, done: () => void = () => undefined): boolean {
    for (const reader of this.retired) if (reader.read(limit, handle) < limit) this.drop(reader);
    const { witness } = this.mirror;
    const copied = (frame: ReadFrame): void => {
      witness.copied(frame.bytes);
      handle(frame);
    };
    const counts = this.readers.map((reader, i) => {
      const count = reader.read(limit, i === 0 && this.isMirrored ? copied : handle);
      done();
      if (reader.wentDown()) this.urge();
      return count;
    });
    return this.retired.length > 0 || (counts[0] ?? 0) >= limit;
  }

  /** Something may have changed about its devices. */
  urge(): void {
    this.urged = true;
  }

  /** When `look` is due, on the monotonic clock, seconds. */
  get due(): number {
    return this.lookedAt + (this.urged ? TOGETHER : LOOK_INTERVAL);
  }

  /**
   * Looks whether it hears all that it should, and rights what is wrong. To be called when it is due.
   * @returns whether it has tried to set a mirror up: others may have something to be heard by now
   */
  look(): boolean {
    const now = this.tools.now();
    const { urged, tries } = this;
    this.urged = false;
    this.lookedAt = now;
    if (this.isMirrored) this.lookAtMirror(now, urged);
    else this.lookWithoutMirror(now, urged);
    return this.tries > tries;
  }

  /** How many frames were lost since the last call. */
  drops(): number {
    return this.readers.reduce((count, reader) => count + reader.drops(), 0);
  }

  /** Ends it, and leaves nothing on the host. */
  close(): void {
    for (const reader of [...this.retired, ...this.readers]) reader.close();
    this.retired = [];
    this.readers = [];
    if (this.isMirrored) this.mirror.takeDown();
  }

  private get isMirrored(): boolean {
    return this.mirror.device !== null;
  }

  private lookAtMirror(now: number, urged: boolean): void {
    const all = urged || now - this.lookedAtAllAt >= WHOLE_LOOK_INTERVAL;
    if (all) this.lookedAtAllAt = now;
    if (urged) this.mirror.witness.forget();
    const flaw = this.flaw(all);
    if (flaw === null) return;
    this.dropCopies();
    const failure = failureOf(() => this.openPlain()); // at once: what follows takes the kernel some milliseconds
    this.mirror.takeDown();
    this.pause.lost(now, now - this.mirroredSince);
    if (failure) return this.tell({ how: 'deaf', reason: failure.message });
    const refusal = this.pause.isOver(now, true) ? this.tryMirror() : flaw;
    this.tell(refusal === null ? { how: 'mirror', reason: flaw } : { how: 'socket', reason: refusal });
  }

  private flaw(all: boolean): string | null {
    if (!this.readers.every((reader) => reader.isBound())) return 'a device of it was removed';
    let flaw: string | null = null;
    const failure = failureOf(() => (flaw = all ? this.mirror.flaw() : this.mirror.flawInPassing()));
    return failure?.message ?? flaw;
  }

  private lookWithoutMirror(now: number, urged: boolean): void {
    const isDeaf = !this.readers[0]?.isBound();
    const failure = isDeaf ? failureOf(() => this.openPlain()) : null;
    if (failure) return this.tell({ how: 'deaf', reason: failure.message });
    if (this.wanted === 'socket') return this.tell(AS_CONFIGURED);
    const mayTry = this.pause.isOver(now, urged || this.programs !== this.programsNow());
    const refusal = mayTry ? this.tryMirror() : (this.hearing?.reason ?? null);
    this.tell(mayTry && refusal === null ? { how: 'mirror', reason: null } : { how: 'socket', reason: refusal });
  }

  /** Hears both ways by one socket. */
  private openPlain(): void {
    this.replace([this.reader(this.bond, 'both')]);
  }

  /** From the socket to a mirror. @returns null, or why there is none */
  private tryMirror(): string | null {
    this.tries++;
    const failure = failureOf(() => {
      const dummy = this.mirror.setUp();
      const opened: PacketReader[] = [];
      try {
        opened.push(this.reader(dummy, 'out'));
        opened.push(this.reader(this.bond, 'in'));
      } catch (error) {
        for (const reader of opened) reader.close();
        this.mirror.takeDown();
        throw error;
      }
      this.replace(opened);
    });
    const now = this.tools.now();
    this.mirroredSince = now;
    this.lookedAtAllAt = now;
    if (!failure) return null;
    this.programs = this.programsNow();
    this.pause.refused(now);
    return failure.message;
  }

  private programsNow(): string {
    return String(tcxEgressPrograms(this.bond));
  }

  /** What is left there may never have left the bond. */
  private dropCopies(): void {
    const [copies, ...others] = this.readers;
    copies?.close();
    this.readers = others;
  }

  private replace(readers: readonly PacketReader[]): void {
    for (const reader of this.readers) reader.stop();
    this.retired = [...this.retired, ...this.readers];
    this.readers = readers;
  }

  private drop(retired: PacketReader): void {
    retired.close();
    this.retired = this.retired.filter((each) => each !== retired);
  }

  private tell(hearing: Hearing): void {
    const { how, reason } = this.hearing ?? {};
    const isNews =
      hearing.how !== how || hearing.reason !== reason || (hearing.how === 'mirror' && hearing.reason !== null);
    this.hearing = hearing;
    if (isNews) this.report(hearing);
  }

  private reader(ifindex: number, hears: 'in' | 'out' | 'both'): PacketReader {
    return openPacketReader(ifindex, this.tools.filter, this.tools.ring, hears);
  }
}
