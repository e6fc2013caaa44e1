import type { Registry } from 'prom-client';

/** The metrics as text. */
interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

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
export async function expose(registry: Registry, accept: string | undefined): Promise<Exposition> {
  const families = (await registry.getMetricsAsJSON()) as unknown as Family[];
  if (!prefersOpenMetrics(accept ?? '')) return { contentType: TEXT, body: families.map(textFamily).join('') };
  return { contentType: OPEN_METRICS, body: `${families.map(openFamily).join('')}# EOF\n` };
}

/** The metrics of our own in the text format, without those of the process and of Node.js. */
export async function exposeOwn(registry: Registry): Promise<string> {
  const families = (await registry.getMetricsAsJSON()) as unknown as Family[];
  return families
    .filter(({ name }) => name.startsWith('bondherald_'))
    .map(textFamily)
    .join('');
}

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

function textFamily({ name, help, type, values }: Family): string {
  const lines = values.map(
    ({ metricName, labels, value }) => `${metricName ?? name}${labelText(labels)} ${numberText(value)}`,
  );
  return [`# HELP ${name} ${escape(help)}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

/** A family of counters is called by what its series are called without their `_total`; numbers in `le` have a point. */
function openFamily({ name, help, type, values }: Family): string {
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  const series = type === 'counter' ? `${family}_total` : name;
  const lines = values.map(
    ({ metricName, labels, value }) => `${metricName ?? series}${labelText(labels, pointed)} ${numberText(value)}`,
  );
  return [`# TYPE ${family} ${type}`, `# HELP ${family} ${escapeQuoted(help)}`, ...lines, ''].join('\n');
}

function labelText(labels: object, bound: (le: string) => string = (le) => le): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const text = String(value);
    return `${name}="${name === 'le' ? bound(text) : escapeQuoted(text)}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function pointed(bound: string): string {
  return /^\d+$/.test(bound) ? `${bound}.0` : bound;
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
