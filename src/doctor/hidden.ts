import type { Facts } from './facts.js';
import { type Finding, found } from './finding.js';

/** Sources that run here and are not found: their guests are missing, and nothing else would say so. */
export function checkHidden({ ovs, libvirt }: Facts['hidden']): (Finding | null)[] {
  return [
    ovs &&
      found('ovs-not-found', {
        subject: 'Open vSwitch',
        finding: `it runs here (${ovs.sign}), but its database is in none of paths.ovs: ${ovs.folders.join(', ')}`,
        cure: "ss -xlH | grep -E 'db.sock|ovs-vswitchd'",
      }),
    libvirt &&
      found('libvirt-not-found', {
        subject: 'libvirt',
        finding: `it runs guests here (${libvirt.sign}), but its folder is none of paths.libvirt: ${libvirt.folders.join(', ')}`,
        cure: 'find /run /var/snap /var/lib -path "*libvirt/qemu/*.xml"',
      }),
  ];
}
