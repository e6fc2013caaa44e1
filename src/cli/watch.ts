import type { Config } from '../config/config.js';
import { BondheraldError } from '../errors.js';
import { type LiveHost, readHost } from '../host/read-host.js';
import { systemClock } from '../sys/clock.js';
import { checkCaptureRights, loadPcap } from '../sys/packets/pcap.js';
import { untilAborted } from '../tasks/task.js';
import { servedBonds, type Bond, findBond } from '../topology/bonds.js';
import { countArgument } from './arguments.js';
import { type ConfigArguments, loadConfig } from './config-file.js';
import { FramePrinter } from './frame-printer.js';
import { LinkCaptures } from './link-captures.js';
import type { Output } from './output.js';

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
  const bond = new WatchedBond(args.bond, config, await readHost(config, systemClock));
  try {
    bond.mustExist();
    const pcap = loadPcap();
    checkCaptureRights();
    const printer = new FramePrinter(args.json, count, output);
    const report = (line: string): void => output.error(line);
    const captures = new LinkCaptures(pcap, args.filter.join(' '), (frame) => printer.add(frame), report);
    try {
      await follow(bond, captures, printer, report, signal);
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
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let named = '';
  const look = (): void => {
    const now = bond.now();
    captures.follow(now?.slaves ?? []);
    printer.about(captures.names, now?.ovs === null);
    const names = captures.names.join(', ') || 'no links';
    if (names !== named) report(`watching ${names} of ${bond.name}, ready; press Ctrl-C to stop`);
    named = names;
  };
  look();
  const cancel = systemClock.every(LINK_INTERVAL, look);
  try {
    await Promise.race([untilAborted(signal), new Promise<void>((resolve) => (printer.onDone = resolve))]);
  } finally {
    cancel();
  }
}

/** A bond as it is now, also when it goes and comes back. */
class WatchedBond {
  private reading = false;
  private closed = false;

  constructor(
    readonly name: string,
    private readonly config: Config,
    private live: LiveHost,
  ) {}

  /** @throws UsageError when there is no such bond */
  mustExist(): void {
    findBond(this.live.host.topology, this.name);
  }

  /** null while there is none. To be called now and then: where a change was lost it begins to read everything again. */
  now(): Bond | null {
    this.live.host.takeStale();
    if (!this.live.intact() && !this.reading) void this.readAgain();
    return servedBonds(this.live.host.topology).find(({ name }) => name === this.name) ?? null;
  }

  close(): void {
    this.closed = true;
    this.live.close();
  }

  private async readAgain(): Promise<void> {
    this.reading = true;
    try {
      const fresh = await readHost(this.config, systemClock);
      this.live.close();
      this.live = fresh;
      if (this.closed) fresh.close();
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error; // what was known stays, until the next time
    } finally {
      this.reading = false;
    }
  }
}
