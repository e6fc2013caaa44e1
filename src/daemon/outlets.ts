import type { HostState } from '../guests/host-state.js';
import { type Echo, Health } from '../http/health.js';
import { MetricsEndpoint, type Page } from '../http/metrics-endpoint.js';
import type { Metrics } from '../metrics/metrics.js';
import { type Hearing, HEARING_WAYS } from '../sources/hearing.js';
import type { Clock } from '../sys/clock.js';
import { SwitchedTask } from '../tasks/switched-task.js';
import { type Task, untilAborted } from '../tasks/task.js';
import { STANDBY_STATES } from '../standby/judgement.js';
import { inState, type StandbyBond } from '../standby/report.js';
import type { StandbyOf } from '../host/standby.js';
import type { BondId } from '../topology/bond-id.js';
import { servedBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { EchoSign, ServiceNotifier } from './service-notifier.js';
import type { Settings } from './settings.js';
import type { Surroundings } from './surroundings.js';
import { Textfile } from './textfile.js';

/** How often series of bonds that are gone are looked for, in seconds; they last ten times as long. */
const SWEEP_INTERVAL = 60;

/** What is shown. */
interface Shown {
  readonly metrics: Metrics;
  readonly host: HostState;
  readonly bonds: ReadonlyMap<BondId, BondGuests>;
  /** How to ask the kernel over each netlink socket, by what the socket is called. */
  readonly sockets: Readonly<Record<string, Echo>>;
  readonly hearingOf: (bond: BondId) => Hearing;
  readonly standbyOf: StandbyOf;
  /** The status page, for who has logged in. */
  readonly page: Page;
}

/** The parts that show how the daemon does to Prometheus, the node exporter, people, the service manager. */
export function buildOutlets(settings: Settings, around: Surroundings, shown: Shown) {
  const { clock, log } = around;
  const { metrics, host, bonds, sockets, hearingOf, standbyOf, page } = shown;
  const { registry } = metrics;
  const { textfile: file, ...listening } = settings.current.metrics;
  const refresh = (): void => {
    fillStateGauges(metrics, host.topology, bonds, hearingOf);
    fillStandbyGauges(metrics, standbyOf());
  };
  const signs = Object.entries(sockets).map(([name, ask]) => new EchoSign(name, ask));
  const write = (path: string | null): Textfile | null =>
    path === null ? null : new Textfile(around.sharedFileAt(path), registry, refresh, around);
  return {
    endpoint: new MetricsEndpoint(listening, {
      registry,
      refresh,
      health: new Health(clock, sockets),
      log,
      statusPage: page,
    }),
    sweeper: metricsSweeper(host, clock, metrics),
    /** A file that is not to be any more is removed. */
    textfile: new SwitchedTask('textfile', file, write),
    service: new ServiceNotifier(around, () => serviceStatus(host.topology, bonds), signs),
  };
}

/** Removes the series of bonds that are gone, whether or not they are read. */
function metricsSweeper({ topology }: HostState, clock: Clock, metrics: Metrics): Task {
  return {
    name: 'metrics-sweeper',
    ready: Promise.resolve(),
    async run(signal) {
      const stop = clock.every(SWEEP_INTERVAL, () => {
        const present = new Set(servedBonds(topology).map(({ name }) => name));
        void metrics.forgetGone(present, clock.monotonic());
      });
      await untilAborted(signal);
      stop();
    },
  };
}

/** Fills the gauges that mirror state. Called at each scrape. */
export function fillStateGauges(
  metrics: Metrics,
  topology: Topology,
  bonds: ReadonlyMap<BondId, BondGuests>,
  hearingOf: (bond: BondId) => Hearing,
): void {
  metrics.clear('bondherald_bond_active_slave');
  metrics.clear('bondherald_guests');
  metrics.clear('bondherald_listening');
  metrics.clear('bondherald_unexplained_speakers');
  for (const { ifindex, name: bond, slaves, active: carrying } of servedBonds(topology)) {
    for (const slave of slaves) {
      const active = carrying.includes(slave) ? 1 : 0;
      metrics.set('bondherald_bond_active_slave', { bond, slave: slave.name }, active);
    }
    for (const [source, guests] of bonds.get(ifindex)?.countBySource() ?? []) {
      metrics.set('bondherald_guests', { bond, source }, guests);
    }
    const hearing = bonds.has(ifindex) ? hearingOf(ifindex) : null;
    for (const how of hearing ? HEARING_WAYS : [])
      metrics.set('bondherald_listening', { bond, how }, how === hearing?.how ? 1 : 0);
    const unexplained = bonds.get(ifindex)?.countUnexplained() ?? 0;
    metrics.set('bondherald_unexplained_speakers', { bond }, unexplained);
    metrics.introduce(bond);
  }
}

/** How many VLANs the links carry that are not active. */
function fillStandbyGauges(metrics: Metrics, standby: readonly StandbyBond[]): void {
  metrics.clear('bondherald_standby_vlans');
  for (const { bond, links } of standby)
    for (const link of links)
      for (const state of STANDBY_STATES)
        metrics.set('bondherald_standby_vlans', { bond, slave: link.link, state }, inState(link, state).length);
}

/** How many bonds are named, so that it stays one line. */
const NAMED = 4;

/** What `systemctl status` says of us: `37 guests behind bond0 (up1), bond1 (no active slave)`. */
export function serviceStatus(topology: Topology, bonds: ReadonlyMap<BondId, BondGuests>): string {
  const watched = servedBonds(topology).filter(({ ifindex }) => bonds.has(ifindex));
  if (watched.length === 0) return 'waiting for an active-backup bond';
  const guests = announcedGuests(bonds);
  const named = watched
    .slice(0, NAMED)
    .map(({ name, activeSlave }) => `${name} (${activeSlave?.name ?? 'no active slave'})`);
  const more = watched.length > NAMED ? ` and ${watched.length - NAMED} more` : '';
  return `${guests} ${guests === 1 ? 'guest' : 'guests'} behind ${named.join(', ')}${more}`;
}

/** How many guests would be announced now, on all bonds. */
export function announcedGuests(bonds: ReadonlyMap<BondId, BondGuests>): number {
  return [...bonds.values()].reduce((sum, { batch }) => sum + batch.size, 0);
}
