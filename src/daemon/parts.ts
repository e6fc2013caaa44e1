import type { BondId } from '../topology/bond-id.js';
import { Registry } from 'prom-client';
import { GroupTable } from '../groups/group-table.js';
import { type HostState, newHostState } from '../guests/host-state.js';
import type { Place } from '../plan/turns.js';
import { groupReports } from '../host/group-reports.js';
import { FailoverHistory } from '../host/history.js';
import { followLibvirt } from '../host/libvirt-watch.js';
import { followProxmox } from '../host/proxmox-watch.js';
import { portOpener } from '../host/ovs/bonds.js';
import { signOfLibvirt, signOfOvs } from '../host/hidden-sources.js';
import { OvsFollower, ovsSetting } from '../host/ovs/follower.js';
import { ovsIn } from '../host/ovs/connection.js';
import { Snooper } from '../listen/snooper.js';
import { Metrics } from '../metrics/metrics.js';
import type { Hearing } from '../sources/hearing.js';
import { VERSION } from '../sys/program.js';
import type { Events } from '../tasks/events.js';
import { SwitchedTask } from '../tasks/switched-task.js';
import { activeSlaveOf } from '../topology/bonds.js';
import { standbyReader } from '../host/standby.js';
import { Announcements } from '../wire/announcements.js';
import type { AnnouncementTools } from '../wire/bond-announcements.js';
import type { BondGuests } from '../wire/bond-guests.js';
import type { DaemonEvents } from '../wire/events.js';
import { Refreshes } from '../wire/refreshes.js';
import { Announcer } from './announcer.js';
import { BeforeRounds, OvsBondWatch } from './ovs-bond-watch.js';
import { BondLog, FailoverLog } from './failover-log.js';
import { ControlServer, manualTools } from './control-server.js';
import { FdbRestore } from './fdb-restore.js';
import { pagesForPeople } from '../http/pages.js';
import { KernelWatch } from './kernel-watch.js';
import { buildOutlets } from './outlets.js';
import { Reloader, type Settings } from './settings.js';
import { SpeakerWatch } from './speaker-watch.js';
import { StandbyWatch } from './standby-watch.js';
import { StateKeeper } from './state-keeper.js';
import type { Surroundings, Tools } from './surroundings.js';

/** How a bond is heard where the configuration says that none is. */
const NOT_WANTED: Hearing = { how: 'deaf', reason: 'guests.sources.snoop is false' };

/** What is known of guests, and of the groups that they are in. */
interface Hosted {
  readonly host: HostState;
  readonly groups: GroupTable;
}

/** The parts of the daemon. */
export type Parts = ReturnType<typeof buildParts>;

