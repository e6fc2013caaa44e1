/**
 * How much a finding matters: a `warning` is something to fix before the next failover, an `advice` makes the network
 * better and can wait.
 */
export type Level = 'warning' | 'advice';

/** Something about this host that will go wrong, or could go better, at a failover. */
export interface Finding {
  /** Stable: scripts may look for it. */
  readonly id: FindingId;
  readonly level: Level;
  /** The device, bridge or bond that it is about; of several, the first ones. */
  readonly subject: string;
  /** What is the case: one line. */
  readonly finding: string;
  /** What that means at the next failover: one line. */
  readonly meaning: string;
  /** The command that cures it, or shows where to look when that takes a hand. */
  readonly cure: string;
}

/** Every finding there is. Closed set; docs/doctor.md has a row for each. */
export type FindingId =
  | 'bond-no-monitoring'
  | 'bond-slow-detection'
  | 'bond-arp-unvalidated'
  | 'bond-updelay'
  | 'bond-one-link'
  | 'bond-all-slaves-active'
  | 'bond-no-grat-arp'
  | 'bond-mode'
  | 'bond-fail-over-mac'
  | 'slave-down'
  | 'slave-no-carrier'
  | 'slave-no-answer'
  | 'bridge-ageing'
  | 'bridge-mac'
  | 'bridge-port-blocked'
  | 'bridge-port-learning'
  | 'vlan-not-on-uplink'
  | 'seen-on-uplink'
  | 'daemon-capabilities'
  | 'daemon-privileges'
  | 'receive-buffer'
  | 'libvirt-unreadable'
  | 'second-announcer'
  | 'ovs-ageing'
  | 'ovs-bond-updelay'
  | 'ovs-mac-table-full'
  | 'ovs-unreadable';
