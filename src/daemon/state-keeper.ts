import { oneLine } from '../errors.js';
import type { Mac } from '../addr/mac.js';
import type { HostState } from '../guests/host-state.js';
import type { Snapshot } from '../guests/snapshot.js';
import { encodeState, MAX_BYTES, type SavedState } from '../state/document.js';
import type { Log } from '../sys/log.js';
import { decodeState } from '../state/decode.js';
import { applyJournal, encodeChange, journalHead } from '../state/journal.js';
import type { StateFile } from '../sys/files/replaced-files.js';
import { Deferred } from '../tasks/deferred.js';
import { bytesInSlices, Slices } from '../tasks/slices.js';
import { type Task, untilAborted } from '../tasks/task.js';
import type { Tools } from './surroundings.js';
import { asBond, type BondId } from '../topology/bond-id.js';
import { missedFailovers } from '../topology/named-devices.js';

/** How often we look whether there is something to save, in seconds. */
const LOOK_INTERVAL = 1;

/** At least so many seconds lie between two saves: with the time until the next look, the file is never more than 5 s behind. */
const SAVE_INTERVAL = 3.5;

/** Saved this often even when nothing changed, in seconds, because it says when each guest was last there. */
const REFRESH_INTERVAL = 600;

/** Of a document that is shorter, in bytes, no journal is kept: it is written whole in a moment. */
const JOURNAL_FROM = 256 << 10;

/** A journal may be so long to its document before both are written anew. */
const JOURNAL_SHARE = 0.5;

/** What the keeper needs of other parts of the daemon. */
interface KeeperParts {
  /** Settles when the devices and guests of the host are known. */
  hostKnown(): Promise<void>;
  /** Settles, once guests have been restored and `guestsChanged` is out, when no failover is missed. */
  announcerReady(): Promise<void>;
  /** Whether nothing of the last failover of a bond remains to be announced. */
  isAnnounced(bond: BondId): boolean;
}

/** Carries what we know of the host over to the next run. */
export class StateKeeper implements Task {
  readonly name = 'state-keeper';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private saving: Promise<void> | null = null;
  private savedAs = '';
  /** When the document was written. */
  private savedAt = -Infinity;
  /** How many bytes the journal has, and may have; null: the document is to be written whole. */
  private journal: { readonly bytes: number; readonly most: number } | null = null;
  private triedAt = -Infinity;
  private failing = false;
  /** While what we know is worth saving. */
  private bootId: string | null = null;

  constructor(
    private readonly host: HostState,
    private readonly file: StateFile,
    private readonly readBootId: () => Promise<string>,
    private readonly tools: Pick<Tools, 'clock' | 'log' | 'events'>,
    private readonly parts: KeeperParts,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const bootId = await this.readBootId().catch((error: unknown) => {
      this.tools.log.warn('cannot read the boot id; not keeping any state', { reason: oneLine(error) });
      this.isReady.resolve();
    });
    return bootId === undefined ? untilAborted(signal) : this.keep(bootId, signal);
  }

  /** A bond has failed over: what is known is saved at once, or a crash in the next seconds would lose it. */
  failover(): void {
    if (this.bootId === null) return;
    this.triedAt = -Infinity;
    this.look(this.bootId);
  }

  private async keep(bootId: string, signal: AbortSignal): Promise<void> {
    const state = await loadState(this.file, bootId, this.tools.log);
    await Promise.race([this.parts.hostKnown(), untilAborted(signal)]);
    if (signal.aborted) return; // what the file says is better than what we know yet
    if (state) await this.restore(state, signal);
    this.isReady.resolve();
    this.bootId = bootId;
    const stop = this.tools.clock.every(LOOK_INTERVAL, () => this.look(bootId));
    await untilAborted(signal);
    stop();
    this.bootId = null;
    await this.saving;
    await this.saveIfChanged(bootId);
  }

  private async restore({ guests, bonds, savedAt }: SavedState, signal: AbortSignal): Promise<void> {
    const { clock, log, events } = this.tools;
    this.host.restore(guests, clock.monotonic());
    events.emit('guestsChanged');
    log.info('loaded the state of an earlier run', {
      guests: guests.length,
      age_s: Math.max(0, Math.round(clock.unix() - savedAt)), // the clock may have been set back
    });
    await Promise.race([this.parts.announcerReady(), untilAborted(signal)]); // from then on it misses no failover
    const missed = signal.aborted ? [] : missedFailovers(this.host.topology, bonds);
    for (const { bond, slave } of missed) events.emit('due', bond, slave, 'missed');
  }

  private look(bootId: string): void {
    if (this.tools.clock.monotonic() - this.triedAt < SAVE_INTERVAL) return;
    this.saving ??= this.saveIfChanged(bootId).finally(() => (this.saving = null));
  }

