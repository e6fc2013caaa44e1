import type { Config } from '../config/config.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Clock } from '../sys/clock.js';
import type { Log } from '../sys/log.js';
import { sharedFileAt } from '../sys/files/shared-file.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { type Echo, Health } from '../http/health.js';
import { MetricsEndpoint } from '../http/metrics-endpoint.js';
import { MetricsSweeper } from './metrics-sweeper.js';
import { fillStateGauges } from './state-gauges.js';
import type { StatusPages } from '../http/status-page.js';
import { SwitchedTask } from '../tasks/switched-task.js';
import type { Task } from '../tasks/task.js';
import { Textfile } from './textfile.js';

/** What the metrics are made of. */
interface Parts {
  readonly tools: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics };
  readonly topology: Topology;
  readonly bonds: ReadonlyMap<number, BondGuests>;
  /** How to ask the kernel over each netlink socket, by what the socket is called. */
  readonly sockets: Readonly<Record<string, Echo>>;
  readonly pages: Pick<StatusPages, 'served'>;
}

/** The tasks that give the metrics to others: over HTTP, as a file, or to nobody. */
interface MetricsTasks {
  readonly endpoint: MetricsEndpoint;
  /** A file that is not to be any more is removed. */
  readonly textfile: SwitchedTask<string | null, Textfile>;
  /** These, and others that have no settings. */
  readonly tasks: readonly Task[];
}

/** Makes them, as the configuration says at first. */
export function metricsTasks({ textfile, ...settings }: Config['metrics'], parts: Parts): MetricsTasks {
  const { tools, topology, bonds, sockets, pages } = parts;
  const { registry } = tools.metrics;
  const refresh = (): void => fillStateGauges(tools.metrics, topology, bonds);
  const health = new Health(tools.clock, sockets);
  const write = (path: string | null): Textfile | null =>
    path === null ? null : new Textfile(sharedFileAt(path), registry, refresh, tools);
  const endpoint = new MetricsEndpoint(settings, {
    registry,
    refresh,
    health,
    log: tools.log,
    statusPage: pages.served,
  });
  const writer = new SwitchedTask('textfile', textfile, write);
  return { endpoint, textfile: writer, tasks: [endpoint, new MetricsSweeper(topology, tools), writer] };
}
