import { encodeAnswer } from '../control/answer.js';
import { MAX_REQUEST_BYTES } from '../control/line.js';
import type { AnnounceReport, ControlRequest, ControlResults } from '../control/messages.js';
import { decodeRequest } from '../control/request.js';
import { BondheraldError, ControlSocketError } from '../errors.js';
import type { Verdict } from '../guests/verdict.js';
import type { HostState } from '../guests/host-state.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Clock } from '../sys/clock.js';
import type { Log } from '../sys/log.js';
import { listenUnix, type UnixServer } from '../sys/unix-server.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { answerRequest } from './answers.js';
import { oneLine, type Task, untilAborted } from './task.js';

/** Generous to a person's command, and a client that hangs is rid of soon. */
const LIMITS = { clients: 16, requestBytes: MAX_REQUEST_BYTES, requestSeconds: 5, answerSeconds: 30 };

/** Answers the other commands over the control socket. */
export class ControlServer implements Task {
  readonly name = 'control';
  readonly ready = Promise.resolve();
  private server: UnixServer | null = null;

  /**
   * @param hostKnown settles when the host's state is whole; requests wait for it
   * @param bonds the guests of each bond as they are announced
   */
  constructor(
    private readonly host: HostState,
    private readonly bonds: ReadonlyMap<number, BondGuests>,
    private readonly tools: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
    private readonly hostKnown: () => Promise<void>,
  ) {}

  /**
   * Takes the socket. Where it cannot be made, the daemon does its work without it.
   * @throws AlreadyRunningError when another daemon has it
   */
  async listen(path: string): Promise<void> {
    try {
      this.server = await listenUnix(path, LIMITS, (line) => this.answer(line));
    } catch (error) {
      if (!(error instanceof ControlSocketError)) throw error;
      this.tools.log.warn('no control socket: other commands read the kernel themselves', { reason: oneLine(error) });
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    await untilAborted(signal);
    this.close();
  }

  /** Gives the socket back. */
  close(): void {
    this.server?.close();
    this.server = null;
  }

  private async answer(line: Uint8Array): Promise<string> {
    try {
      const request = decodeRequest(line);
      await this.hostKnown();
      return encodeAnswer({ result: this.carryOut(request) });
    } catch (error) {
      const known = error instanceof BondheraldError;
      if (!known) this.tools.log.error('a request on the control socket failed', { reason: oneLine(error) });
      const { code, exitCode } = known ? error : { code: 'INTERNAL', exitCode: 1 as const };
      return encodeAnswer({ error: { code, exitCode, message: oneLine(error).slice(0, 4096) } });
    }
  }

  private carryOut(request: ControlRequest): ControlResults[typeof request.op] {
    const reasonFor = (verdict: Verdict) => this.bonds.get(verdict.bond)?.reasonFor(verdict) ?? verdict.suppressed;
    const knowledge = { host: this.host, now: this.tools.clock.monotonic(), reasonFor };
    if (request.op !== 'announce') return answerRequest(knowledge, request);
    const report = answerRequest(knowledge, request);
    if (!report.dryRun) this.note(report);
    return report;
  }

  private note({ bond, frames, sent, suppressed, refused }: AnnounceReport): void {
    const { log, metrics } = this.tools;
    metrics.count('bondherald_frames_sent_total', { bond, kind: 'rarp' }, sent);
    for (const [code, count] of Object.entries(refused)) {
      metrics.count('bondherald_frame_errors_total', { bond, kind: 'rarp', code }, count);
    }
    log.info('announced by hand', { bond, frames: sent, refused: frames.length - sent, suppressed: suppressed.length });
  }
}
