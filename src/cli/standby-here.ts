import process from 'node:process';
import type { Config } from '../config/config.js';
import type { StandbyReport } from '../control/messages.js';
import { GroupTable } from '../groups/group-table.js';
import type { HostState } from '../guests/host-state.js';
import { type LiveHost, readHost } from '../host/read-host.js';
import { describeStandby } from '../host/standby.js';
import { Snooper } from '../listen/snooper.js';
import { systemClock } from '../sys/clock.js';
import { startThread } from '../sys/process/thread.js';
import { Nap } from '../tasks/backoff.js';
import { Events } from '../tasks/events.js';
import { servedBonds, findBond } from '../topology/bonds.js';
import type { BondId } from '../topology/bond-id.js';
import { type BondGuests, type StackCount, StackCounts } from '../wire/bond-guests.js';
import type { DaemonEvents } from '../wire/events.js';
import type { Output } from './output.js';

/** So many seconds it listens. */
const SECONDS = 60;

const BAR = 30;

type Guests = Pick<BondGuests, 'place' | 'stacks'>;

/**
 * Listens on the links of this host for a minute, in place of a daemon: by packet sockets, and changes nothing.
 * @param name null: all bonds
 * @throws UsageError when there is no such bond
 */
export async function listenHere(
  config: Config,
  name: string | null,
  output: Output,
  signal: AbortSignal,
): Promise<StandbyReport> {
  const live = await readHost(config, systemClock);
  const stop = new AbortController();
  const { topology } = live.host;
  try {
    const bond = name === null ? undefined : findBond(topology, name);
    const guests = new Map<BondId, Guests>();
    for (const { ifindex } of bond ? [bond] : servedBonds(topology))
      guests.set(ifindex, { place: () => null, stacks: () => stacksOf(live.host, ifindex) });
    const snooper = snooperOf(live, guests, output);
    const running = snooper.run(stop.signal);
    await Promise.race([listen(snooper, signal), running]);
    const hearingOf = (each: BondId) => snooper.hearingOf(each);
    const known = { topology, bonds: guests, hearingOf, ears: snooper.standby, now: systemClock.monotonic() };
    const report = { bonds: describeStandby(known, bond) };
    stop.abort();
    await running;
    return report;
  } finally {
    stop.abort();
    live.close();
  }
}

function snooperOf({ host }: LiveHost, guests: ReadonlyMap<BondId, Guests>, output: Output): Snooper {
  const warn = (message: string, fields: object = {}): void =>
    output.error(`${message}: ${Object.values(fields).map(String).join(': ')}`);
  const tools = {
    log: { info: () => undefined, warn, error: warn },
    metrics: { count: () => undefined },
    events: new Events<DaemonEvents>(),
    groups: new GroupTable(1),
  };
  return new Snooper(host, guests, tools, startThread, 'socket', () => true);
}

/** Follows the bonds, and shows how far it is, where somebody looks. */
async function listen(snooper: Snooper, signal: AbortSignal): Promise<void> {
  const nap = new Nap(systemClock);
  signal.addEventListener('abort', () => nap.end(), { once: true });
  const { stderr } = process;
  if (!stderr.isTTY) stderr.write(`bondherald: no daemon is running: listening for ${SECONDS} s\n`);
  for (let second = 0; second < SECONDS && !signal.aborted; second++) {
    snooper.follow();
    const done = Math.round((second / SECONDS) * BAR);
    if (stderr.isTTY)
      stderr.write(
        `\r[${'#'.repeat(done)}${'.'.repeat(BAR - done)}] no daemon is running: listening, ${SECONDS - second} s `,
      );
    await nap.sleep(1);
  }
  if (stderr.isTTY) stderr.write('\r\x1b[K');
}

/** With which tags frames of guests would leave by a bond, as far as the kernel knows. */
function stacksOf(host: HostState, bond: BondId): Iterable<StackCount> {
  const counts = new StackCounts();
  for (const mac of host.macs())
    for (const verdict of host.verdicts(mac))
      if (verdict.bond === bond && verdict.suppressed === null) counts.count(verdict.tags, 1);
  return counts.all();
}
