import { CONTROL_SOCKET, DEFAULTS } from '../config/defaults.js';
import { decodeAnswer } from '../control/answer.js';
import { MAX_ANSWER_BYTES } from '../control/line.js';
import type { ControlRequest, ControlResults } from '../control/messages.js';
import { encodeRequest } from '../control/request.js';
import { answerRequest } from '../daemon/answers.js';
import { readHost } from '../daemon/read-host.js';
import { ControlMessageError, ControlSocketError, DaemonError, UsageError } from '../errors.js';
import { systemClock } from '../sys/clock.js';
import { askUnix } from '../sys/unix-client.js';

/** A daemon that does not answer within so many seconds is stuck. */
const LIMITS = { answerBytes: MAX_ANSWER_BYTES, seconds: 10 };

/** No daemon runs, or none that has a socket. */
const NO_DAEMON = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

/** An answer, and what people should know of where it comes from (null: nothing). */
export interface Asked<Op extends keyof ControlResults> {
  readonly result: ControlResults[Op];
  readonly note: string | null;
}

/**
 * Has a request answered by the daemon, which remembers who fell silent. Where none runs or it cannot be asked, the
 * kernel is read and the request carried out here.
 * @throws BondheraldError the daemon's or our own
 */
export async function ask<Op extends keyof ControlResults>(
  request: ControlRequest & { op: Op },
  socket: string = CONTROL_SOCKET,
): Promise<Asked<Op>> {
  try {
    return { result: await askDaemon<Op>(request, socket), note: null };
  } catch (error) {
    const unreachable = error instanceof ControlSocketError;
    if (!unreachable && !(error instanceof ControlMessageError)) throw error;
    const host = await readHost(DEFAULTS, systemClock);
    const result = answerRequest<Op>({ host, now: systemClock.monotonic() }, request);
    const none = unreachable && NO_DAEMON.has(error.errno);
    const note = `the daemon could not be asked, so guests that fell silent are missing: ${error.message}`;
    return { result, note: none ? null : note };
  }
}

async function askDaemon<Op extends keyof ControlResults>(
  request: ControlRequest & { op: Op },
  socket: string,
): Promise<ControlResults[Op]> {
  const answer = decodeAnswer<Op>(request.op, await askUnix(socket, encodeRequest(request), LIMITS));
  if ('result' in answer) return answer.result;
  const { code, exitCode, message } = answer.error;
  if (code === 'CONTROL_MESSAGE') throw new ControlMessageError(message); // it did not understand us
  throw exitCode === 2 ? new UsageError(message) : new DaemonError(code, message);
}
