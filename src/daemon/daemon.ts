import { Registry } from 'prom-client';
import { CONTROL_SOCKET } from '../config/constants.js';
import { Metrics } from '../metrics/metrics.js';
import type { HostState } from '../guests/host-state.js';
import { chance } from '../sys/chance.js';
import type { Clock } from '../sys/clock.js';
import type { Log } from '../sys/log.js';
import { openPacketSender } from '../sys/packets/packet-sender.js';
import { VERSION } from '../sys/version.js';
import type { Announcements } from '../wire/announcements.js';
import type { BondGuests } from '../wire/bond-guests.js';
import type { FailoverListener } from '../wire/failover-client.js';
import { AnnouncementLog } from './announcement-log.js';
import { Announcer, type UnlockedListener } from './announcer.js';
import { BeforeRounds } from './before-rounds.js';
import { BondLog } from './bond-log.js';
import { ControlServer } from './control-server.js';
import { FailoverLog } from './failover-log.js';
import { followSettings } from './follow-settings.js';
import { Healer } from './healer.js';
import { FailoverHistory } from '../host/history.js';
import { KernelWatch } from './kernel-watch.js';
import { LibvirtFollower } from '../host/libvirt-follower.js';
import { pagesForPeople } from '../http/pages.js';
import { portOpener } from '../host/ovs/bond-ports.js';
import { watchOvsBonds } from './ovs-bond-watch.js';
import { OvsFollower } from '../host/ovs/follower.js';
import { tellAll } from './listeners.js';
import { metricsTasks } from './metrics-tasks.js';
import { firstRoundSettings, manualTools, newAnnouncements } from './new-announcements.js';
import { newHostState } from '../guests/new-host-state.js';
import { newServiceNotifier } from './new-service-notifier.js';
import { newSnooper } from './new-snooper.js';
import type { ArpListener } from '../listen/snooper.js';
import { type Reloads, Reloader } from './reloader.js';
import type { Settings } from './settings.js';
import { newStateKeeper } from './new-state-keeper.js';
import { runTasks } from '../tasks/task.js';
import { tellReady } from './tell-ready.js';

/** What the daemon does not make itself. */
interface Base {
  readonly clock: Clock;
  readonly log: Log;
}

type ArpLeft = Parameters<ArpListener>;

/** A packet socket bound to no device. */
const ANY_DEVICE = 0;

/**
 * The daemon, from the kernel's messages to the frames on the new link:
 *
 *     failover thread:  LINK messages ─► FailoverDetector ─► the bond's batch ─► sendmmsg, the first burst
 *                                └─► Announcements ─► BondPlan ─► what follows: the rest, GARP, NA, later rounds
 *     main thread:      dumps, LINK and NEIGH messages ─► HostState ─► verdicts ─► the bond's batch
 *                       libvirt's status files, Open vSwitch ─┘
 *     listening thread: ARP, ND, RARP and DHCP on the bond ─┘
 *                       the state file of the run before ─┘    └─► the state file
 *                         └─► control socket: who is behind a bond, announce by hand
 *
 * @throws BondheraldError when a part of it cannot go on
 */
