import { Registry } from 'prom-client';
import type { Config } from '../config/config.js';
import { CONTROL_SOCKET, LIBVIRT_STATUS_FOLDER } from '../config/constants.js';
import { Metrics } from '../metrics/metrics.js';
import type { GuestInterface } from '../sources/libvirt.js';
import type { Clock } from '../sys/clock.js';
import type { Log } from '../sys/log.js';
import { openPacketSender } from '../sys/packet-sender.js';
import { readBootId, stateFileIn } from '../sys/state-file.js';
import { VERSION } from '../sys/version.js';
import { openFolder } from '../sys/watch-folder.js';
import { activeBackupBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import type { BondGuests } from '../wire/bond-guests.js';
import { sendNow } from '../wire/send-now.js';
import { Announcer } from './announcer.js';
import { BondLog } from './bond-log.js';
import { ControlServer } from './control-server.js';
import { FailoverLog } from './failover-log.js';
import { Healer } from './healer.js';
import { KernelWatch } from './kernel-watch.js';
import { LibvirtWatch } from './libvirt-watch.js';
import { MetricsEndpoint } from './metrics-endpoint.js';
import { MissedFailovers } from './missed-failovers.js';
import { newHostState } from './new-host-state.js';
import { Snooper } from './snooper.js';
import { fillStateGauges } from './state-gauges.js';
import { StateKeeper } from './state-keeper.js';
import { runTasks } from './task.js';

/** A packet socket bound to no device. */
const ANY_DEVICE = 0;

/**
 * The daemon, from the kernel's messages to the frames on the new link:
 *
 *     failover thread:  LINK messages ─► FailoverDetector ─► the bond's batch ─► sendmmsg
 *     main thread:      dumps, LINK and NEIGH messages ─► HostState ─► verdicts ─► the bond's batch
 *                       libvirt's status files ───────────────┘
 *     listening thread: ARP, ND, RARP and DHCP on the bond ─┘
 *                       the state file of the run before ─┘    └─► the state file
 *                         └─► control socket: who is behind a bond, announce by hand
 *
 * @throws BondheraldError when a part of it cannot go on
 */
export async function runDaemon(config: Config, log: Log, clock: Clock, signal: AbortSignal): Promise<void> {
  const { limits, sources } = config.guests;
  const registry = new Registry();
  const metrics = new Metrics(registry).withDefaults();
  metrics.set('bondherald_build_info', { version: VERSION }, 1);
  const tools = { clock, log, metrics };

  openPacketSender(ANY_DEVICE).close(); // so that missing rights show now, not at the failover
  const host = newHostState(config);
  const bonds = new Map<number, BondGuests>();
  const control = new ControlServer(host, bonds, tools, () => kernelWatch.ready);
  await control.listen(CONTROL_SOCKET); // before all that two daemons would quarrel about
  const failovers = new FailoverLog(tools, host.topology, bonds);
  const announcer = new Announcer(host, bonds, limits.total, {
    failover(round) {
      if (!host.topology.watches(host.topology.link(round.bond)?.name)) return;
      host.failedOver(round.bond, round.arrived);
      refresh();
      failovers.failover(round);
    },
    resync: (reason) => failovers.resync(reason),
    unwatched: (bond, error) => failovers.unwatched(bond, error),
  });
  const bondLog = new BondLog(log, host.topology);
  /** After the kernel's changes and a failover. What is heard, or read of libvirt, changes guests alone, not bonds. */
  const refresh = (): void => {
    announcer.refresh();
    snooper?.follow();
    healer.heal();
    bondLog.note();
  };
  const kernelWatch = new KernelWatch(host, tools, refresh);
  const readLibvirt = (interfaces: GuestInterface[]): void => {
    host.setGuestInterfaces(interfaces);
    void kernelWatch.ready.then(() => announcer.refresh()); // before, there is nothing to refresh
  };
  const libvirtFolder = openFolder(LIBVIRT_STATUS_FOLDER);
  const libvirtWatch = sources.libvirt === false ? null : new LibvirtWatch(libvirtFolder, tools, readLibvirt);
  const snooper = sources.snoop ? new Snooper(host, bonds, tools, () => announcer.refresh()) : null;
  const healer = new Healer(host, tools, (bytes) => kernelWatch.request(bytes));
  const endpoint = new MetricsEndpoint(config.metrics.listen, registry, () =>
    fillStateGauges(metrics, host.topology, bonds),
  );
  const missed = new MissedFailovers(host, failovers, limits.total, sendNow);
  const stateKeeper = new StateKeeper(host, stateFileIn(config.stateDir), readBootId, tools, {
    hostKnown: kernelWatch.ready,
    announcer,
    missed,
  });

  log.info('starting', { version: VERSION });
  const optional = [libvirtWatch, snooper].filter((task) => task !== null);
  const tasks = [kernelWatch, announcer, endpoint, stateKeeper, control, ...optional];
  await runTasks(tasks, signal, () => logReady(log, config, host.topology, bonds));
  log.info('stopped');
}

function logReady(log: Log, config: Config, topology: Topology, bonds: ReadonlyMap<number, BondGuests>): void {
  const names = new Set(activeBackupBonds(topology).map(({ name }) => name));
  for (const bond of config.bonds === 'auto' ? [] : config.bonds) {
    if (!names.has(bond))
      log.warn('a bond of the configuration is no active-backup bond yet; waiting for it', { bond });
  }
  if (config.bonds === 'auto' && bonds.size === 0)
    log.warn('no active-backup bond yet; one that comes up will be watched');
  const guests = [...bonds.values()].reduce((sum, { batch }) => sum + batch.size, 0);
  log.info('ready', { bonds: bonds.size, guests });
}
