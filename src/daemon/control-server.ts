import { CONTROL_GROUP } from '../config/constants.js';
import { answerPieces, decodeRequest, encodeAnswer, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES } from '../control/codec.js';
import type {
  AnnounceReport,
  AnnounceRequest,
  ControlRequest,
  ControlResults,
  KernelResults,
} from '../control/messages.js';
import { BondheraldError, BusyError, ControlSocketError, oneLine } from '../errors.js';
import type { GroupTable } from '../groups/group-table.js';
import type { HostState } from '../guests/host-state.js';
import { listenUnix, shareWithGroup, type UnixServer } from '../sys/unix/unix-server.js';
import type { Verdict } from '../guests/verdict.js';
import { answerRequest } from '../host/answers.js';
import type { FailoverHistory } from '../host/history.js';
import type { StandbyOf } from '../host/standby.js';
import { newBuckets } from '../plan/bond-plan.js';
import type { Hearing } from '../sources/hearing.js';
import { VERSION } from '../sys/program.js';
import { bytesInSlices, Slices } from '../tasks/slices.js';
import type { BondId } from '../topology/bond-id.js';
import { findBond } from '../topology/bonds.js';
import type { Announced, ManualTools } from '../wire/announce-by-hand.js';
import type { Announcements } from '../wire/announcements.js';
import type { BondGuests } from '../wire/bond-guests.js';
import type { Settings } from './settings.js';
import type { Tools } from './surroundings.js';

/** Generous to a person's command, and a client that hangs is rid of soon. */
const LIMITS = {
  clients: 32,
  requestBytes: MAX_REQUEST_BYTES,
  unreadBytes: MAX_ANSWER_BYTES,
  requestSeconds: 5,
  answerSeconds: 30,
  signSeconds: 2,
};

/** So many announcements by hand at once. Those of one bond share its rates: more would only wait for each other. */
const MAX_ANNOUNCEMENTS = 4;

/** Answers the other commands over the control socket. */
export class ControlServer {
  private server: UnixServer | null = null;
  /** Seconds since 1970-01-01 00:00 UTC. */
  private started = 0;
  private announcing = 0;

  /** @param hostKnown settles when the host's state is whole @param bonds the guests as they are announced */
  constructor(
    private readonly host: HostState,
    private readonly bonds: ReadonlyMap<BondId, BondGuests>,
    private readonly tools: Pick<Tools, 'clock' | 'log' | 'metrics'> & {
      readonly history: FailoverHistory;
      readonly hearingOf: (bond: BondId) => Hearing;
      readonly standbyOf: StandbyOf;
      /** The status page, to be read from a file. */
      readonly page: () => Promise<string>;
      readonly groups: GroupTable;
    },
    private readonly manual: ManualTools,
    private readonly hostKnown: () => Promise<void>,
  ) {}

  /**
   * Binds the socket, which no two daemons can have. Where it cannot be made, the daemon does its work without it.
   * @throws AlreadyRunningError when another daemon has bound it
   */
  async listen(path: string): Promise<void> {
    this.started = this.tools.clock.unix();
    try {
      this.server = await listenUnix(path, LIMITS, (line) => this.answer(line));
    } catch (error) {
      if (!(error instanceof ControlSocketError)) throw error;
      this.tools.log.warn('cannot create the control socket; commands will read the kernel themselves', {
        reason: oneLine(error),
      });
    }
  }

  /** Lets the group of its users use the socket, where there is one. */
  share(path: string): void {
    const reason = this.server && shareWithGroup(path, CONTROL_GROUP);
    if (reason === null) return;
    const field = reason === 'no-group' ? `group ${CONTROL_GROUP} does not exist` : `${CONTROL_GROUP}: ${reason}`;
    this.tools.log.info('only root and the group of the daemon can use the control socket', { reason: field });
  }

  /** Gives the socket back. */
  close(): void {
    this.server?.close();
    this.server = null;
  }

  private async answer(line: Uint8Array): Promise<string | readonly Uint8Array[]> {
    try {
      const request = decodeRequest(line);
      await this.hostKnown();
      return await bytesInSlices(answerPieces({ result: await this.resultOf(request) }), new Slices(this.tools.clock));
    } catch (error) {
      const known = error instanceof BondheraldError;
      if (!known) this.tools.log.error('a request on the control socket failed', { reason: oneLine(error) });
      const { code, exitCode } = known ? error : { code: 'INTERNAL', exitCode: 1 as const };
      return encodeAnswer({ error: { code, exitCode, message: oneLine(error).slice(0, 4096) } });
    }
  }

  private async resultOf(request: ControlRequest): Promise<ControlResults[keyof ControlResults]> {
    if (request.op === 'page') return { html: await this.tools.page() };
    if (request.op === 'standby') {
      const { bond } = request;
      return { bonds: this.tools.standbyOf(bond === null ? undefined : findBond(this.host.topology, bond)) };
    }
    return request.op === 'announce' ? this.announce(request) : this.carryOut(request);
  }

  private async announce(request: AnnounceRequest): Promise<AnnounceReport> {
    if (this.announcing >= MAX_ANNOUNCEMENTS) {
      const what = `${MAX_ANNOUNCEMENTS} announce commands are already running`;
      throw new BusyError(`${request.bond}: ${what}; try again later`);
    }
    this.announcing++;
    try {
      return await this.carryOut(request);
    } finally {
      this.announcing--;
    }
  }

  private carryOut<Op extends keyof KernelResults>(request: ControlRequest & { op: Op }): Promise<KernelResults[Op]> {
    const { host, bonds, manual, tools } = this;
    const reasonFor = (verdict: Verdict) => bonds.get(verdict.bond)?.reasonFor(verdict) ?? verdict.suppressed;
    const announced = (done: Announced): void => this.note(done);
    const daemon = {
      version: VERSION,
      started: this.started,
      history: tools.history,
      hearingOf: tools.hearingOf,
      standbyOf: tools.standbyOf,
      bonds,
    };
    const { clock, groups } = tools;
    const now = clock.monotonic();
    const groupsOf = (verdict: Verdict) => groups.groupsOf(verdict, now);
    return answerRequest<Op>({ host, now, clock, reasonFor, groupsOf, manual, announced, daemon }, request);
  }

  private note({ report: { bond, dryRun, sent, suppressed, cut }, outcome }: Announced): void {
    if (dryRun) return;
    const { log, metrics } = this.tools;
    for (const [kind, frames] of Object.entries(outcome.sent)) {
      metrics.count('bondherald_frames_sent_total', { bond, kind }, frames);
    }
    for (const { kind, code, frames } of outcome.refused) {
      metrics.count('bondherald_frame_errors_total', { bond, kind, code }, frames);
    }
    const refused = outcome.refused.reduce((sum, { frames }) => sum + frames, 0);
    log.info('guests announced by command', { bond, frames: sent, refused, suppressed: suppressed.length, cut });
  }
}

/** What announcements by hand work with: they draw from the buckets of the others, and end when a bond fails over. */
export function manualTools(
  settings: Settings,
  announcements: Announcements,
  tools: Pick<ManualTools, 'clock' | 'openPort' | 'reportsOf' | 'refresh'>,
): ManualTools {
  return {
    ...tools,
    get settings() {
      return settings.current.announce;
    },
    bucketsOf: (bond) => announcements.of(bond)?.buckets ?? newBuckets(settings.current.announce.rate),
    watchOver(bond) {
      const epoch = announcements.of(bond)?.epoch;
      return () => announcements.of(bond)?.epoch === epoch;
    },
  };
}
