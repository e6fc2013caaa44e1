import { collectDefaultMetrics, Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { LATENCY_BUCKETS, type MetricDescription, type MetricName, METRICS } from './table.js';

type NamesOf<Type> = { [N in MetricName]: (typeof METRICS)[N]['type'] extends Type ? N : never }[MetricName];
type LabelsOf<N extends MetricName> = Record<(typeof METRICS)[N]['labels'][number], string>;
type Labels = Readonly<Record<string, string>>;

const DESCRIPTIONS: Readonly<Record<string, MetricDescription>> = METRICS;

/**
 * Of prom-client's default metrics three do not pass `promtool check metrics`; and seven are statistics of a timer, which
 * count its interval as lag, and wake an idle host each time. `nodejs_eventloop_lag_seconds` is measured at a scrape.
 */
const UNWANTED_DEFAULTS = [
  ...['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`),
  ...['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((what) => `nodejs_eventloop_lag_${what}_seconds`),
];

/** The interval of that timer, in ms: a day. */
const HARDLY_EVER = 24 * 3600 * 1000;

/** Our metrics in a registry, by the names and with the labels of the table. */
export class Metrics {
  private readonly bonds = new BondLabels();

  constructor(readonly registry: Registry) {
    for (const [name, { type, help, labels }] of Object.entries(METRICS)) {
      const configuration = { name, help, labelNames: [...labels], registers: [registry] };
      if (type === 'counter') new Counter(configuration);
      else if (type === 'gauge') new Gauge(configuration);
      else new Histogram({ ...configuration, buckets: LATENCY_BUCKETS });
    }
    this.countNothing();
  }

  /** Adds what prom-client tells of the process and of Node itself, and which version of ours this is. */
  withDefaults(version: string): this {
    this.set('bondherald_build_info', { version }, 1);
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: HARDLY_EVER });
    for (const name of UNWANTED_DEFAULTS) this.registry.removeSingleMetric(name);
    return this;
  }

  count<N extends NamesOf<'counter'>>(name: N, labels: LabelsOf<N>, by = 1): void {
    this.metric<Counter>(name).inc(this.bounded(labels), by);
  }

  observe<N extends NamesOf<'histogram'>>(name: N, labels: LabelsOf<N>, seconds: number): void {
    this.metric<Histogram>(name).observe(this.bounded(labels), seconds);
  }

  /** Sets a gauge; one of a bond beyond those that have series is left out. */
  set<N extends NamesOf<'gauge'>>(name: N, labels: LabelsOf<N>, value: number): void {
    const bounded: Labels = this.bounded(labels);
    if (bounded.bond !== OTHER_BONDS) this.metric<Gauge>(name).set(bounded, value);
  }

  /** Forgets all values of a gauge, before it is filled anew from the state that it mirrors. */
  clear(name: NamesOf<'gauge'>): void {
    this.metric<Gauge>(name).reset();
  }

  /** Gives a bond its counters, at 0: of a counter that appears with its first event, nobody sees the first event. */
  introduce(bond: string): void {
    this.countNothing(this.bonds.label(bond));
  }

  /** Removes the series of bonds that are gone for 10 minutes. @param now monotonic clock, seconds */
  async forgetGone(present: ReadonlySet<string>, now: number): Promise<void> {
    const gone = new Set(this.bonds.expire(present, now));
    if (gone.size === 0) return;
    for (const [name, { labels }] of Object.entries(DESCRIPTIONS)) {
      if (!labels.includes('bond')) continue;
      const metric = this.metric<Counter | Gauge | Histogram>(name as MetricName);
      for (const { labels: series } of (await metric.get()).values) {
        if (!gone.has(String(series.bond))) continue;
        metric.remove(Object.fromEntries(labels.flatMap((label) => [[label, String(series[label])]])));
      }
    }
  }

  /** Brings into being, at 0, each counter whose labels are all of closed sets; with a bond, those of the bond. */
  private countNothing(bond?: string): void {
    for (const [name, { type, labels, values = {} }] of Object.entries(DESCRIPTIONS)) {
      const known: Readonly<Record<string, readonly string[]>> =
        bond === undefined ? values : { ...values, bond: [bond] };
      const ofBond = labels.includes('bond') === (bond !== undefined);
      if (type !== 'counter' || !ofBond || !labels.every((label) => known[label])) continue;
      for (const each of combinations(labels, known)) this.metric<Counter>(name as MetricName).inc(each, 0);
    }
  }

  private bounded<L extends Labels>(labels: L): L {
    return labels.bond === undefined ? labels : { ...labels, bond: this.bonds.label(labels.bond) };
  }

  private metric<T>(name: MetricName): T {
    return this.registry.getSingleMetric(name) as T;
  }
}

/** Every combination of the values of these labels. */
function combinations(labels: readonly string[], values: Readonly<Record<string, readonly string[]>>): Labels[] {
  return labels.reduce<Labels[]>(
    (before, label) => before.flatMap((each) => (values[label] ?? []).map((value) => ({ ...each, [label]: value }))),
    [{}],
  );
}

/** All bonds beyond `MAX_BONDS`. No device is called so: names have no blanks (net/core/dev.c: dev_valid_name). */
export const OTHER_BONDS = 'other bonds';

/** More bonds than any host has; each costs about 60 series. */
export const MAX_BONDS = 1024;

/** A bond that is gone keeps its series so long, in seconds: a scrape must come by, or its end is never seen. */
const KEPT_SECONDS = 600;

/** Of bonds that are gone at most so many keep their series. */
const MAX_GONE = 64;

/** The bonds that have series. Bounded by `MAX_BONDS`. */
export class BondLabels {
  /** Since when each bond is gone, on the monotonic clock in seconds; null for one that is there. Oldest first. */
  private readonly goneSince = new Map<string, number | null>();

  /** The label of a bond: its name, or that of all others when too many have series. */
  label(bond: string): string {
    if (this.goneSince.has(bond)) return bond;
    if (this.goneSince.size >= MAX_BONDS) return OTHER_BONDS;
    this.goneSince.set(bond, null);
    return bond;
  }

  /** Notes which bonds are there. @returns those whose series are to go now */
  expire(present: ReadonlySet<string>, now: number): string[] {
    for (const [bond, since] of this.goneSince) {
      if (present.has(bond)) this.goneSince.set(bond, null);
      else if (since === null) this.goneSince.set(bond, now);
    }
    const gone = [...this.goneSince].flatMap(([bond, since]) => (since === null ? [] : [{ bond, since }]));
    gone.sort((a, b) => b.since - a.since);
    const over = gone.filter(({ since }, n) => n >= MAX_GONE || now - since >= KEPT_SECONDS).map(({ bond }) => bond);
    for (const bond of over) this.goneSince.delete(bond);
    return over;
  }
}
