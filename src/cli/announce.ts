import type { AnnounceReport } from '../control/messages.js';
import { NoActiveSlaveError } from '../errors.js';
import { kindsArgument, macArgument, roundsArgument, vlanArgument } from './arguments.js';
import { ask } from './ask.js';
import type { ConfigArguments } from './config-file.js';
import type { Output } from './output.js';
import { printable } from './table.js';

/** The arguments of `bondherald announce`, as they were typed. */
interface AnnounceArguments extends ConfigArguments {
  readonly bond: string;
  readonly mac: readonly string[];
  readonly vlan: string | undefined;
  readonly kinds: string | undefined;
  readonly rounds: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/**
 * Announces the guests behind a bond once, now: has the daemon do it, which knows the silent ones too, or does it here.
 * @returns the exit code
 * @throws BondheraldError whose message names the bond
 */
export async function announce(args: AnnounceArguments, output: Output): Promise<number> {
  const macs = args.mac.map(macArgument);
  const vlan = args.vlan === undefined ? null : vlanArgument(args.vlan);
  const kinds = args.kinds === undefined ? null : kindsArgument(args.kinds);
  const rounds = args.rounds === undefined ? 1 : roundsArgument(args.rounds);
  const request = { op: 'announce', bond: args.bond, macs, vlan, kinds, rounds, dryRun: args.dryRun } as const;
  const { result, note } = await ask(request, args.config);
  const { refused, cut, ...document } = result;
  if (args.json) output.json(document);
  if (result.activeSlave === null) {
    throw new NoActiveSlaveError(`${result.bond} has no active slave: no frames are sent until a link is up`);
  }
  if (!args.json) output.text(announcedLines(result).join('\n'));
  if (!args.json && note !== null) output.error(note);
  for (const [code, frames] of Object.entries(refused)) {
    output.error(`${result.bond}: the kernel refused ${frames} frames: ${code}`);
  }
  if (cut) output.error(`${result.bond}: stopped, because the bond failed over; the daemon announces the failover`);
  return cut || Object.keys(refused).length > 0 ? 1 : 0;
}

/** The lines that people read: what was sent, and for whom nothing was and why. */
export function announcedLines({ bond, activeSlave, dryRun, frames, sent, suppressed }: AnnounceReport): string[] {
  const did = dryRun ? `would send ${frames.length}` : `sent ${sent}`;
  return [
    `${bond}: ${did} frames on ${activeSlave ?? 'no link'}`,
    ...frames.map(({ kind, mac, vlan, ip }) => `  ${kind} ${mac} ${vlanText(vlan)}${ip === null ? '' : ` ${ip}`}`),
    ...suppressed.map(({ mac, vlan, reason }) => `  not announced: ${mac} ${vlanText(vlan)} (${reason})`),
  ].map(printable);
}

const vlanText = (vlan: number | null): string => (vlan === null ? 'untagged' : `vlan ${vlan}`);
