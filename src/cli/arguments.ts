import { isGroupMac, type Mac, parseMac, ZERO_MAC } from '../addr/mac.js';
import { FRAME_KINDS, type FrameKind } from '../config/config.js';
import { UsageError } from '../errors.js';
import type { LogFormat } from '../sys/log.js';

/** A guest's MAC. @throws UsageError when it is malformed, or no station's address */
export function macArgument(text: string): Mac {
  const mac = parseMac(text);
  if (mac === undefined) throw new UsageError(`--mac ${text}: not a MAC address, such as 52:54:00:12:34:56`);
  if (isGroupMac(mac)) throw new UsageError(`--mac ${text}: a guest cannot have a multicast or broadcast address`);
  if (mac === ZERO_MAC) throw new UsageError(`--mac ${text}: a guest cannot have the zero address`);
  return mac;
}

/** A VLAN identifier (IEEE 802.1Q table 9-2). @throws UsageError when it is outside 1 to 4094 */
export function vlanArgument(text: string): number {
  return wholeNumber('--vlan', text, 4094, 'not a VLAN; ');
}

/** Kinds of frames, with commas between them. @throws UsageError for one that is no kind or comes twice */
export function kindsArgument(text: string): FrameKind[] {
  return text.split(',').map((word, at, all) => {
    const kind = FRAME_KINDS.find((each) => each === word.trim());
    if (kind === undefined)
      throw new UsageError(`--kinds ${text}: expected one or more of ${FRAME_KINDS.join(', ')}, separated by commas`);
    if (all.findIndex((each) => each.trim() === kind) < at)
      throw new UsageError(`--kinds ${text}: ${kind} is given twice`);
    return kind;
  });
}

/** A number of rounds. @throws UsageError when it is no number from 1 to 1000 */
export function roundsArgument(text: string): number {
  return wholeNumber('--rounds', text, 1000);
}

/** A number of frames. @throws UsageError when it is no number from 1 to 999999999 */
export function countArgument(text: string): number {
  return wholeNumber('--count', text, 999_999_999);
}

function wholeNumber(option: string, text: string, most: number, wrong = ''): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > most)
    throw new UsageError(`${option} ${text}: ${wrong}expected a number from 1 to ${most}`);
  return number;
}

/** How the log is to be written. @throws UsageError when it is no format */
export function logArgument(text = 'text'): LogFormat {
  if (text === 'text' || text === 'json') return text;
  throw new UsageError(`--log ${text}: expected text or json`);
}

/**
 * The command line by which units start the daemon, read without the parser of all others, which takes a third of the
 * start: `run`, and at most `--config FILE`.
 * @returns null for every other command line
 */
export function plainRun([command, option, file, ...more]: readonly string[]): { config?: string } | null {
  if (command !== 'run' || more.length > 0) return null;
  if (option === undefined) return {};
  return option === '--config' && file !== undefined && !file.startsWith('-') ? { config: file } : null;
}
