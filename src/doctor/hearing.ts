import type { Hearing } from '../sources/hearing.js';
import { restartWith, shellWord, WANTED_CAPABILITIES } from './commands.js';
import type { DaemonFacts, Facts, OvsFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** What the operator has chosen is no finding. */
const CHOSEN = /^guests\.sources\.snoop is /;

/** Where to look, by what the reason speaks of. */
const WHERE: readonly (readonly [RegExp, (bond: string) => string])[] = [
  [/\bqdisc\b/, (bond) => `tc qdisc show dev ${bond}`],
  [/\btcx\b/, (bond) => `bpftool net show dev ${bond}`],
  [/\bdevice bh-\d+/, () => 'ip -d link show | grep -A 3 bh-'],
];

/**
 * That what leaves by a bond is not heard, or by a packet socket where tc would cost guests less. That tc takes a right
 * which the daemon lacks is said of the daemon.
 */
export function checkHearing(bond: string, { how, reason }: Hearing, daemon: DaemonFacts | null): Finding | null {
  const why = reason ?? '';
  const running = daemon?.running ?? null;
  if (how === 'mirror' || (how === 'socket' && reason === null) || CHOSEN.test(why)) return null;
  if (how === 'socket' && daemon?.capabilities.has('CAP_NET_ADMIN') === false) return null;
  if (/\bE?PERM\b|CAP_/.test(why)) return of(bond, how, why, restartWith(WANTED_CAPABILITIES, running));
  const [, show] = WHERE.find(([pattern]) => pattern.test(why)) ?? [];
  const word = shellWord(bond);
  return of(bond, how, why, show?.(word) ?? `tc -s filter show dev ${word} egress`);
}

/** Ports that Open vSwitch is to police where our qdisc clsact has the place of ingress: the kernel lets only one in. */
export function checkPolicing(ovs: OvsFacts | string | null, hearings: Facts['hearings']): Finding[] {
  if (ovs === null || typeof ovs === 'string') return [];
  const isMirrored = (name: string): boolean => hearings.get(name)?.how === 'mirror';
  return ovs.config.bridges.flatMap(({ ports }) =>
    ports.flatMap((port) =>
      port.interfaces
        .filter(({ name, policed }) => policed === true && (isMirrored(name) || isMirrored(port.name)))
        .map(({ name }) => policing(name)),
    ),
  );
}

function policing(subject: string): Finding {
  const why = 'the qdisc clsact, by which we listen, has the place of ingress';
  const finding = `it has an ingress_policing_rate, and ${why}; set guests.sources.snoop: socket`;
  return found('listening-in-the-way', { subject, finding, cure: `tc qdisc show dev ${shellWord(subject)}` });
}

function of(bond: string, how: 'socket' | 'deaf', reason: string, cure: string): Finding {
  if (how === 'deaf')
    return found('listening-deaf', { subject: bond, finding: `what passes it is not heard: ${reason}`, cure });
  const setting = 'guests.sources.snoop: socket makes that the rule';
  const finding = `what leaves by it is heard by a packet socket, because ${reason}; ${setting}`;
  return found('listening-by-socket', { subject: bond, finding, cure });
}
