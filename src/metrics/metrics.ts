import { collectDefaultMetrics, Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { LATENCY_BUCKETS, type MetricName, METRICS } from './table.js';

type NamesOf<Type> = { [N in MetricName]: (typeof METRICS)[N]['type'] extends Type ? N : never }[MetricName];
type LabelsOf<N extends MetricName> = Record<(typeof METRICS)[N]['labels'][number], string>;

/** These three of prom-client's default metrics do not pass `promtool check metrics`. */
const UNWANTED_DEFAULTS = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** Our metrics in a registry, by the names and with the labels of the table. */
export class Metrics {
  constructor(private readonly registry: Registry) {
    for (const [name, { type, help, labels }] of Object.entries(METRICS)) {
      const configuration = { name, help, labelNames: [...labels], registers: [registry] };
      if (type === 'counter') new Counter(configuration);
      else if (type === 'gauge') new Gauge(configuration);
      else new Histogram({ ...configuration, buckets: LATENCY_BUCKETS });
    }
  }

  /** Adds what prom-client tells of the process and of Node itself, and which version of ours this is. */
  withDefaults(version: string): this {
    this.set('bondherald_build_info', { version }, 1);
    // prom-client's 10 ms would wake an idle hypervisor a hundred times a second.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 100 });
    for (const name of UNWANTED_DEFAULTS) this.registry.removeSingleMetric(name);
    return this;
  }

  count<N extends NamesOf<'counter'>>(name: N, labels: LabelsOf<N>, by = 1): void {
    this.metric<Counter>(name).inc(labels, by);
  }

  observe<N extends NamesOf<'histogram'>>(name: N, labels: LabelsOf<N>, seconds: number): void {
    this.metric<Histogram>(name).observe(labels, seconds);
  }

  set<N extends NamesOf<'gauge'>>(name: N, labels: LabelsOf<N>, value: number): void {
    this.metric<Gauge>(name).set(labels, value);
  }

  /** Forgets all values of a gauge, before it is filled anew from the state that it mirrors. */
  clear(name: NamesOf<'gauge'>): void {
    this.metric<Gauge>(name).reset();
  }

  private metric<T>(name: MetricName): T {
    return this.registry.getSingleMetric(name) as T;
  }
}
