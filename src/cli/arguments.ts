import { isGroupMac, type Mac, parseMac, ZERO_MAC } from '../addr/mac.js';
import type { FrameKind } from '../config/config.js';
import { UsageError } from '../errors.js';
import type { LogFormat } from '../sys/log.js';

/**
 * A guest's MAC from the command line.
 * @throws UsageError when it is malformed, or no station's address
 */
export function macArgument(text: string): Mac {
  const mac = parseMac(text);
  if (mac === undefined) throw new UsageError(`--mac ${text}: not a MAC address; write it like 52:54:00:12:34:56`);
  if (isGroupMac(mac)) throw new UsageError(`--mac ${text}: a multicast or broadcast address is no guest's`);
  if (mac === ZERO_MAC) throw new UsageError(`--mac ${text}: the zero address is no guest's`);
  return mac;
}

/**
 * A VLAN identifier from the command line.
 * @throws UsageError when it is outside 1 to 4094 (IEEE 802.1Q table 9-2)
 */
export function vlanArgument(text: string): number {
  const vid = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (!(vid >= 1 && vid <= 4094)) throw new UsageError(`--vlan ${text}: not a VLAN; give a number from 1 to 4094`);
  return vid;
}

const KINDS: readonly FrameKind[] = ['rarp', 'garp', 'na'];

/**
 * Kinds of frames from the command line, with commas between them.
 * @throws UsageError for none, one that is no kind, or one that comes twice
 */
export function kindsArgument(text: string): FrameKind[] {
  return text.split(',').map((word, at, all) => {
    const kind = KINDS.find((each) => each === word.trim());
    if (kind === undefined)
      throw new UsageError(`--kinds ${text}: give some of ${KINDS.join(', ')}, with commas between`);
    if (all.findIndex((each) => each.trim() === kind) < at)
      throw new UsageError(`--kinds ${text}: ${kind} comes twice`);
    return kind;
  });
}

/**
 * A number of rounds from the command line.
 * @throws UsageError when it is no number from 1 to 1000
 */
export function roundsArgument(text: string): number {
  const rounds = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (!(rounds >= 1 && rounds <= 1000)) throw new UsageError(`--rounds ${text}: give a number from 1 to 1000`);
  return rounds;
}

/**
 * A number of frames from the command line.
 * @throws UsageError when it is no number from 1 to 999999999
 */
export function countArgument(text: string): number {
  const frames = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(frames >= 1)) throw new UsageError(`--count ${text}: give a number from 1 to 999999999`);
  return frames;
}

/**
 * How the log is to be written, from the command line.
 * @throws UsageError when it is no format
 */
export function logArgument(text: string | undefined): LogFormat {
  if (text === undefined || text === 'text') return 'text';
  if (text === 'json') return 'json';
  throw new UsageError(`--log ${text}: give text or json`);
}
