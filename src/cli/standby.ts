import { CONTROL_SOCKET } from '../config/constants.js';
import type { StandbyReport } from '../control/messages.js';
import { ControlSocketError } from '../errors.js';
import { age } from '../plan/words.js';
import { inState, type StandbyBond, type StandbyLink, stackWords, type StandbyVlan } from '../standby/report.js';
import { askDaemon, NO_DAEMON } from './ask.js';
import { type ConfigArguments, loadConfig } from './config-file.js';
import type { Output } from './output.js';
import { printable, table } from './table.js';

/** The exit code when a link lacks a VLAN. */
const SOMETHING_TO_FIX = 3;

/**
 * Shows which of the VLANs that guests use the links carry that are not active; with `--json` a document with the keys of
 * StandbyReport (control/messages.ts). Where no daemon runs it listens itself for a minute. Sends nothing.
 * @returns the exit code: 3 when a VLAN is missing somewhere
 * @throws BondheraldError when there is no such bond, or nobody can listen
 */
export async function standby(
  args: ConfigArguments & { readonly bond: string | undefined; readonly json: boolean },
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { config } = await loadConfig({ config: args.config });
  const request = { op: 'standby', bond: args.bond ?? null } as const;
  const report = await askDaemon(request, CONTROL_SOCKET).catch(async (error: unknown): Promise<StandbyReport> => {
    if (!(error instanceof ControlSocketError) || !NO_DAEMON.has(error.errno)) throw error;
    return (await import('./standby-here.js')).listenHere(config, request.bond, output, signal);
  });
  if (args.json) output.json(report);
  else output.text(standbyPage(report.bonds).join('\n'));
  const isMissing = report.bonds.some(({ links }) => links.some((link) => inState(link, 'missing').length > 0));
  return isMissing ? SOMETHING_TO_FIX : 0;
}

/** The lines that people read: a table for each bond. */
export function standbyPage(bonds: readonly StandbyBond[]): string[] {
  if (bonds.length === 0) return ['this host has no active-backup bond'];
  return bonds.flatMap(({ bond, activeSlave, links }, index) => {
    const active = activeSlave === null ? 'no active link' : `active link ${activeSlave}`;
    const title = `${bond}: ${active}${links.length === 0 ? ', no other link' : ''}`;
    const silent = links.flatMap((link) => linkWithoutRows(link));
    const rows = links.flatMap((link) => link.vlans.map((row) => cells(link, row, activeSlave)));
    const lines = rows.length === 0 ? [] : table([['LINK', 'VLAN', 'GUESTS', 'STATE'], ...rows]);
    return [
      ...(index > 0 ? [''] : []),
      printable(title),
      ...lines.map((line) => `  ${line}`),
      ...silent.map((line) => `  ${printable(line)}`),
    ];
  });
}

function linkWithoutRows({ link, deaf, vlans }: StandbyLink): string[] {
  if (deaf !== null) return [`${link} is not listened on: ${deaf}`];
  return vlans.length === 0 ? [`${link}: no guest is announced by this bond`] : [];
}

function cells({ link }: StandbyLink, row: StandbyVlan, active: string | null): string[] {
  const vlan = row.vlans.length === 0 ? 'untagged' : row.vlans.join('.');
  return [link, vlan, String(row.guests), stateWords(row, active)];
}

/** What nobody knows, and why. */
const UNKNOWN_WORDS: Readonly<Record<string, string>> = {
  quiet: 'too few broadcasts have passed the active link',
  down: 'the link has no carrier',
  deaf: 'the link is not listened on',
  filter: 'nothing is heard, but the NIC may filter a VLAN that only guests know',
  strangers: 'broadcasts of others arrive, but none of those that pass the active link',
};

function stateWords({ state, reason, proven, missed, arrivesWith }: StandbyVlan, active: string | null): string {
  switch (state) {
    case 'carried':
      return `carried, heard ${age(proven ?? 0)} ago`;
    case 'unknown':
      return `unknown: ${UNKNOWN_WORDS[reason ?? ''] ?? reason}`;
    case 'missing': {
      const where = arrivesWith === null ? 'were not heard there' : `arrived there as ${stackWords(arrivesWith)}`;
      return `MISSING: ${missed} broadcasts that passed ${active ?? 'the active link'} ${where}`;
    }
  }
}
