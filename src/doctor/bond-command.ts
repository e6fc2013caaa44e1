import type { BondFacts, BondOptions } from './facts.js';
import { shellWord } from './shell-word.js';

/** What we advise for miimon, in milliseconds: the value that bonding.rst gives as a good starting point. */
const GOOD_MIIMON = 100;

/** The command that sets options of a bond while it runs. */
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

/**
 * The commands that set options which a bond takes only while it has no links. Nothing passes it meanwhile.
 * @param options as `ip link set type bond` has them
 */
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
