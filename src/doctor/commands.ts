/* The shell commands of cures. */

import type { BondFacts, BondOptions, RunningFacts } from './facts.js';

const HARMLESS = /^[\w.:@%+,/-]+$/;

/** A text as one word of a shell's command line: names of devices may hold characters that a shell acts on. */
export function shellWord(text: string): string {
  return HARMLESS.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What we advise for miimon, in milliseconds. A look costs a microsecond, and more often than its tick no kernel looks. */
export const GOOD_MIIMON = 10;

/** Sets options of a bond while it runs. */
export function setBond(bond: string, options: string): string {
  return `ip link set dev ${shellWord(bond)} type bond ${options}`;
}

/**
 * The options that make a bond look at its links this often. The kernel counts both delays in looks, so that they change
 * with miimon (drivers/net/bonding/bond_options.c: bond_option_miimon_set): the one that is wanted is given again.
 */
export function goodMonitoring({ updelay }: Pick<BondOptions, 'updelay'>): string {
  return `miimon ${GOOD_MIIMON} updelay ${updelay} downdelay 0`;
}

/** Sets options, as `ip link set type bond` has them, that a bond takes only without links: nothing passes it then. */
export function rebuildBond({ name, slaves }: BondFacts, options: string): string {
  const bond = shellWord(name);
  const links = slaves.map((slave) => shellWord(slave.name));
  return [
    `ip link set dev ${bond} down`,
    ...links.map((link) => `ip link set dev ${link} nomaster`),
    setBond(name, options),
    ...links.flatMap((link) => [`ip link set dev ${link} down`, `ip link set dev ${link} master ${bond}`]),
    `ip link set dev ${bond} up`,
  ].join(' && ');
}

/** What the daemon works with, beside what it cannot work without. */
export const WANTED_CAPABILITIES = ['CAP_NET_RAW', 'CAP_NET_ADMIN', 'CAP_SYS_NICE', 'CAP_IPC_LOCK'];

/**
 * The command, for root, by which the daemon runs with more rights than it has now. Where it is the first process of a
 * container, whatever started that gives them.
 */
export function restartWith(capabilities: readonly string[], running: RunningFacts | null): string {
  if (running?.pid === 1) return `start its container with ${capabilities.join(', ')}`;
  const names = capabilities.join(' ');
  return dropIn('capabilities', [`AmbientCapabilities=${names}`, `CapabilityBoundingSet=${names}`], running);
}

/** The command, for root, by which the daemon runs in one group more, and may read what its unit hides (docs/service.md). */
export function restartInGroup(group: string, running: RunningFacts | null): string {
  return dropIn('group', [`SupplementaryGroups=${group}`, 'InaccessiblePaths='], running);
}

/** Adds lines to the daemon's unit; without a unit it gains nothing by that. Where none runs, root starts one. */
function dropIn(name: string, lines: readonly string[], running: RunningFacts | null): string {
  if (running === null) return 'bondherald run';
  const { unit } = running;
  if (unit === null) return restart(running);
  const folder = `/etc/systemd/system/${unit}.d`;
  const text = `[Service]\\n${lines.map((line) => `${line}\\n`).join('')}`;
  const file = shellWord(`${folder}/${name}.conf`);
  return `mkdir -p ${shellWord(folder)} && printf '${text}' > ${file} && systemctl daemon-reload && ${restart(running)}`;
}

/** The command by which the daemon starts anew, with root's rights where no unit says otherwise. */
export function restart({ pid, unit, argv }: RunningFacts): string {
  if (unit !== null) return `systemctl restart ${shellWord(unit)}`;
  return `kill ${pid} && tail --pid=${pid} -f /dev/null && ${argv.map(shellWord).join(' ')}`;
}

/** The command that ends a process for good. */
export function end({ pid, unit }: RunningFacts): string {
  return unit === null ? `kill ${pid}` : `systemctl disable --now ${shellWord(unit)}`;
}
