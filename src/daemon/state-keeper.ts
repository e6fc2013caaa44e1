import { oneLine } from '../errors.js';
import type { HostState } from '../guests/host-state.js';
import type { Snapshot } from '../guests/snapshot.js';
import { encodeState, MAX_BYTES, type SavedState } from '../state/document.js';
import type { Log } from '../sys/log.js';
import { decodeState } from '../state/decode.js';
import type { StateFile } from '../sys/files/replaced-files.js';
import { Deferred } from '../tasks/deferred.js';
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

/** So many guests are encoded before others have their turn: about a millisecond. */
const SLICE = 256;

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
  private savedAt = -Infinity;
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
    const now = this.tools.clock.monotonic();
    const snapshot = this.snapshot(now);
    const current = `${this.host.changes} ${JSON.stringify(snapshot.bonds)}`;
    if (current !== this.savedAs || now - this.savedAt >= REFRESH_INTERVAL) {
      this.triedAt = now;
      const origin = { bootId, savedAt: Math.floor(this.tools.clock.unix()) };
      if (await this.write(encodeState(origin, snapshot))) [this.savedAs, this.savedAt] = [current, now];
    }
  }

  /**
   * A bond whose last failover is not announced to its end has no slave in the file: whoever reads that announces it,
   * whichever slave it has then, because the switches may know of none.
   */
  private snapshot(now: number): Snapshot {
    const { bonds, guests } = this.host.snapshot(now);
    const announced = bonds.map((bond) =>
      this.parts.isAnnounced(asBond(bond.ifindex)) ? bond : { ...bond, activeSlave: null },
    );
    return { bonds: announced, guests };
  }

  /** Without room or rights the daemon goes on. @returns whether it is written */
  private async write(pieces: Iterable<string>): Promise<boolean> {
    const { log } = this.tools;
    try {
      await this.file.write(await this.inSlices(pieces));
      if (this.failing) log.info('writing the state file works again', { path: this.file.path });
      this.failing = false;
    } catch (error) {
      if (!this.failing) log.warn('cannot write the state file; will keep trying', { reason: oneLine(error) });
      this.failing = true;
    }
    return !this.failing;
  }

  private async inSlices(pieces: Iterable<string>): Promise<Uint8Array[]> {
    const slices: Uint8Array[] = [];
    let slice: string[] = [];
    for (const piece of pieces) {
      if (slice.push(piece) < SLICE) continue;
      slices.push(Buffer.from(slice.join('')));
      slice = [];
      await new Promise<void>((resolve) => this.tools.clock.soon(resolve));
    }
    return [...slices, Buffer.from(slice.join(''))];
  }
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
    const { dropped } = decoded;
    if (dropped > 0) log.warn('skipped invalid entries of the state file', { path: file.path, dropped });
    return decoded.state;
  } catch (error) {
    log.warn(`cannot use the state file: ${CONSEQUENCE}`, { reason: oneLine(error) });
    return null;
  }
}
