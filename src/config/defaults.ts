import { FRAME_KINDS } from './config.js';

/**
 * Every default, once, in the words of the configuration file, with its reason. What is an object here is a section
 * there: keys that a file leaves out keep the values given here.
 */
export const DEFAULTS = {
  // Finding them is what the program is for; a name is needed only to leave others alone.
  bonds: 'auto',
  announce: {
    // RARP teaches every switch and needs no address; gratuitous ARP and NA teach neighbours that look at nothing else; a
    // switch that snoops sends a group where it was last reported, until the querier asks again (125 s).
    kinds: FRAME_KINDS,
    // What Linux sends itself, and what RFC 5227 section 3 asks for; both forms take twice as long.
    garp: 'request',
    // At once; again past 1 s, which RFC 4861 7.2.6 asks between NAs; and past 30 s, because a port without portfast
    // blocks that long. Doubling, because what has not worked twice needs time, not frames.
    schedule: ['0s', '1.1s', '3s', '7s', '15s', '31s'],
    // Hosts that lost the same switch must not speak all at once; a quarter spreads them and keeps the rounds apart.
    jitter: 0.25,
    // Without a failover nothing is sent: broadcasts that nobody asked for are for who runs the network to decide.
    refresh: 'off',
    rate: {
      // A switch learns in hardware: this is for its uplinks' broadcast storm control.
      rarp: { rate: 2000, burst: 1000 },
      // Dynamic ARP inspection err-disables a port above 15 ARP/s by default; the guests' own need the other half.
      arp: { rate: 8, burst: 4 },
      // Nothing inspects NAs by default, but every router handles each in its processor.
      na: { rate: 200, burst: 100 },
      // Switches read reports in their processor, as routers do NAs.
      mcast: { rate: 200, burst: 100 },
    },
    // EVPN freezes a MAC that moves 5 times in 180 s (RFC 7432 section 15.1): stay one below.
    damping: { failovers: 4, within: '180s', holdOff: '30s' },
  },
  // To announce changes nothing on the host; to switch links does, and is for who runs the host to decide.
  failover: { onCarrierLoss: false },
  guests: {
    // Where libvirt, Proxmox VE or Open vSwitch is not there, there is nothing to read.
    sources: {
      fdb: true,
      neighbour: true,
      hostAddresses: true,
      snoop: true,
      libvirt: 'auto',
      proxmox: 'auto',
      ovs: 'auto',
    },
    // A guest that says nothing for a day has been given up by its gateway's ARP table as well.
    remember: '24h',
    // Its port is unknown, so nothing tells when it goes: hosts speak ARP every few minutes, and an hour is many of those.
    heardFor: '1h',
    // As many as the largest bridges hold: 65,536 frames are 5 MiB, and go out in a fraction of a second.
    // A virtual machine has a few addresses, a nest of containers some dozens; more are inventions.
    limits: { total: 65_536, perPort: 64, addressesPerGuest: 16 },
    exclude: { macs: [], vlans: [], ports: [] },
    // A standby router's address announced from the wrong node cuts its gateway off.
    virtualRouterMacs: false,
    static: [],
  },
  // To listen sends nothing, and what is wrong is known before the night on which it matters.
  standby: { watch: true },
  metrics: {
    // Only this host. 9871 is bondherald's port of record.
    listen: '127.0.0.1:9871',
    webConfig: null,
    // Every process of the host can open the address, a QEMU that its guest took over among them: the page has MACs,
    // addresses and names of all guests, so it takes a password.
    page: 'off',
    // The host's own names are known.
    names: [],
    textfile: null,
  },
  paths: {
    // RUNDIR of ovs-vswitchd(8) as distributions build it (/var/run is a link to /run), and as it stands outside of the
    // snaps openstack-hypervisor and microovn, of Antrea's pods, and of a build from source.
    ovs: [
      '/run/openvswitch',
      '/var/snap/openstack-hypervisor/common/run/openvswitch',
      '/var/snap/microovn/common/run/switch',
      '/run/antrea/openvswitch',
      '/usr/local/var/run/openvswitch',
    ],
    // stateDir of libvirt's QEMU driver (src/qemu/qemu_conf.c), the same way.
    libvirt: [
      '/run/libvirt/qemu',
      '/var/snap/openstack-hypervisor/common/run/libvirt/qemu',
      '/usr/local/var/run/libvirt/qemu',
    ],
  },
  // Where the Filesystem Hierarchy Standard puts what a program keeps from one run to the next.
  stateDir: '/var/lib/bondherald',
} as const;
