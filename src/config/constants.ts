import { type MacPrefix, parseMacPrefix } from '../addr/mac.js';

/** Read where no other file is named. Need not be there. */
export const CONFIG_FILE = '/etc/bondherald/bondherald.yaml';

/** Where the daemon answers the other commands. Packages and scripts rely on the path. */
export const CONTROL_SOCKET = '/run/bondherald/control.sock';

/** What starts the daemon, where somebody looks for one and none runs. */
export const START_DAEMON = 'systemctl start bondherald';

/** Whose members may use the control socket beside root and the daemon. Packages make the group. */
export const CONTROL_GROUP = 'bondherald';

/** Where a node of Proxmox VE has the configuration of its guests: virtual machines (qm.conf(5)), containers (pct.conf(5)). */
export const PROXMOX_FOLDERS = { qemu: '/etc/pve/qemu-server', lxc: '/etc/pve/lxc' } as const;

/** Addresses shared by several machines: whoever announces one takes it from the machine that holds it now. */
export const VIRTUAL_ROUTER_MACS: readonly MacPrefix[] = [
  '00:00:5e:00:01/40', // VRRP for IPv4, RFC 9568 section 7.3
  '00:00:5e:00:02/40', // VRRP for IPv6, RFC 9568 section 7.3
  '00:00:0c:07:ac/40', // HSRP version 1
  '00:00:0c:9f:f0:00/36', // HSRP version 2
  '00:07:b4:00/32', // GLBP
  '02:bf/16', // Microsoft Network Load Balancing, unicast mode
].flatMap((text) => parseMacPrefix(text) ?? []);
