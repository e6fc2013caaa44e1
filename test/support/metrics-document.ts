import { LATENCY_BUCKETS, type MetricDescription, METRICS } from '../../src/metrics/table.js';

const OPENING = `# Metrics

<!-- Generated from src/metrics/table.ts by \`make docs\`; manual changes are lost. -->

bondherald serves these metrics at \`/metrics\` in the Prometheus text format, or as OpenMetrics on request. Names and
labels are stable. No label contains a MAC or IP address of a guest. \`process_*\` and \`nodejs_*\` metrics of the process and
of Node.js are served as well.`;

const LABELS: Readonly<Record<string, string>> = {
  bond: 'the name of a bond; beyond 1,024 bonds the rest share `other bonds`',
  code: 'an errno of the kernel, such as `ENOBUFS` or `ENETDOWN`',
  how: 'a way of hearing: a mirror by tc, a packet socket, or none',
  kind: 'a kind of frame: RARP, gratuitous ARP (`garp`), unsolicited Neighbor Advertisement (`na`), report of multicast groups by IGMP or MLD (`mcast`)',
  reason: 'the reason; values depend on the metric',
  result: 'how an announcement ended',
  slave: 'the name of a link of the bond',
  socket: 'a netlink socket: `link` of the failover thread, `neigh` of the main thread',
  source: 'where a guest was learned, such as `fdb`, `libvirt`, `host`',
  version: 'the version of bondherald',
};

/** docs/metrics.md: every metric and every label, from the table. */
export function metricsDocument(): string {
  const metrics = Object.entries<MetricDescription>(METRICS).map(([name, { type, help, labels, values = {} }]) => [
    `## ${name}`,
    help,
    [`- type: ${type}`, ...labels.map((label) => labelLine(label, values[label]))].join('\n'),
    ...(type === 'histogram' ? [bucketLine()] : []),
  ]);
  return `${[OPENING, ...metrics.flat(), CLOSING].join('\n\n')}\n`;
}

const CLOSING = `## Lifetime of series

The counters of a bond start at 0 at the first scrape that finds the bond, for all label values listed above. The series of a
deleted bond remain for 10 minutes, so that Prometheus sees how it ended. Of more than 64 deleted bonds the oldest are
removed at once.`;

function labelLine(label: string, values: readonly string[] | undefined): string {
  const list = values ? `: ${values.map((value) => `\`${value}\``).join(', ')}` : '';
  return `- \`${label}\`: ${LABELS[label] ?? ''}${list}`;
}

function bucketLine(): string {
  const [first = 0] = LATENCY_BUCKETS;
  const last = LATENCY_BUCKETS.at(-1) ?? 0;
  return `${LATENCY_BUCKETS.length} buckets, from ${first * 1e6} µs doubling to ${last} s.`;
}