  private async saveIfChanged(bootId: string): Promise<void> {
    const { host, tools } = this;
    const now = tools.clock.monotonic();
    const current = `${host.changed.count} ${JSON.stringify(this.bonds(now))}`;
    const isOld = now - this.savedAt >= REFRESH_INTERVAL;
    if (current === this.savedAs && !isOld) return;
    this.triedAt = now;
    const macs = host.changed.unsaved.take();
    const isWhole = isOld || macs === 'all' || !this.journal || this.journal.bytes > this.journal.most;
    if (await this.write(() => (isWhole ? this.writeWhole(bootId, now) : this.append(macs, now)))) {
      this.savedAs = current;
      if (isWhole) this.savedAt = now;
    } else this.journal = null; // of what was to be added nobody knows any more
  }

  /** Writes the document, and begins its journal where that is worth while. */
  private async writeWhole(bootId: string, now: number): Promise<void> {
    this.journal = null;
    const savedAt = this.tools.clock.unix();
    const parts = await this.inSlices(encodeState({ bootId, savedAt }, this.snapshot(now, 'all')));
    await this.file.write(parts);
    const bytes = lengthOf(parts);
    const head = bytes < JOURNAL_FROM ? null : journalHead({ bootId, savedAt, bytes });
    await this.file.beginJournal(head);
    if (head !== null) this.journal = { bytes: 0, most: bytes * JOURNAL_SHARE };
  }

  private async append(macs: ReadonlySet<Mac>, now: number): Promise<void> {
    const { bytes = 0, most = 0 } = this.journal ?? {};
    const parts = await this.inSlices(encodeChange(this.snapshot(now, macs)));
    await this.file.append(parts);
    this.journal = { bytes: bytes + lengthOf(parts), most };
  }

  /**
   * A bond whose last failover is not announced to its end has no slave in the file: whoever reads that announces it,
   * whichever slave it has then, because the switches may know of none.
   */
  private snapshot(now: number, macs: ReadonlySet<Mac> | 'all'): Snapshot {
    const { bonds, guests } = this.host.snapshot(now, macs);
    const announced = bonds.map((bond) =>
      this.parts.isAnnounced(asBond(bond.ifindex)) ? bond : { ...bond, activeSlave: null },
    );
    return { bonds: announced, guests };
  }

  private bonds(now: number): Snapshot['bonds'] {
    return this.snapshot(now, new Set()).bonds;
  }

  /** Without room or rights the daemon goes on. @returns whether it is written */
  private async write(act: () => Promise<void>): Promise<boolean> {
    const { log } = this.tools;
    try {
      await act();
      if (this.failing) log.info('writing the state file works again', { path: this.file.path });
      this.failing = false;
    } catch (error) {
      if (!this.failing) log.warn('cannot write the state file; will keep trying', { reason: oneLine(error) });
      this.failing = true;
    }
    return !this.failing;
  }

  private inSlices(pieces: Iterable<string>): Promise<Uint8Array[]> {
    return bytesInSlices(pieces, new Slices(this.tools.clock));
  }
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** What it means for the operator that a file is not used. */
const CONSEQUENCE = 'silent guests from before the start are unknown';

/**
 * Reads the state file of an earlier run of this boot. Whatever is wrong with it is a warning, and never an error.
 * @returns null when there is none that can be used; one that is there is set aside
 */
async function loadState(file: StateFile, bootId: string, log: Log): Promise<SavedState | null> {
  try {
    const bytes = await file.read(MAX_BYTES);
    if (bytes === null) return null;
    const decoded = bytes === 'too-large' ? { reason: bytes } : decodeState(bytes, bootId);
    if (decoded.reason !== null) {
      const { reason } = decoded;
      const path = await file.setAside(reason).catch((error: unknown) => oneLine(error));
      log.warn(`state file unusable and set aside: ${CONSEQUENCE}`, { reason, path });
      return null;
    }
    const { state, dropped } = await withJournal(file, bootId, decoded, bytes.length);
    if (dropped > 0) log.warn('skipped invalid entries of the state file', { path: file.path, dropped });
    return state;
  } catch (error) {
    log.warn(`cannot use the state file: ${CONSEQUENCE}`, { reason: oneLine(error) });
    return null;
  }
}

/** What has changed since the document was written, if it has a journal. @throws SyscallError */
async function withJournal(
  file: StateFile,
  bootId: string,
  document: { readonly state: SavedState; readonly dropped: number },
  length: number,
): Promise<{ readonly state: SavedState; readonly dropped: number }> {
  const journal = await file.readJournal(MAX_BYTES);
  if (journal === null) return document;
  if (journal === 'too-large') return { ...document, dropped: document.dropped + 1 };
  const { savedAt } = document.state;
  const { state, dropped } = applyJournal(journal, { bootId, savedAt, bytes: length }, document.state);
  return { state, dropped: document.dropped + dropped };
}
