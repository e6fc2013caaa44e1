import { LATENCY_BUCKETS, type MetricDescription, METRICS } from '../../src/metrics/table.js';

const OPENING = `# Metrics

<!-- Made of src/metrics/table.ts by \`make docs\`; changes by hand are lost. -->

What bondherald serves at \`/metrics\`, in the Prometheus text format or, to who asks for it, as OpenMetrics. Names and labels
are stable. No label ever carries a MAC or an IP address of a guest. Beside these there are \`process_*\` and \`nodejs_*\`, of
the process and of Node.js.`;

const LABELS: Readonly<Record<string, string>> = {
  bond: 'the name of a bond; at most 1,024 have series, all others share `other bonds`',
  code: 'an errno of the kernel, such as `ENOBUFS` or `ENETDOWN`',
  kind: 'a kind of frame: RARP, gratuitous ARP (`garp`), unsolicited Neighbor Advertisement (`na`)',
  reason: 'why; the values depend on the metric',
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

const CLOSING = `## Series that come and go

A counter of a bond is there, at 0, from the first scrape that finds the bond, where the values of its other labels are
listed above. The series of a bond that is gone stay for 10 minutes, so that Prometheus sees how it ended, and then vanish;
of more than 64 bonds that are gone the oldest vanish at once.`;

function labelLine(label: string, values: readonly string[] | undefined): string {
  const list = values ? `: ${values.map((value) => `\`${value}\``).join(', ')}` : '';
  return `- \`${label}\`: ${LABELS[label] ?? ''}${list}`;
}

function bucketLine(): string {
  const [first = 0] = LATENCY_BUCKETS;
  const last = LATENCY_BUCKETS.at(-1) ?? 0;
  return `${LATENCY_BUCKETS.length} buckets, from ${first * 1e6} µs doubling to ${last} s.`;
}
