import { FRAME_KINDS } from '../config/config.js';
import { RUN_RESULTS } from '../plan/failover-record.js';
import { HEARING_WAYS } from '../sources/hearing.js';
import { STANDBY_STATES } from '../standby/judgement.js';

/**
 * Every metric of the program, once: its type, its help and its labels. No MAC and no IP address is ever a label;
 * bond, slave, kind, source, reason and code are closed sets. Where the values of a label are given here, a counter is
 * there, at 0, before it has counted anything. docs/metrics.md is made of this table (test/support/metrics-document.ts).
 */
export const METRICS = {
  bondherald_build_info: {
    type: 'gauge',
    help: 'Always 1; the label has the version of bondherald.',
    labels: ['version'],
  },
  bondherald_bond_active_slave: {
    type: 'gauge',
    help: 'Whether the slave is the active slave of the bond (1) or not (0).',
    labels: ['bond', 'slave'],
  },
  bondherald_bond_failovers_total: {
    type: 'counter',
    help: 'Changes of the active slave of the bond, including failbacks and manual switches.',
    labels: ['bond'],
  },
  bondherald_last_failover_timestamp_seconds: {
    type: 'gauge',
    help: 'Unix time of the last failover of the bond.',
    labels: ['bond'],
  },
  bondherald_guests: {
    type: 'gauge',
    help: 'Guests behind the bond, announced or not, by source. A guest in two VLANs counts twice.',
    labels: ['bond', 'source'],
  },
  bondherald_listening: {
    type: 'gauge',
    help: 'How the daemon hears what leaves by the bond: 1 for mirror (tc), socket (costs guests more) or deaf, 0 for the others.',
    labels: ['bond', 'how'],
    values: { how: HEARING_WAYS },
  },
  bondherald_unexplained_speakers: {
    type: 'gauge',
    help: 'Stations that were heard leaving by the bond, that no source explains, and that are not announced. One in two VLANs counts twice.',
    labels: ['bond'],
  },
  bondherald_standby_vlans: {
    type: 'gauge',
    help: 'VLANs that announced guests use, by whether a link that is not active carries them: carried (a broadcast of the active link was heard there), missing or unknown. Untagged frames count as one.',
    labels: ['bond', 'slave', 'state'],
    values: { state: STANDBY_STATES },
  },
  bondherald_guest_evictions_total: {
    type: 'counter',
    help: 'Addresses evicted or refused because of a limit: per port, total, IP addresses per guest, VLANs, static rows in too many VLANs, or heard stations; or multicast groups, per guest or of all.',
    labels: ['reason'],
    values: {
      reason: [
        'per-port',
        'total',
        'addresses-per-guest',
        'vlans',
        'static-vlans',
        'heard',
        'groups-per-guest',
        'groups',
      ],
    },
  },
  bondherald_sightings_ignored_total: {
    type: 'counter',
    help: 'Entries of a source that are not guests, by reason.',
    labels: ['source', 'reason'],
  },
  bondherald_announcements_total: {
    type: 'counter',
    help: 'Announcements of a bond by result: completed, refused (in part, by the kernel), empty, superseded, no-active-slave, bond-gone, damped, stopped.',
    labels: ['bond', 'result'],
    values: { result: RUN_RESULTS },
  },
  bondherald_frames_sent_total: {
    type: 'counter',
    help: 'Frames that the kernel accepted for sending.',
    labels: ['bond', 'kind'],
    values: { kind: FRAME_KINDS },
  },
  bondherald_refreshed_total: {
    type: 'counter',
    help: 'Frames that the kernel accepted for silent guests without a failover (announce.refresh); they count in bondherald_frames_sent_total as well.',
    labels: ['bond', 'kind'],
    values: { kind: FRAME_KINDS },
  },
  bondherald_frame_errors_total: {
    type: 'counter',
    help: 'Frames that the kernel refused, by errno.',
    labels: ['bond', 'kind', 'code'],
    values: { kind: FRAME_KINDS },
  },
  bondherald_guests_suppressed_total: {
    type: 'counter',
    help: 'Guests not announced at a failover, by reason.',
    labels: ['bond', 'reason'],
  },
  bondherald_announcement_first_frame_seconds: {
    type: 'histogram',
    help: 'Time from receiving the failover message to the system call that sends the first RARP.',
    labels: ['bond'],
  },
  bondherald_announcement_last_frame_seconds: {
    type: 'histogram',
    help: 'Time from receiving the failover message to the return of the system call that sent the last RARP of the first round.',
    labels: ['bond'],
  },
  bondherald_netlink_overruns_total: {
    type: 'counter',
    help: 'Number of times the kernel dropped messages because a netlink socket was full.',
    labels: ['socket'],
    values: { socket: ['link', 'neigh'] },
  },
  bondherald_resyncs_total: {
    type: 'counter',
    help: 'Number of times the kernel state was read again because it could be out of date.',
    labels: ['reason'],
    values: { reason: ['overrun', 'truncated', 'malformed'] },
  },
} as const satisfies Record<string, MetricDescription>;

/** What there is to say of a metric. */
export interface MetricDescription {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** The values of those of its labels whose sets are small. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
}

/** The names of our metrics. */
export type MetricName = keyof typeof METRICS;

/** Upper bounds of the latency histograms in seconds: 50 µs to 1.6 s, doubling. */
export const LATENCY_BUCKETS = Array.from({ length: 16 }, (_, i) => 50e-6 * 2 ** i);
