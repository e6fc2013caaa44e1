import { leftToKernel } from '../topology/carrier-loss.js';
import { GOOD_MIIMON, goodMonitoring, rebuildBond, setBond, shellWord } from './commands.js';
import type { BondFacts, BondOptions, SlaveFacts } from './facts.js';
import { type Finding, found } from './finding.js';
import { SPANNING_TREE_UPDELAY } from './bridges.js';

/** In milliseconds. Up to 100 nobody notices: TCP sends again after 200 at the earliest (net/tcp.h: TCP_RTO_MIN). */
const GOOD_DETECTION = 100;

/** From here on timers of seconds run out: the heartbeats of clusters, VRRP (three times 1 s), health checks. */
const BAD_DETECTION = 1000;

const INTERRUPTS = 'the cure takes the bond apart, which interrupts all traffic';

/** Modes without a failover of their own (bonding.rst); LACP tells the switch by itself. */
const AGGREGATES = new Set(['balance-rr', 'balance-xor', 'broadcast']);
const RECEIVES_ON_ONE_LINK = new Set(['balance-tlb', 'balance-alb']);
const ONE_LINK = {
  level: 'warning',
  meaning: 'guests receive on one link only: when it fails nothing is announced, and they go dark',
} as const;

/**
 * A bond with guests whose mode knows no failover that could be announced. One whose links the switches are to aggregate may
 * work as it is: another mode would take the network apart.
 */
export function checkMode(bond: BondFacts): Finding | null {
  const { name: subject, mode, hasGuests, options } = bond;
  if (hasGuests && AGGREGATES.has(mode))
    return found('bond-mode', {
      subject,
      finding: `its mode is ${mode}, which is for links that the switches aggregate`,
      cure: showBond(subject),
    });
  if (!hasGuests || !RECEIVES_ON_ONE_LINK.has(mode)) return null;
  return found('bond-mode', {
    ...ONE_LINK,
    subject,
    finding: `its mode is ${mode}, not active-backup; ${INTERRUPTS}`,
    cure: rebuildBond(bond, `mode active-backup ${goodMonitoring({ updelay: options?.updelay ?? 0 })}`),
  });
}

/** What the kernel says of a bond and its links. */
function showBond(name: string): string {
  return `grep . ${shellWord(`/proc/net/bonding/${name}`)}`;
}

/**
 * A bond with LACP and guests: by one aggregator, which is one link to its switch, nobody ever moves; of several, the others
 * carry nothing. Which of the two is meant, the switches' configuration has.
 */
export function checkAggregators({ name: subject, mode, aggregators, hasGuests }: BondFacts): Finding | null {
  if (mode !== '802.3ad' || !hasGuests || aggregators === 0) return null;
  const cure = showBond(subject);
  if (aggregators === 1)
    return found('bond-aggregate', { subject, finding: 'its links are in one aggregator (802.3ad)', cure });
  const finding = `its links are in ${aggregators} aggregators (802.3ad), of which one is used: its switches are no pair (MLAG), or ports have no partner`;
  return found('bond-aggregators', { subject, finding, cure });
}

/** A bond that notices a dead link never, late, or only sometimes. */
export function checkMonitoring(bond: BondFacts): Finding | null {
  const { name: subject, options } = bond;
  if (options === null) return null;
  const { miimon, downdelay, arpInterval, arpValidate } = options;
  if (arpInterval > 0) {
    if (arpValidate !== 'none') return null;
    return found('bond-arp-unvalidated', {
      subject,
      finding: 'its ARP monitoring counts any frame as a sign of life: arp_validate is none',
      cure: setBond(subject, 'arp_validate all'),
    });
  }
  if (miimon === 0) {
    return found('bond-no-monitoring', {
      subject,
      finding: 'nothing monitors its links: miimon and arp_interval are 0',
      cure: setBond(subject, goodMonitoring({ updelay: 0 })),
    });
  }
  const detection = miimon + downdelay;
  if (detection <= GOOD_DETECTION) return checkMiimon(bond, options);
  const helped = isSwitched(bond);
  const cutOff = `guests and host are cut off for up to ${detection} ms before anything can be announced`;
  return found('bond-slow-detection', {
    level: detection >= BAD_DETECTION && !helped ? 'warning' : 'advice',
    subject,
    finding: `it may take ${detection} ms to detect a dead link: miimon ${miimon}, downdelay ${downdelay}`,
    meaning: helped ? `while the daemon does not run, ${cutOff}` : cutOff,
    cure: setBond(subject, goodMonitoring(options)),
  });
}

/** Whether the daemon does not wait for what the bond notices. */
function isSwitched({ onCarrierLoss, options }: BondFacts): boolean {
  return onCarrierLoss && options !== null && leftToKernel(options) === null;
}

/** A bond that could notice a dead link sooner at no cost. */
function checkMiimon(bond: BondFacts, options: BondOptions): Finding | null {
  const { miimon, downdelay } = options;
  const { name: subject, tick } = bond;
  const gain = looksEvery(miimon, tick) - looksEvery(GOOD_MIIMON, tick);
  if (gain <= 0 || downdelay > 0 || isSwitched(bond)) return null;
  return found('bond-miimon', {
    subject,
    finding: `it looks at its links every ${looksEvery(miimon, tick)} ms: miimon ${miimon}, a tick of ${tick} ms`,
    meaning: `guests and host are cut off for up to ${gain} ms longer than with miimon ${GOOD_MIIMON}, ${gain / 2} ms on average`,
    cure: setBond(subject, goodMonitoring(options)),
  });
}

