import type { Config } from '../config/config.js';
import { readHost } from '../daemon/read-host.js';
import type { Facts, GuestFacts } from '../doctor/facts.js';
import { systemClock } from '../sys/clock.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import { ask } from './ask.js';
import type { ConfigArguments } from './config-file.js';
import { readBonds } from './doctor-bonds.js';
import { readBridges, readPorts } from './doctor-bridges.js';
import { findSubject, readAnnouncers, readDaemon, readLibvirt } from './doctor-daemon.js';

/** What could be read of this host, and what could not: a line each. */
export interface Reading {
  readonly facts: Facts;
  readonly unread: readonly string[];
}

/**
 * Reads what the doctor wants to know of this host. Takes a moment longer where a bond may have to do with spanning tree.
 * @throws BondheraldError when the kernel does not answer
 */
export async function readFacts(config: Config, args: ConfigArguments): Promise<Reading> {
  const lines: string[] = [];
  const unread = (what: string): void => void lines.push(`cannot be read, so nothing is said of it: ${what}`);
  const { topology, ovs } = await readShape(config);
  const bonds = activeBackupBonds(topology);
  const subject = await findSubject(unread);
  const facts: Facts = {
    bridges: await readBridges(topology, unread),
    guests: await readGuests(topology, args, (note) => lines.push(note)),
    daemon: subject && (await readDaemon(subject, config, bonds, unread)),
    libvirt: subject && (await readLibvirt(subject, config, unread)),
    announcers: await readAnnouncers(subject, bonds, unread),
    ovs,
    bonds: await readBonds(topology, unread),
  };
  return { facts, unread: lines };
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
  const devices = [...topology.allLinks()].length;
  return { bonds: asked.result.bonds, ports: readPorts(topology), devices };
}
