import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon } from '../lab/net/daemon.js';
import type { Lab } from '../lab/net/lab.js';
import { emptyStateFolder } from '../lab/net/state-folder.js';

const CONFIG = '/run/tmp/bench.yaml';

/** A first round as fast as the host can, and as many failovers in a row as the benchmark makes. */
const SETTINGS = `
announce:
  kinds: [rarp]
  schedule: [0s]
  rate:
    rarp: unlimited
  damping: {failovers: 1000, within: 1s, holdOff: 0s}
`;

/** Until then V8 still compiles, in threads of its own. */
const SETTLE_MS = 1000;

/** The daemon's command line; `nodeFlags` are V8's, for this build alone. */
function commandLine({ nodeFlags = [], program = BONDHERALD, settings = '' }: HeraldOptions): string[] {
  writeFileSync(CONFIG, `${SETTINGS}${settings}\n`);
  const command = nodeFlags.length === 0 ? [program] : [process.execPath, ...nodeFlags, MAIN];
  return [...command, 'run', '--config', CONFIG];
}

const MAIN = new URL('../../program/main.js', import.meta.url).pathname;

/** The program of another checkout, which `make build` has made there. */
export const programOf = (checkout: string): string => join(checkout, 'bin/bondherald');

/**
 * Where the daemon runs, V8's flags for it, the `bin/bondherald` of another build to run in its place, and further settings
 * in the words of its file.
 */
export interface HeraldOptions {
  settings?: string;
  netns?: string;
  nodeFlags?: readonly string[];
  program?: string;
}

/** Starts the daemon, and resolves when it knows that many guests by the bridge and has settled. */
export async function startHerald(lab: Lab, guests: number, options: HeraldOptions = {}): Promise<Daemon> {
  const { netns = 'hv' } = options;
  emptyStateFolder(); // else it would announce a failover that it has missed
  const daemon = await Daemon.start(lab, commandLine(options), { netns, timeout: 120_000 });
  const known = 'bondherald_guests{bond="bond0",source="fdb"}';
  await until(async () => ((await daemon.metric(known)) ?? 0) >= guests, {
    what: `the daemon knows ${guests} guests`,
    timeout: 120_000,
    every: 200,
  });
  await sleep(SETTLE_MS);
  return daemon;
}
