import { checkBridgeAgeing, checkOvsAgeing } from './ageing.js';
import { checkAnnouncers } from './announcers.js';
import { checkLinks } from './bond-links.js';
import { checkFailOverMac, checkMode } from './bond-mode.js';
import { checkMonitoring } from './bond-monitoring.js';
import { checkBondOptions } from './bond-options.js';
import { checkBridgeMac, checkBridgePorts } from './bridges.js';
import { checkCapabilities, checkLibvirt, checkPrivileges } from './daemon.js';
import type { BondFacts, DaemonFacts, Facts, OvsFacts } from './facts.js';
import type { Finding } from './finding.js';
import { mergeAlike } from './merge.js';
import { checkMoved } from './moved.js';
import { checkOvsBonds, checkOvsTables, ovsUnreadable } from './ovs.js';
import { checkReceiveBuffer } from './receive-buffer.js';
import { checkSpanningTree } from './spanning-tree.js';
import { checkVlans } from './vlans.js';

/** What is to be said of this host: warnings first, each kind in the order of its checks. */
export function diagnose(facts: Facts): Finding[] {
  const { bonds, bridges, guests, daemon, announcers, libvirt, ovs } = facts;
  const findings = [
    ...bonds.flatMap(diagnoseBond),
    ...bridges.flatMap((bridge) => [...checkBridgePorts(bridge), ...checkBridgeMac(bridge)]),
    ...checkBridgeAgeing(bridges),
    ...checkVlans(bridges, guests),
    ...checkMoved(guests),
    ...(daemon === null ? [] : diagnoseDaemon(daemon, facts)),
    ...checkLibvirt(libvirt, daemon),
    ...checkAnnouncers(announcers),
    ...diagnoseOvs(ovs),
  ];
  const rank = ({ level }: Finding): number => (level === 'warning' ? 0 : 1);
  return mergeAlike(findings).sort((one, other) => rank(one) - rank(other));
}

function diagnoseBond(bond: BondFacts): Finding[] {
  if (bond.mode !== 'active-backup') return checkMode(bond);
  return [
    ...checkMonitoring(bond),
    ...checkLinks(bond),
    ...checkBondOptions(bond),
    ...checkFailOverMac(bond),
    ...checkSpanningTree(bond),
  ];
}

function diagnoseDaemon(daemon: DaemonFacts, { guests }: Facts): Finding[] {
  return [...checkCapabilities(daemon), ...checkPrivileges(daemon), ...checkReceiveBuffer(daemon, guests)];
}

function diagnoseOvs(ovs: OvsFacts | string | null): Finding[] {
  if (ovs === null) return [];
  if (typeof ovs === 'string') return [ovsUnreadable(ovs)];
  return [...checkOvsBonds(ovs.config), ...checkOvsTables(ovs), ...checkOvsAgeing(ovs.config)];
}
