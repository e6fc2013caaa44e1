import type { Config } from '../config/config.js';
import { diagnose } from '../doctor/diagnose.js';
import type { Facts, GuestFacts } from '../doctor/facts.js';
import type { Finding } from '../doctor/finding.js';
import { listenForSpanningTree } from '../host/doctor/bonds.js';
import { readPorts } from '../host/doctor/bridges.js';
import { readFacts, unreadLine } from '../host/doctor/facts.js';
import { findSubject } from '../host/doctor/subject.js';
import { readHost } from '../host/read-host.js';
import { systemClock } from '../sys/clock.js';
import type { Topology } from '../topology/topology.js';
import { ask } from './ask.js';
import { type ConfigArguments, loadConfig } from './config-file.js';
import type { Output } from './output.js';
import { printable } from './table.js';

/** The exit code when there is something to fix. */
const SOMETHING_TO_FIX = 3;

/**
 * Audits this host: what will go wrong at the next failover, and what cures it. Changes nothing.
 * @returns the exit code: 3 when there is a warning, 0 when there is none
 * @throws BondheraldError when the kernel does not answer, or the configuration is wrong
 */
export async function doctor(args: ConfigArguments & { readonly json: boolean }, output: Output): Promise<number> {
  const { config } = await loadConfig(args);
  const { facts, unread } = await readAllFacts(config, args);
  const findings = diagnose(facts);
  for (const line of unread) output.error(line);
  if (args.json) output.json({ findings });
  else output.text(page(findings));
  return findings.some(({ level }) => level === 'warning') ? SOMETHING_TO_FIX : 0;
}

function page(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing to fix';
  const texts = findings.map(({ level, subject, finding, meaning, cure }) =>
    [`${level}: ${subject}: ${finding}`, `  at the next failover: ${meaning}`, `  cure: ${cure}`]
      .map(printable)
      .join('\n'),
  );
  return texts.join('\n\n');
}

/**
 * Reads what the doctor wants to know of this host. Takes a moment longer where a bond may have to do with spanning tree.
 * @returns the facts, and a line for each that could not be read
 */
async function readAllFacts(config: Config, args: ConfigArguments): Promise<{ facts: Facts; unread: string[] }> {
  const lines: string[] = [];
  const unread = (what: string): void => void lines.push(unreadLine(what));
  const { topology, ovs } = await readShape(config);
  const subject = await findSubject(unread);
  const guests = await readGuests(topology, args, (note) => lines.push(note));
  const heard = await readHeard(args);
  const facts = await readFacts({ config, topology, subject, guests, ovs, ...heard }, unread);
  const bonds = listenForSpanningTree(topology, facts.bonds, unread);
  return { facts: { ...facts, bonds }, unread: lines };
}

/** The devices of this host, and what Open vSwitch says of its own. */
async function readShape(config: Config): Promise<{ topology: Topology; ovs: Facts['ovs'] }> {
  const live = await readHost(config, systemClock);
  live.close();
  const { topology } = live.host;
  if (live.ovsTrouble !== null) return { topology, ovs: live.ovsTrouble };
  const known = live.ovs.knowledge.config();
  return { topology, ovs: known && { config: known, macs: live.ovs.tableSizes } };
}

/** How the daemon hears the bonds, and what it heard on links that are not active; without one, nothing. */
async function readHeard(args: ConfigArguments): Promise<Pick<Facts, 'hearings' | 'standby'>> {
  const { bonds } = (await ask({ op: 'status' }, args.config)).result;
  return {
    hearings: new Map(bonds.flatMap(({ bond, listening }) => (listening ? [[bond, listening]] : []))),
    standby: bonds.flatMap(({ bond, activeSlave, standby }) =>
      standby ? [{ bond, activeSlave, links: standby }] : [],
    ),
  };
}

async function readGuests(
  topology: Topology,
  args: ConfigArguments,
  note: (line: string) => void,
): Promise<GuestFacts> {
  const asked = await ask({ op: 'guests', bond: null }, args.config);
  if (asked.note !== null) note(asked.note);
  const { bonds, limits } = asked.result;
  const count = bonds.reduce((sum, { guests }) => sum + guests.length, 0);
  return { bonds, limits, count, ports: readPorts(topology), devices: [...topology.allLinks()].length };
}
