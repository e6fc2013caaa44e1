import type { HostState } from '../guests/host-state.js';
import type { Clock } from '../sys/clock.js';
import type { Log } from '../sys/log.js';
import { readBootId, stateFileIn } from '../sys/files/state-file.js';
import type { Announcer } from './announcer.js';
import { MissedFailovers } from './missed-failovers.js';
import { type Announced, StateKeeper } from './state-keeper.js';

/** What carries the host's state over to the next run, in a file of that folder. @param hostKnown what is saved may be trusted */
export function newStateKeeper(
  folder: string,
  host: HostState,
  tools: { readonly clock: Clock; readonly log: Log },
  hostKnown: Promise<void>,
  announcer: Announcer,
  history: Announced,
): StateKeeper {
  const missed = new MissedFailovers(host, (...order) => announcer.announce(...order));
  return new StateKeeper(host, stateFileIn(folder), readBootId, tools, { hostKnown, announcer, missed, history });
}
