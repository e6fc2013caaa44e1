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
  /** The device, bridge or bond that it is about. */
  readonly subject: string;
  /** What is the case: one line. */
  readonly finding: string;
  /** What that means at the next failover: one line. */
  readonly meaning: string;
  /** The command that cures it. */
  readonly cure: string;
}

/** Every finding there is. Closed set. */
export type FindingId = 'bridge-ageing' | 'ovs-ageing' | 'ovs-bond-updelay' | 'ovs-mac-table-full' | 'ovs-unreadable';
