import type { Metrics } from '../metrics/metrics.js';
import type { Clock } from '../sys/clock.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import { type Task, untilAborted } from '../tasks/task.js';

/** In seconds; series of bonds that are gone last ten times as long. */
const INTERVAL = 60;

/** Removes the series of bonds that are gone, whether or not anybody reads them. */
export class MetricsSweeper implements Task {
  readonly name = 'metrics-sweeper';
  readonly ready = Promise.resolve();

  constructor(
    private readonly topology: Topology,
    private readonly tools: { readonly clock: Clock; readonly metrics: Metrics },
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const stop = this.tools.clock.every(INTERVAL, () => void this.sweep());
    await untilAborted(signal);
    stop();
  }

  private async sweep(): Promise<void> {
    const present = new Set(activeBackupBonds(this.topology).map(({ name }) => name));
    await this.tools.metrics.forgetGone(present, this.tools.clock.monotonic());
  }
}
