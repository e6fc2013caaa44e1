import { type MacPrefix, parseMacPrefix } from '../addr/mac-prefix.js';

/** The settings of a run, with every default and its reason. */
export interface Config {
  readonly guests: {
    readonly sources: { readonly fdb: boolean; readonly neighbour: boolean };
    readonly limits: { readonly total: number; readonly perPort: number; readonly addressesPerGuest: number };
    /** How long a guest that fell silent is remembered, in seconds. */
    readonly remember: number;
    readonly exclude: {
      readonly macs: readonly MacPrefix[];
      readonly vlans: readonly number[];
      readonly ports: readonly string[];
    };
    /** Announce the addresses that routers and load balancers share as well. */
    readonly virtualRouterMacs: boolean;
    readonly static: readonly never[];
  };
  readonly metrics: { readonly host: string; readonly port: number };
  /** The folder of the state file; made when it is not there. */
  readonly stateDir: string;
}

export const DEFAULTS: Config = Object.freeze({
  guests: {
    sources: { fdb: true, neighbour: true },
    // As many as the largest bridges hold: 65,536 frames are 5 MiB, and go out in a fraction of a second.
    // A virtual machine has a few addresses, a nest of containers some dozens; more are inventions.
    limits: { total: 65_536, perPort: 64, addressesPerGuest: 16 },
    // A guest that says nothing for a day has been given up by its gateway's ARP table as well.
    remember: 24 * 3600,
    exclude: { macs: [], vlans: [], ports: [] },
    // A standby router's address announced from the wrong node cuts its gateway off.
    virtualRouterMacs: false,
    static: [],
  },
  // Only this host: guests must not learn who their neighbours are. 9871 is bondherald's port of record.
  metrics: { host: '127.0.0.1', port: 9871 },
  // Where the Filesystem Hierarchy Standard puts what a program keeps from one run to the next.
  stateDir: '/var/lib/bondherald',
});

/** Where the daemon answers the other commands. Packages and scripts rely on the path. */
export const CONTROL_SOCKET = '/run/bondherald/control.sock';

/** Addresses shared by several machines: whoever announces one takes it from the machine that holds it now. */
export const VIRTUAL_ROUTER_MACS: readonly MacPrefix[] = [
  '00:00:5e:00:01/40', // VRRP for IPv4, RFC 9568 section 7.3
  '00:00:5e:00:02/40', // VRRP for IPv6, RFC 9568 section 7.3
  '00:00:0c:07:ac/40', // HSRP version 1
  '00:00:0c:9f:f0:00/36', // HSRP version 2
  '00:07:b4:00/32', // GLBP
  '02:bf/16', // Microsoft Network Load Balancing, unicast mode
].flatMap((text) => parseMacPrefix(text) ?? []);

/** Where libvirt's QEMU driver keeps one status file a running domain (src/qemu/qemu_conf.c: stateDir). */
export const LIBVIRT_STATUS_FOLDER = '/run/libvirt/qemu';
