import { START_DAEMON } from '../config/constants.js';
import { shellWord } from './commands.js';
import type { Facts } from './facts.js';
import { type Finding, found } from './finding.js';

/** Whether there is who announces, and what is to be announced: without either nothing is, and all else looks well. */
export function checkPresence(facts: Facts): (Finding | null)[] {
  return [checkRuns(facts), ...checkBonds(facts), ...checkSwitched(facts)];
}

function checkRuns({ daemon, isAnnounced, activeBackup }: Facts): Finding | null {
  if (daemon === null || daemon.running !== null || isAnnounced || activeBackup.length === 0) return null;
  return found('no-daemon', {
    subject: 'this host',
    finding: 'no daemon is running',
    cure: START_DAEMON,
  });
}

function checkBonds({ wantedBonds, activeBackup, bonds, ovs, hidden }: Facts): Finding[] {
  if (typeof ovs === 'string' || hidden.ovs !== null) return []; // it may have them
  if (wantedBonds === 'auto') {
    if (activeBackup.length > 0 || bonds.length > 0) return []; // each of another mode has a finding of its own
    const finding = 'it has no active-backup bond';
    return [found('bond-missing', { subject: 'this host', finding, cure: 'ip -d -br link show type bond' })];
  }
  return wantedBonds
    .filter((name) => !activeBackup.includes(name))
    .map((name) =>
      found('bond-missing', {
        subject: name,
        finding: 'the configuration names this bond, and this host has no active-backup bond of that name',
        cure: `ip -d link show dev ${shellWord(name)}`,
      }),
    );
}

/** Bonds that are to fail over at the loss of carrier, and cannot: a name misspelt, a bond of Open vSwitch. */
function checkSwitched({ switchedBonds, bonds }: Facts): Finding[] {
  const isThere = (wanted: string): boolean =>
    bonds.some(({ name, mode }) => name === wanted && mode === 'active-backup');
  return switchedBonds
    .filter((name) => !isThere(name))
    .map((subject) =>
      found('bond-carrier-loss', {
        subject,
        finding:
          'failover.onCarrierLoss names this bond, and the kernel has no active-backup bond of that name to watch',
        cure: 'ip -d -br link show type bond',
      }),
    );
}
