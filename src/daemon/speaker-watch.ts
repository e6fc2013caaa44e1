import type { HostState } from '../guests/host-state.js';
import { Deferred } from '../tasks/deferred.js';
import { type Task, untilAborted } from '../tasks/task.js';
import { deviceName } from '../topology/bonds.js';
import type { BondId } from '../topology/bond-id.js';
import type { BondGuests } from '../wire/bond-guests.js';
import type { Tools } from './surroundings.js';

/** How often it is looked who spoke of whom no source tells, in seconds. */
const INTERVAL = 1;

/** What it needs of the part that follows the kernel. */
interface Kernel {
  /** Settles when the devices and guests of the host are known. */
  hostKnown(): Promise<void>;
  /** Resolves when the kernel has answered on the socket of its messages: an answer to any question. */
  echo(): Promise<void>;
}

/**
 * Makes guests of the stations that were heard leaving and that no source explains. A bridge tells of a newcomer before
 * his frame leaves, but on another socket: so the kernel is asked for an answer, which comes behind all that it told.
 */
export class SpeakerWatch implements Task {
  readonly name = 'speaker-watch';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private asking = false;
  /** The bonds that have unexplained speakers. Bounded by the bonds of the host. */
  private readonly reported = new Set<BondId>();

  constructor(
    private readonly host: HostState,
    private readonly bonds: ReadonlyMap<BondId, BondGuests>,
    private readonly tools: Pick<Tools, 'clock' | 'events' | 'log' | 'metrics'>,
    private readonly kernel: Kernel,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    this.isReady.resolve();
    await Promise.race([this.kernel.hostKnown(), untilAborted(signal)]);
    if (signal.aborted) return;
    const stop = this.tools.clock.every(INTERVAL, () => void this.look());
    await untilAborted(signal);
    stop();
  }

  private async look(): Promise<void> {
    this.report();
    if (!this.host.isUnsettled || this.asking) return;
    const { clock, events, metrics } = this.tools;
    this.asking = true;
    const asked = clock.monotonic();
    await this.kernel.echo(); // which may answer a question that somebody asked before
    await this.kernel.echo();
    this.asking = false;
    this.host.settle(asked, clock.monotonic());
    for (const reason of this.host.takeEvictions()) metrics.count('bondherald_guest_evictions_total', { reason });
    events.emit('guestsChanged');
  }

  /** One line a bond when there begin to be some, and one when there are none any more. */
  private report(): void {
    for (const bond of this.reported) if (!this.bonds.has(bond)) this.reported.delete(bond);
    for (const [id, guests] of this.bonds) {
      const speakers = guests.countUnexplained();
      if (speakers > 0 === this.reported.has(id)) continue;
      const bond = deviceName(this.host.topology, id);
      const { log } = this.tools;
      if (speakers > 0) {
        this.reported.add(id);
        log.info('stations that are heard leaving are neither explained nor announced', { bond, speakers });
      } else {
        this.reported.delete(id);
        log.info('all stations that are heard leaving are explained or announced again', { bond });
      }
    }
  }
}