/** Makes the parts of values: nothing is opened, read or started yet. */
export function buildParts(settings: Settings, around: Surroundings, events: Events<DaemonEvents>) {
  const config = settings.current;
  const { clock, log, chance, startThread } = around;
  const metrics = new Metrics(new Registry()).withDefaults(VERSION);
  const tools: Tools = { clock, log, metrics, chance, events };
  const host = newHostState(config);
  const { topology } = host;
  const bonds = new Map<BondId, BondGuests>();
  const kernel = new KernelWatch(host, tools, around.openRouteSocket);
  const announcer = new Announcer(host, bonds, config, events, startThread, clock);
  const groups = new GroupTable(config.guests.limits.total);
  const snooper = buildSnooper(settings, bonds, { ...tools, host, groups, startThread });
  const hearingOf = (bond: BondId): Hearing => snooper.task?.hearingOf(bond) ?? NOT_WANTED;
  const hostKnown = (): Promise<void> => kernel.ready;
  const earsOf = () => (settings.current.standby.watch ? (snooper.task?.standby ?? null) : null);
  const standbyOf = standbyReader({ topology, bonds, hearingOf }, earsOf, clock);
  const libvirt = followLibvirt(config, host, { ...tools, signOfLibvirt }, around.openFolder, hostKnown);
  const openOvs = (folders: readonly string[]) => ovsIn(folders, around);
  const ofSwitch = { ...tools, openOvs, signOfOvs: () => signOfOvs(topology), hostKnown };
  const proxmox = followProxmox(config, host, tools, around.openFolder, hostKnown);
  const ovs = new OvsFollower(host, ofSwitch, ovsSetting(config));
  const ofOvs = { clock, topology, bonds, ovs: ovs.bonds, events, readTables: ovs.readTables };
  const ovsBondWatch = new OvsBondWatch(ofOvs, config.announce);
  const openPort = portOpener(ovs.bonds, { ...around, sending: (...frames) => snooper.task?.sending(...frames) });
  const announcing = buildAnnouncements(settings, bonds, { ...tools, host, groups, openPort, hearingOf });
  const history = new FailoverHistory(clock, topology, config.announce.schedule.length);
  const sockets = { 'main thread': () => kernel.echo(), 'failover thread': () => announcer.echo() };
  const pages = pagesForPeople(settings, { host, bonds, ovs, history, clock, hearingOf, standbyOf });
  const shown = { metrics, host, bonds, sockets, hearingOf, standbyOf, page: pages.served };
  const { endpoint, sweeper, textfile, service } = buildOutlets(settings, around, shown);
  const known = (): Promise<void> => ovs.known();
  const knownNow = async (): Promise<void> => {
    await known();
    await kernel.readUntold();
  };
  const told = { ...tools, history, hearingOf, standbyOf, page: pages.file, groups };
  const control = new ControlServer(host, bonds, told, announcing.manual, knownNow);
  const keeper = new StateKeeper(host, around.stateFileIn(config.stateDir), around.readBootId, tools, {
    hostKnown: known,
    announcerReady: () => announcer.whole(),
    isAnnounced: (bond) => history.isAnnounced(bond),
  });
  const reloader = new Reloader(settings, around, service);
  const speakers = new SpeakerWatch(host, bonds, tools, { hostKnown: known, echo: () => kernel.echo() });
  return {
    ...{ tools, host, bonds, kernel, announcer, snooper, libvirt, proxmox, ovs, ovsBondWatch, history },
    ...announcing,
    ...{ endpoint, textfile, service, control, keeper, reloader, speakers },
    failoverLog: new FailoverLog(tools, topology, bonds),
    bondLog: new BondLog(log),
    fdbRestore: new FdbRestore(host, tools, (request) => kernel.request(request), around.openPacketSender),
    beforeRounds: new BeforeRounds(clock, () => [ovs.readTables(), kernel.readUntold()]),
    tasks: [
      ...[kernel, libvirt, proxmox, ovs, announcer, snooper, speakers],
      new StandbyWatch(standbyOf, tools, () => snooper.task?.follow()),
      ...[endpoint, sweeper, textfile, keeper, service, reloader],
    ],
  };
}

/** Hears the bonds, unless the configuration says that it does not. */
function buildSnooper(
  settings: Settings,
  bonds: ReadonlyMap<BondId, BondGuests>,
  parts: Tools & Pick<Surroundings, 'startThread'> & Hosted,
) {
  const watchesStandby = (): boolean => settings.current.standby.watch;
  return new SwitchedTask('snooper', settings.current.guests.sources.snoop, (wanted) => {
    const how = wanted === 'socket' ? 'socket' : 'mirror';
    return wanted === false ? null : new Snooper(parts.host, bonds, parts, parts.startThread, how, watchesStandby);
  });
}

/** What follows the first burst, what is sent without a failover, and by hand: all draw from the same buckets. */
function buildAnnouncements(
  settings: Settings,
  bonds: Map<BondId, BondGuests>,
  parts: Pick<AnnouncementTools, 'openPort'> & Tools & Hosted & { readonly hearingOf: (bond: BondId) => Hearing },
) {
  const { host, groups, openPort, clock, events, hearingOf } = parts;
  const { topology, book } = host;
  const { announce } = settings.current;
  const slaveOf = (bond: BondId): number | null => activeSlaveOf(topology, bond);
  const nameOf = (bond: BondId): string | undefined => topology.link(bond)?.name;
  const reportsOf = groupReports(host, groups);
  const addressesOf = (bond: BondId, { mac, tags }: Place, now: number) => host.addressesOf(mac, { bond, tags }, now);
  const sent = { ...parts, reportsOf, addressesOf };
  const announcements = new Announcements(announce, bonds, sent, slaveOf, nameOf);
  const refreshes = new Refreshes(announce, bonds, announcements, {
    ...sent,
    heardLeaving: (bond, { mac, tags }) => book.at(mac, { bond, tags })?.out ?? -Infinity,
    isInOrder: (bond) => slaveOf(bond) !== null && hearingOf(bond).how !== 'deaf',
  });
  const refresh = (): void => void events.emit('guestsChanged');
  const manual = manualTools(settings, announcements, { clock, openPort, reportsOf, refresh });
  return { announcements, refreshes, manual };
}
