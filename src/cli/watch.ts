import { checkCaptureRights, loadPcap } from '../sys/packets/pcap.js';
import { systemClock } from '../sys/clock.js';
import { countArgument } from './arguments.js';
import { type ConfigArguments, loadConfig } from './config-file.js';
import { FramePrinter } from './frame-printer.js';
import { LinkCaptures } from './link-captures.js';
import type { Output } from './output.js';
import { WatchedBond } from './watched-bond.js';

/** The arguments of `bondherald watch`, as they were typed. */
interface WatchArguments extends ConfigArguments {
  readonly bond: string;
  /** The words of an expression of pcap-filter(7). */
  readonly filter: readonly string[];
  readonly count: string | undefined;
  readonly json: boolean;
}

/** How often it is looked which links the bond has, in seconds. */
const LINK_INTERVAL = 0.25;

/**
 * Shows the ARP, RARP and Neighbor Discovery on the links of a bond, a line a frame, until `signal` aborts or so many were
 * shown. With `--json` each line is a document (seen-line.ts). A last line on stderr sums up.
 * @returns the exit code
 * @throws BondheraldError when there is no such bond, libpcap is not there or does not take the filter, or without rights
 */
export async function watch(args: WatchArguments, output: Output, signal: AbortSignal): Promise<number> {
  const count = args.count === undefined ? Infinity : countArgument(args.count);
  const { config } = await loadConfig({ config: args.config });
  const bond = await WatchedBond.open(args.bond, config);
  try {
    const pcap = loadPcap();
    checkCaptureRights();
    const printer = new FramePrinter(args.json, count, output);
    const report = (line: string): void => output.error(line);
    const captures = new LinkCaptures(pcap, args.filter.join(' '), (frame) => printer.add(frame), report);
    try {
      await follow(bond, captures, printer, args.bond, output, signal);
      output.error(printer.summary(captures.drops()));
    } finally {
      captures.close();
    }
  } finally {
    bond.close();
  }
  return 0;
}

/** Until the signal aborts or the printer is done. */
async function follow(
  bond: WatchedBond,
  captures: LinkCaptures,
  printer: FramePrinter,
  name: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  let named = '';
  const look = (): void => {
    const now = bond.now();
    captures.follow(now?.slaves ?? []);
    printer.about(captures.names, now?.ovs === null);
    const names = captures.names.join(', ') || 'no links';
    if (names !== named) output.error(`watching ${names} of ${name}, ready; press Ctrl-C to stop`);
    named = names;
  };
  look();
  const cancel = systemClock.every(LINK_INTERVAL, look);
  try {
    await new Promise<void>((resolve) => {
      printer.onDone = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
  } finally {
    cancel();
  }
}
