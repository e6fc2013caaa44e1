import { otherKind } from '../kernel/link.js';
import { readUnixNames } from '../sys/unix/unix-names.js';
import type { Topology } from '../topology/topology.js';

/*
 * What runs on a host though it is not found in the folders where it is looked for: in a snap, in a container, built from
 * source. Processes are not looked at: the service does not see those of others, and theirs may be of another network.
 */

/** The control socket of a running ovs-vswitchd (ovs-vswitchd(8): --unixctl). */
const SWITCH_SOCKET = /\/ovs-vswitchd\.\d+\.ctl$/;

/** The monitor of a running guest of libvirt (src/qemu/qemu_domain.c: qemuDomainSetPrivatePaths). */
const MONITOR_SOCKET = /\/libvirt\/qemu\/.+\/monitor\.sock$/;

/** What shows that Open vSwitch runs here, in a few words; null: nothing does. */
export async function signOfOvs(topology: Topology): Promise<string | null> {
  for (const link of topology.allLinks()) if (otherKind(link) === 'openvswitch') return `the device ${link.name}`;
  return socketLike(SWITCH_SOCKET);
}

/** What shows that libvirt runs guests of QEMU here; null: nothing does. */
export function signOfLibvirt(): Promise<string | null> {
  return socketLike(MONITOR_SOCKET);
}

async function socketLike(pattern: RegExp): Promise<string | null> {
  const name = (await readUnixNames()).find((each) => pattern.test(each));
  return name === undefined ? null : `the socket ${name}`;
}