/** How often the kernel really looks: at a tick, never between two (bond_main.c: bond_mii_monitor, msecs_to_jiffies). */
function looksEvery(miimon: number, tick: number): number {
  return Math.ceil(miimon / tick) * tick;
}

/** A bond that is to fail over at the loss of carrier, and is left to the kernel for what it is set up to do. */
export function checkCarrierLoss({ name: subject, onCarrierLoss, options }: BondFacts): Finding | null {
  const reason = options === null ? null : leftToKernel(options);
  if (!onCarrierLoss || options === null || reason === null || options.miimon + options.arpInterval === 0) return null;
  return found('bond-carrier-loss', {
    subject,
    finding: `failover.onCarrierLoss does not hold for it: ${reason}`,
    // What ARP monitoring sees, carrier does not tell: which of the two is wanted, the operator knows.
    cure: options.arpInterval > 0 ? 'bondherald config show' : setBond(subject, goodMonitoring(options)),
  });
}

/** What else the options of an active-backup bond bring about. */
export function checkOptions(bond: BondFacts): (Finding | null)[] {
  const { name, hasAddresses, options } = bond;
  if (options === null) return [];
  // The kernel announces what is on the bond and on VLAN devices above it; what is on bridges we announce.
  const allSlavesActive = found('bond-all-slaves-active', {
    subject: name,
    finding: 'it accepts frames on inactive links: all_slaves_active is 1',
    cure: setBond(name, 'all_slaves_active 0'),
  });
  const noGratArp = found('bond-no-grat-arp', {
    level: hasAddresses ? 'warning' : 'advice',
    subject: name,
    finding: 'the kernel sends no gratuitous ARP for it: num_grat_arp is 0',
    cure: setBond(name, 'num_grat_arp 1'),
  });
  return [
    options.allSlavesActive ? allSlavesActive : null,
    options.numGratArp === 0 ? noGratArp : null,
    checkFailOverMac(bond, options),
    checkSpanningTree(bond, options),
  ];
}

/** A bond that is seen under another MAC after a failover. */
function checkFailOverMac(bond: BondFacts, { failOverMac }: BondOptions): Finding | null {
  if (failOverMac === 'none') return null;
  const ofHost =
    "the host's own MAC changes: its peers must relearn every address of the host, one lost frame is enough";
  return found('bond-fail-over-mac', {
    subject: bond.name,
    finding: `its links keep MACs of their own: fail_over_mac is ${failOverMac}; ${INTERRUPTS}`,
    ...(failOverMac === 'active' && { meaning: ofHost }),
    cure: rebuildBond(bond, 'fail_over_mac none'),
  });
}

/**
 * Whether a bond uses a link the moment it is back. An updelay needs miimon (bonding.rst): with ARP monitoring a port
 * that blocks lets no answer through anyway.
 */
export function takesLinksAtOnce({ miimon, updelay }: BondOptions): boolean {
  return miimon > 0 && updelay === 0;
}

/** A bond that may go to a link which its switch still blocks. */
function checkSpanningTree({ name, slaves }: BondFacts, options: BondOptions): Finding | null {
  if (!takesLinksAtOnce(options) || !slaves.some(({ bpdus }) => bpdus === true)) return null;
  // Without a primary it stays where it is when a link comes back, and goes there only when the other one fails so soon.
  const failsBack = options.primary !== null && options.primaryReselect !== 'failure';
  return found('bond-updelay', {
    level: failsBack ? 'warning' : 'advice',
    subject: name,
    finding: 'its switches send BPDUs and it has no updelay; ports with portfast send them too, so check the switches',
    cure: setBond(name, `updelay ${SPANNING_TREE_UPDELAY}`),
  });
}

/** Bonds that have fewer than two links to choose from: what is wrong with each of the others. */
export function checkLinks(bond: BondFacts): Finding[] {
  const faults = bond.slaves.map((slave) => faultOf(bond, slave)).filter((fault) => fault !== null);
  if (bond.slaves.length - faults.length >= 2) return [];
  if (bond.slaves.length >= 2) return faults;
  const tooFew = found('bond-one-link', {
    subject: bond.name,
    finding: bond.slaves.length === 0 ? 'the bond has no links' : 'the bond has only one link',
    cure: 'ip -br link show nomaster', // shows which could be its second
  });
  return [...faults, tooFew];
}

/** @returns null for a link that can be used, or will be by itself once its updelay is over */
function faultOf({ name, options }: BondFacts, slave: SlaveFacts): Finding | null {
  const { name: subject, up, carrier, status } = slave;
  if (!up) {
    const cure = `ip link set dev ${shellWord(subject)} up`;
    return found('slave-down', { subject, finding: 'this link of a bond is administratively down', cure });
  }
  if (!carrier) {
    return found('slave-no-carrier', {
      subject,
      finding: 'this link of a bond has no carrier: check its cable, its module and the switch port',
      cure: `ip -s link show dev ${shellWord(subject)}`,
    });
  }
  if (!options?.arpInterval || status !== 'down') return null;
  return found('slave-no-answer', {
    subject,
    finding: 'this link of a bond has carrier, but no ARP target answers on it: check the network behind its switch',
    cure: showBond(name),
  });
}
