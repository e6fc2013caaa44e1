import type { Config } from '../config/config.js';
import { listenForSpanningTree } from '../host/doctor/bonds.js';
import { readPorts } from '../host/doctor/bridges.js';
import { findSubject } from '../host/doctor/daemon.js';
import { readFacts, unreadLine } from '../host/doctor/facts.js';
import { readHost } from '../host/read-host.js';
import type { Facts, GuestFacts } from '../doctor/facts.js';
import { systemClock } from '../sys/clock.js';
import type { Topology } from '../topology/topology.js';
import { ask } from './ask.js';
import type { ConfigArguments } from './config-file.js';

/** What could be read of this host, and what could not: a line each. */
interface Reading {
  readonly facts: Facts;
  readonly unread: readonly string[];
}

/**
 * Reads what the doctor wants to know of this host. Takes a moment longer where a bond may have to do with spanning tree.
 * @throws BondheraldError when the kernel does not answer
 */
export async function readAllFacts(config: Config, args: ConfigArguments): Promise<Reading> {
  const lines: string[] = [];
  const unread = (what: string): void => void lines.push(unreadLine(what));
  const { topology, ovs } = await readShape(config);
  const subject = await findSubject(unread);
  const guests = await readGuests(topology, args, (note) => lines.push(note));
  const facts = await readFacts({ config, topology, subject, guests, ovs }, unread);
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

async function readGuests(
  topology: Topology,
  args: ConfigArguments,
  note: (line: string) => void,
): Promise<GuestFacts> {
  const asked = await ask({ op: 'guests', bond: null }, args.config);
  if (asked.note !== null) note(asked.note);
  const { bonds } = asked.result;
  const count = bonds.reduce((sum, { guests }) => sum + guests.length, 0);
  return { bonds, count, ports: readPorts(topology), devices: [...topology.allLinks()].length };
}
