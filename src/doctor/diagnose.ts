import { checkBridgeAgeing, checkOvsAgeing } from './ageing.js';
import type { Facts, OvsFacts } from './facts.js';
import type { Finding } from './finding.js';
import { checkOvsBonds, checkOvsTables, ovsUnreadable } from './ovs.js';

/** What is to be said of this host: warnings first, each kind in the order of its checks. */
export function diagnose({ bridges, ovs }: Facts): Finding[] {
  const findings = [...checkBridgeAgeing(bridges), ...diagnoseOvs(ovs)];
  const rank = ({ level }: Finding): number => (level === 'warning' ? 0 : 1);
  return findings.sort((one, other) => rank(one) - rank(other));
}

function diagnoseOvs(ovs: OvsFacts | string | null): Finding[] {
  if (ovs === null) return [];
  if (typeof ovs === 'string') return [ovsUnreadable(ovs)];
  return [...checkOvsBonds(ovs.config), ...checkOvsTables(ovs), ...checkOvsAgeing(ovs.config)];
}