export async function runDaemon(settings: Settings, reloads: Reloads, base: Base, signal: AbortSignal): Promise<void> {
  const config = settings.current;
  const { clock, log } = base;
  const tools = { clock, log, metrics: new Metrics(new Registry()).withDefaults(VERSION) };
  openPacketSender(ANY_DEVICE).close(); // so that missing rights show now, not at the failover
  const host = newHostState(config);
  const bonds = new Map<number, BondGuests>();
  const ovs = new OvsFollower(host, { ...tools, chance }, config.guests.sources.ovs, {
    hostKnown: () => kernelWatch.ready,
    refresh: () => refresh(),
    judge: () => judge(),
    listening: async () => snooper.task?.listening(),
  });
  const history = new FailoverHistory(clock, host.topology, config.announce.schedule.length);
  const openPort = portOpener(ovs.bonds, clock, (...frames) => snooper.task?.sending(...frames));
  const manual = manualTools(settings, { clock, openPort, others: () => announcements, refresh: () => judge() });
  const pages = pagesForPeople(settings, { host, bonds, ovs, history, clock });
  const control = new ControlServer(host, bonds, { ...tools, history, page: pages.file }, manual, () => ovs.known());
  await control.listen(CONTROL_SOCKET); // before all that two daemons would quarrel about
  const failovers = new FailoverLog(tools, host.topology, bonds);
  const onFailover = failoverListener(host, failovers, history, () => [announcements, refresh, ovs.readTables]);
  const announcer = new Announcer(host, bonds, firstRoundSettings(config), onFailover);
  const ovsBondWatch = watchOvsBonds({ clock, host, bonds, ovs, announcer, onFailover }, config);
  const judge = (): void => {
    announcer.refresh();
    announcements.forgetGone();
    service.changed();
  };
  const listener = tellAll(new AnnouncementLog(tools, (bond) => failovers.nameOf(bond)), history);
  const beforeRounds = new BeforeRounds(clock, ovs.readTables);
  const around = { host, bonds, announcer, clock, listener, openPort, beforeRounds, refresh: judge };
  const announcements = newAnnouncements(config, around);
  const bondLog = new BondLog(log, host.topology, (all) => history.follow(all));
  /** After the kernel's changes and a failover. What is heard, or read of libvirt, changes guests alone, not bonds. */
  const refresh = (): void => {
    judge();
    snooper.task?.follow();
    ovsBondWatch.note();
    healer.heal();
    bondLog.note();
  };
  const kernelWatch = new KernelWatch(host, tools, refresh);
  // Before the host is known, there is nothing to refresh.
  const libvirt = new LibvirtFollower(config.guests, host, tools, () => void kernelWatch.ready.then(judge));
  const onHeard = { changed: judge, arpLeft: (...left: ArpLeft) => announcements.arpLeft(...left) };
  const snooper = newSnooper(config.guests.sources.snoop, host, bonds, tools, onHeard);
  const healer = new Healer(host, tools, (bytes) => kernelWatch.request(bytes));
  const sockets = { 'main thread': () => kernelWatch.echo(), 'failover thread': () => announcer.echo() };
  const outlets = metricsTasks(config.metrics, { tools, topology: host.topology, bonds, sockets, pages });
  const service = newServiceNotifier(host, bonds, tools, sockets);
  const keeper = newStateKeeper(config.stateDir, host, tools, ovs.known(), announcer, history);
  const reloader = new Reloader(settings, reloads, tools, service);
  const parts = { ...around, refresh, announcements, ovsBondWatch, history };
  followSettings(settings, { ...parts, snooper, libvirt, ovs, ...outlets });
  log.info('starting', { version: VERSION });
  const ready = (): void => tellReady({ log, service, reloader }, config.bonds, host.topology, bonds);
  const tasks = [kernelWatch, libvirt, ovs, announcer, snooper, ...outlets.tasks, keeper, control, service, reloader];
  await runTasks(tasks, signal, ready).finally(() => announcements.stop());
  log.info('stopped');
}

/**
 * What happens in the main thread once the failover thread has sent the first burst.
 * @param next what follows it, and what brings guests and bonds up to date
 */
function failoverListener(
  host: HostState,
  failovers: FailoverLog,
  history: FailoverHistory,
  next: () => [Announcements, refresh: () => void, readTables: () => Promise<void>],
): FailoverListener & UnlockedListener {
  return {
    failover(round) {
      const bond = host.topology.link(round.bond);
      if (!bond || !host.topology.watches(bond.name)) return; // one that came and went has nobody behind it
      if (round.cause === 'failover') host.failedOver(round.bond, round.arrived);
      const [announcements, refresh, readTables] = next();
      refresh();
      failovers.failover(round);
      history.failover(round);
      announcements.failover(round);
      void readTables();
    },
    lost: (...loss) => next()[0].lost(...loss),
    resync: (reason) => failovers.resync(reason),
    unwatched: (...refusal) => failovers.unwatched(...refusal),
    unlocked: (reason) => failovers.unlocked(reason),
    delayable: (reason) => failovers.delayable(reason),
  };
}
