import type { HostState } from '../guests/host-state.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Log } from '../sys/log.js';
import { type ArpListener, Snooper } from '../listen/snooper.js';
import { SwitchedTask } from '../tasks/switched-task.js';

/** Listens on the bonds as long as the configuration wants it. @param changed called after something was heard */
export function newSnooper(
  wanted: boolean,
  host: HostState,
  bonds: ReadonlyMap<number, unknown>,
  tools: { readonly log: Log; readonly metrics: Metrics },
  told: { readonly changed: () => void; readonly arpLeft: ArpListener },
): SwitchedTask<boolean, Snooper> {
  const create = (now: boolean): Snooper | null =>
    now ? new Snooper(host, bonds, tools, told.changed, told.arpLeft) : null;
  return new SwitchedTask('snooper', wanted, create);
}
