import { inState, NOT_LISTENED, type StandbyBond, type StandbyLink, stackWords, vlanWords } from '../standby/report.js';
import { shellWord } from './commands.js';
import type { Facts } from './facts.js';
import { type Finding, found } from './finding.js';

const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(Object.values(NOT_LISTENED));

/** VLANs that guests use and that a link does not carry which is not active, and links of which nobody can tell. */
export function checkStandby(standby: Facts['standby'], hearings: Facts['hearings']): Finding[] {
  return standby.flatMap(({ bond, activeSlave, links }) =>
    links.flatMap((link) => [
      ...missing(bond, activeSlave, link),
      ...strangers(bond, activeSlave, link),
      ...(hearings.get(bond)?.how === 'deaf' ? [] : deaf(link)),
    ]),
  );
}

function missing(bond: string, active: StandbyBond['activeSlave'], link: StandbyLink): Finding[] {
  const rows = inState(link, 'missing');
  if (rows.length === 0) return [];
  const other = rows.find(({ arrivesWith }) => arrivesWith !== null);
  const instead = other?.arrivesWith
    ? `; what is ${stackWords(other.vlans)} on ${active} arrives there as ${stackWords(other.arrivesWith)}, so the native VLANs of the two switch ports differ`
    : '; check on its switch port the allowed VLANs, the native VLAN and spanning tree';
  const finding = `does not carry VLANs that guests of ${bond} use: ${vlanWords(rows)}${instead}`;
  return [
    found('standby-vlan-missing', { subject: link.link, finding, cure: `bondherald standby ${shellWord(bond)}` }),
  ];
}

function strangers(bond: string, active: StandbyBond['activeSlave'], link: StandbyLink): Finding[] {
  const rows = link.vlans.filter(({ reason }) => reason === 'strangers');
  if (rows.length === 0) return [];
  const finding = `broadcasts of other stations arrive in ${vlanWords(rows)}, but none of those that pass ${active}`;
  return [found('standby-vlan-apart', { subject: link.link, finding, cure: `bondherald standby ${shellWord(bond)}` })];
}

function deaf({ link, deaf }: StandbyLink): Finding[] {
  if (deaf === null || TOLD_ELSEWHERE.has(deaf)) return [];
  const cure = `ip -s link show dev ${shellWord(link)}`;
  return [found('standby-deaf', { subject: link, finding: `it cannot be listened on: ${deaf}`, cure })];
}
