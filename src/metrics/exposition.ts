import type { Registry } from 'prom-client';

/** What prom-client tells of a metric. Names of histograms' series carry their suffix. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly { readonly value: number; readonly labels: object; readonly metricName?: string }[];
}

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * All metrics of a registry, in the form that the client prefers: the Prometheus text format 0.0.4, or OpenMetrics 1.0.0
 * (https://prometheus.io/docs/instrumenting/exposition_formats and https://openmetrics.io).
 *
 * prom-client's own OpenMetrics registry is of no use: it renames the counters for good, so that the next scrape in the
 * text format has other names.
 * @param accept the client's Accept header
 */
export async function expose(registry: Registry, accept: string | undefined) {
  const open = prefersOpenMetrics(accept ?? '');
  const body = (await familiesOf(registry)).map((family) => familyText(family, open)).join('');
  return open ? { contentType: OPEN_METRICS, body: `${body}# EOF\n` } : { contentType: TEXT, body };
}

/** The metrics of our own in the text format, without those of the process and of Node.js. */
export async function exposeOwn(registry: Registry): Promise<string> {
  const own = (await familiesOf(registry)).filter(({ name }) => name.startsWith('bondherald_'));
  return own.map((family) => familyText(family, false)).join('');
}

const familiesOf = async (registry: Registry): Promise<Family[]> =>
  (await registry.getMetricsAsJSON()) as unknown as Family[];

/** Whether OpenMetrics is worth more to the client than text (RFC 9110 section 12.5.1). */
function prefersOpenMetrics(accept: string): boolean {
  let [open, text] = [0, 0];
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const given = (name: string): string | undefined =>
      parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
    const weight = Number(given('q') ?? 1);
    if (type === 'application/openmetrics-text' && (given('version') ?? '1.0.0') === '1.0.0')
      open = Math.max(open, weight);
    if (type === 'text/plain') text = Math.max(text, weight);
  }
  return open > 0 && open >= text;
}

/**
 * Help comes first in the text format, and its quotes are as they are. In OpenMetrics a family of counters is called by
 * what its series are called without their `_total`, and numbers in `le` have a point.
 */
function familyText({ name, help, type, values }: Family, open: boolean): string {
  const family = open && type === 'counter' ? name.replace(/_total$/, '') : name;
  const series = open && type === 'counter' ? `${family}_total` : name;
  const about = [`# TYPE ${family} ${type}`, `# HELP ${family} ${open ? escapeQuoted(help) : escape(help)}`];
  const lines = values.map(
    ({ metricName, labels, value }) => `${metricName ?? series}${labelText(labels, open)} ${numberText(value)}`,
  );
  return [...(open ? about : about.reverse()), ...lines, ''].join('\n');
}

function labelText(labels: object, open: boolean): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const text = String(value);
    const bound = open && /^\d+$/.test(text) ? `${text}.0` : text;
    return `${name}="${name === 'le' ? bound : escapeQuoted(text)}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeQuoted(text: string): string {
  return escape(text).replaceAll('"', '\\"');
}
