import type { Config } from '../config/config.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Clock } from '../sys/clock.js';
import type { Log } from '../sys/log.js';
import { sharedFileAt } from '../sys/shared-file.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { type Echo, Health } from './health.js';
import { MetricsEndpoint, type Page } from './metrics-endpoint.js';
import { MetricsSweeper } from './metrics-sweeper.js';
import { fillStateGauges } from './state-gauges.js';
import type { Task } from './task.js';
import { Textfile } from './textfile.js';

/** What the metrics are made of. */
interface Parts {
  readonly tools: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics };
  readonly topology: Topology;
  readonly bonds: ReadonlyMap<number, BondGuests>;
  /** How to ask the kernel over each netlink socket, by what the socket is called. */
  readonly sockets: Readonly<Record<string, Echo>>;
  /** More pages beside the metrics, by path. */
  readonly pages?: Readonly<Record<string, Page>>;
}

/** The tasks that give the metrics to others: over HTTP, as a file, or to nobody. */
export function metricsTasks(settings: Config['metrics'], parts: Parts): Task[] {
  const { tools, topology, bonds, sockets, pages = {} } = parts;
  const { registry } = tools.metrics;
  const refresh = (): void => fillStateGauges(tools.metrics, topology, bonds);
  const health = new Health(tools.clock, sockets);
  const tasks: Task[] = [
    new MetricsEndpoint(settings, { registry, refresh, health, log: tools.log, pages }),
    new MetricsSweeper(topology, tools),
  ];
  if (settings.textfile !== null) tasks.push(new Textfile(sharedFileAt(settings.textfile), registry, refresh, tools));
  return tasks;
}
