import { DEFAULTS } from '../config/defaults.js';
import { readHost } from '../daemon/read-host.js';
import { NoActiveSlaveError, PermissionError, UsageError } from '../errors.js';
import { type ManualPlan, planManual } from '../plan/manual.js';
import { systemClock } from '../sys/clock.js';
import { activeBackupBonds, type Bond, bondMode } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BurstOutcome } from '../wire/burst.js';
import { sendNow } from '../wire/send-now.js';
import { macArgument, vlanArgument } from './arguments.js';
import type { Output } from './output.js';

/** The arguments of `bondherald announce`, as they were typed. */
export interface AnnounceArguments {
  readonly bond: string;
  readonly mac: readonly string[];
  readonly vlan: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const NOTHING_SENT: BurstOutcome = { sent: 0, errors: {} };

/**
 * Announces the guests behind a bond once, now.
 * @returns the exit code
 * @throws BondheraldError whose message names the bond
 */
export async function announce(args: AnnounceArguments, output: Output): Promise<number> {
  const macs = args.mac.map(macArgument);
  const vlan = args.vlan === undefined ? null : vlanArgument(args.vlan);
  const host = await readHost(DEFAULTS, systemClock);
  const bond = findBond(host.topology, args.bond);
  const plan = bond.activeSlave ? planManual(host, { bond: bond.ifindex, macs, vlan }) : { frames: [], suppressed: [] };
  const outcome = args.dryRun || !bond.activeSlave ? NOTHING_SENT : transmit(bond, plan);
  if (args.json) output.json(document(bond, args.dryRun, plan, outcome));
  if (!bond.activeSlave) {
    throw new NoActiveSlaveError(`${bond.name} has no active slave: nothing is sent until one of its links is up`);
  }
  if (!args.json) output.text(lines(bond, args.dryRun, plan, outcome));
  return complain(bond, outcome, output);
}

/** @throws UsageError when there is no such bond, or it is none that fails over */
function findBond(topology: Topology, name: string): Bond {
  const bonds = activeBackupBonds(topology);
  const bond = bonds.find((candidate) => candidate.name === name);
  if (bond) return bond;
  const names = bonds.map((candidate) => candidate.name).join(', ');
  const hint = names ? `the active-backup bonds of this host: ${names}` : 'this host has no active-backup bond';
  const link = topology.linkByName(name);
  if (!link) throw new UsageError(`${name}: no such device; ${hint}`);
  const mode = bondMode(link);
  if (mode === null) throw new UsageError(`${name} is not a bond; ${hint}`);
  throw new UsageError(`${name} is a bond of mode ${mode}, which has no failover to announce; ${hint}`);
}

function transmit(bond: Bond, { frames }: ManualPlan): BurstOutcome {
  try {
    return sendNow(bond.ifindex, frames);
  } catch (error) {
    throw error instanceof PermissionError ? new PermissionError(`${bond.name}: ${error.message}`) : error;
  }
}

function document(bond: Bond, dryRun: boolean, { frames, suppressed }: ManualPlan, { sent }: BurstOutcome): unknown {
  return {
    bond: bond.name,
    activeSlave: bond.activeSlave?.name ?? null,
    dryRun,
    frames: frames.map(({ kind, mac, vlan }) => ({ kind, mac, vlan, ip: null })),
    sent,
    suppressed,
  };
}

function lines(bond: Bond, dryRun: boolean, { frames, suppressed }: ManualPlan, { sent }: BurstOutcome): string {
  const by = `by ${bond.activeSlave?.name ?? 'no link'}`;
  const head = dryRun
    ? `${bond.name}: would send ${frames.length} frames ${by}`
    : `${bond.name}: sent ${sent} frames ${by}`;
  return [
    head,
    ...frames.map(({ kind, mac, vlan }) => `  ${kind} ${mac} ${vlanText(vlan)}`),
    ...suppressed.map(({ mac, vlan, reason }) => `  not announced: ${mac} ${vlanText(vlan)} (${reason})`),
  ].join('\n');
}

const vlanText = (vlan: number | null): string => (vlan === null ? 'untagged' : `vlan ${vlan}`);

function complain({ name }: Bond, { errors }: BurstOutcome, output: Output): number {
  const refused = Object.entries(errors);
  for (const [code, frames] of refused) output.error(`${name}: the kernel refused ${frames} frames: ${code}`);
  return refused.length > 0 ? 1 : 0;
}
