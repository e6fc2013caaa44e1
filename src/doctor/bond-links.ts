import type { BondFacts, SlaveFacts } from './facts.js';
import type { Finding } from './finding.js';
import { shellWord } from './shell-word.js';

const MEANING = 'there is no other link to go to: when the last one fails, guests and host are cut off';

/** Bonds that have fewer than two links to choose from: what is wrong with each of the others. */
export function checkLinks(bond: BondFacts): Finding[] {
  const faults = bond.slaves.flatMap((slave) => faultOf(bond, slave) ?? []);
  if (bond.slaves.length - faults.length >= 2) return [];
  return bond.slaves.length < 2 ? [...faults, tooFew(bond)] : faults;
}

/** @returns null for a link that can be used, or will be by itself once its updelay is over */
function faultOf(bond: BondFacts, slave: SlaveFacts): Finding | null {
  const link = shellWord(slave.name);
  const finding = { level: 'warning', subject: slave.name, meaning: MEANING } as const;
  if (!slave.up) {
    return {
      ...finding,
      id: 'slave-down',
      finding: 'an administrator has set this link of a bond down',
      cure: `ip link set dev ${link} up`,
    };
  }
  if (!slave.carrier) {
    return {
      ...finding,
      id: 'slave-no-carrier',
      finding: 'this link of a bond has no carrier: look at its cable, its module and the switch port',
      cure: `ip -s link show dev ${link}`,
    };
  }
  const monitored = bond.options !== null && bond.options.arpInterval > 0;
  return monitored && slave.status === 'down' ? { ...finding, ...noAnswer(bond) } : null;
}

const noAnswer = ({ name }: BondFacts): Pick<Finding, 'id' | 'finding' | 'cure'> => ({
  id: 'slave-no-answer',
  finding: 'this link of a bond has carrier, but no ARP target answers by it: look at the network behind its switch',
  cure: `grep . ${shellWord(`/proc/net/bonding/${name}`)}`,
});

function tooFew({ name, slaves }: BondFacts): Finding {
  return {
    id: 'bond-one-link',
    level: 'warning',
    subject: name,
    finding: slaves.length === 0 ? 'the bond has no link' : 'the bond has one link only',
    meaning: MEANING,
    cure: 'ip -br link show nomaster', // shows which could be its second
  };
}
