import { checkArpRate, checkSilence } from './announcing.js';
import { checkAggregators, checkCarrierLoss, checkLinks, checkMode, checkMonitoring, checkOptions } from './bonds.js';
import { checkBridgeAgeing, checkBridgeMac, checkBridgePorts, checkLearned, checkOvs } from './bridges.js';
import {
  checkAnnouncer,
  checkCapabilities,
  checkLibvirt,
  checkPrivileges,
  checkProxmox,
  checkReceiveBuffer,
} from './daemon.js';
import type { BondFacts, DaemonFacts, Facts } from './facts.js';
import { type Finding, mergeAlike } from './finding.js';
import { checkLimits, checkMacvtap, checkMoved, checkVlans } from './guests.js';
import { checkHidden } from './hidden.js';
import { checkHearing, checkPolicing } from './hearing.js';
import { checkPresence } from './presence.js';
import { checkStandby } from './standby.js';
import { checkSpeakers } from './speakers.js';

/** What is to be said of this host: warnings first, each kind in the order of its checks. */
export function diagnose(facts: Facts): Finding[] {
  const { bonds, bridges, guests, daemon, announcers, libvirt, proxmox, ovs, hearings, speakingMacvtaps, announce } =
    facts;
  const findings = [
    ...checkPresence(facts),
    ...bonds.flatMap(checkBond),
    ...bridges.flatMap((bridge) => [...checkBridgePorts(bridge), checkLearned(bridge), checkBridgeMac(bridge)]),
    ...bridges.map(checkBridgeAgeing),
    ...checkVlans(bridges, guests),
    ...checkMoved(guests),
    ...speakingMacvtaps.map(checkMacvtap),
    ...[...hearings].map(([bond, hearing]) => checkHearing(bond, hearing, daemon)),
    ...checkStandby(facts.standby, hearings),
    ...checkPolicing(ovs, hearings),
    ...checkLimits(guests),
    ...checkSpeakers(guests),
    ...checkSilence(bridges, guests, announce),
    ...checkArpRate(guests, announce),
    ...(daemon === null ? [] : checkDaemon(daemon, facts)),
    checkLibvirt(libvirt, daemon),
    checkProxmox(proxmox, daemon),
    ...announcers.map(checkAnnouncer),
    ...checkHidden(facts.hidden),
    ...checkOvs(ovs),
  ].filter((finding) => finding !== null);
  const rank = ({ level }: Finding): number => (level === 'warning' ? 0 : 1);
  return mergeAlike(findings).sort((one, other) => rank(one) - rank(other));
}

function checkBond(bond: BondFacts): (Finding | null)[] {
  if (bond.mode !== 'active-backup') return [checkMode(bond), checkAggregators(bond)];
  return [checkMonitoring(bond), checkCarrierLoss(bond), ...checkLinks(bond), ...checkOptions(bond)];
}

function checkDaemon(daemon: DaemonFacts, { guests }: Facts): (Finding | null)[] {
  return [checkCapabilities(daemon), checkPrivileges(daemon), checkReceiveBuffer(daemon, guests)];
}
