import { shellWord } from './commands.js';
import type { BondFacts, SlaveFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** Bonds that have fewer than two links to choose from: what is wrong with each of the others. */
export function checkLinks(bond: BondFacts): Finding[] {
  const faults = bond.slaves.map((slave) => faultOf(bond, slave)).filter((fault) => fault !== null);
  if (bond.slaves.length - faults.length >= 2) return [];
  return bond.slaves.length < 2 ? [...faults, tooFew(bond)] : faults;
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
    cure: `grep . ${shellWord(`/proc/net/bonding/${name}`)}`,
  });
}

function tooFew({ name, slaves }: BondFacts): Finding {
  return found('bond-one-link', {
    subject: name,
    finding: slaves.length === 0 ? 'the bond has no links' : 'the bond has only one link',
    cure: 'ip -br link show nomaster', // shows which could be its second
  });
}
