import type { Config } from '../config/config.js';
import { guestSettings } from '../guests/policy.js';
import type { Events } from '../tasks/events.js';
import { servedBonds } from '../topology/bonds.js';
import type { DaemonEvents } from '../wire/events.js';
import { libvirtSetting } from '../host/libvirt-watch.js';
import { ovsSetting } from '../host/ovs/follower.js';
import { isFailover } from '../wire/thread-messages.js';
import { logAnnouncements, logRefreshes } from './failover-log.js';
import type { Parts } from './parts.js';
import type { Settings } from './settings.js';

/** Subscribes the parts to each other's events. Subscribers are called in the order in which they stand here. */
export function connect(events: Events<DaemonEvents>, parts: Parts): void {
  connectHost(events, parts);
  connectFailover(events, parts);
  connectAnnouncements(events, parts);
}

function connectHost(events: Events<DaemonEvents>, parts: Parts): void {
  const { host, announcer, announcements, refreshes, service, snooper, ovsBondWatch } = parts;
  const { fdbRestore, history, bondLog } = parts;
  events.on('guestsChanged', () => announcer.refresh()); // the frames of the next failover come first
  events.on('guestsChanged', () => announcements.follow());
  events.on('guestsChanged', () => refreshes.follow());
  events.on('guestsChanged', () => service.changed());
  events.on('guestsChanged', () => fdbRestore.restore());

  events.on('hostChanged', () => events.emit('guestsChanged'));
  events.on('hostChanged', () => snooper.task?.follow());
  events.on('hostChanged', () => ovsBondWatch.compare());
  events.on('hostChanged', () => events.emit('bonds', servedBonds(host.topology)));

  events.on('bonds', (bonds) => history.follow(bonds));
  events.on('bonds', (bonds) => bondLog.follow(bonds));

  events.on('announceable', (bond, key) => announcements.joined(bond, key));
  events.on('announceable', (bond, key) => refreshes.joined(bond, key));
  events.on('asked', (bond, questions) => announcements.asked(bond, questions));
  events.on('arpLeft', (bond, frames, at) => announcements.arpLeft(bond, frames, at));
}

/**
 * What happens in the main thread once the first burst of a failover is out. The order is part of what the daemon does:
 * - first the window for reflections opens, and guests and bonds are brought up to date: the history must know the bond;
 * - then log, metrics and history, so that the record is there before anything of the announcement is reported;
 * - the state file says that the bond is not announced yet before the announcement may end;
 * - then the later rounds, which also hold back what damping forbids, and last what is to be asked for, which may add guests.
 */
function connectFailover(events: Events<DaemonEvents>, parts: Parts): void {
  const { host, kernel, announcer, announcements, ovs, ovsBondWatch, failoverLog, history, textfile, keeper } = parts;
  events.on('failover', ({ bond, cause, arrived }) => cause === 'failover' && host.failedOver(bond, arrived));
  events.on('failover', () => events.emit('hostChanged'));
  events.on('failover', (round) => failoverLog.failover(round));
  events.on('failover', ({ cause }) => isFailover(cause) && textfile.task?.failover());
  events.on('failover', (round) => history.failover(round));
  events.on('failover', () => keeper.failover());
  events.on('failover', (round) => announcements.failover(round));
  events.on('failover', () => void ovs.readTables());
  events.on('failover', () => void kernel.readUntold());

  events.on('lost', (bond, reason) => announcements.lost(bond, reason));

  events.on('due', (...order) => announcer.announce(...order));
  events.on('due', (...order) => ovsBondWatch.announce(...order));

  events.on('carrierLoss', (bond, left) => failoverLog.carrierLoss(bond, left));
  events.on('switchRefused', (bond, slave, errno) => failoverLog.switchRefused(bond, slave, errno));
  events.on('resync', (reason) => failoverLog.resync(reason));
  events.on('unwatched', (bond, error) => failoverLog.unwatched(bond, error));
  events.on('unlocked', (errno) => failoverLog.unlocked(errno));
  events.on('delayable', (errno) => failoverLog.delayable(errno));
}

/** What follows the first burst: counted and logged, then kept in the history. */
function connectAnnouncements(events: Events<DaemonEvents>, parts: Parts): void {
  const { tools, host, history, beforeRounds } = parts;
  logAnnouncements(events, tools, host.topology);
  logRefreshes(events, tools, host.topology);
  events.on('sent', (...sent) => history.sent(...sent));
  events.on('firstRoundOut', (bond, seconds) => history.firstRoundOut(bond, seconds));
  events.on('refused', (...refused) => history.refused(...refused));
  events.on('ended', (bond, report) => history.ended(bond, report));
  events.on('nextRound', (bond, at) => beforeRounds.expect(bond, at));
}

/** The parts of the daemon whose settings may change while it runs. */
export type FollowingParts = Pick<Parts, 'host' | 'announcer' | 'announcements' | 'refreshes' | 'ovsBondWatch'> &
  Pick<Parts, 'history'> &
  Pick<Parts, 'snooper' | 'libvirt' | 'proxmox' | 'ovs' | 'endpoint' | 'textfile'> & {
    /** Brings guests and bonds up to date. */
    readonly refresh: () => void;
  };

/** Has every part follow its settings. Guests first: whoever is excluded now is in no frame of the next moment. */
export function followSettings(settings: Settings, parts: FollowingParts): void {
  const { host, refresh, announcer, announcements, refreshes, ovsBondWatch, history } = parts;
  const { snooper, libvirt, proxmox, ovs, endpoint, textfile } = parts;
  settings.follow(
    ({ bonds, guests }) => ({ bonds, guests }),
    ({ bonds }, config) => {
      host.configure(guestSettings(config), bonds);
      refresh();
    },
  );
  settings.follow(
    ({ announce, failover }) => ({ announce, failover }),
    async ({ announce }, config) => {
      // Once the failover thread has answered, every failover that it reports was announced by the new settings.
      await announcer.configure(config);
      ovsBondWatch.configure(announce);
      announcements.configure(announce);
      refreshes.configure(announce);
      history.configure(announce.schedule.length);
    },
  );
  settings.follow(
    ({ guests }) => guests.sources.snoop,
    (wanted) => snooper.configure(wanted, (task) => task.follow()),
  );
  settings.follow(
    ({ standby }) => standby,
    () => refresh(),
  );
  const follow = <T>(select: (config: Config) => T, part: { configure(picked: T): Promise<void> }): void =>
    settings.follow(select, (picked) => part.configure(picked));
  follow(libvirtSetting, libvirt);
  follow(({ guests }) => guests.sources.proxmox !== false, proxmox);
  follow(ovsSetting, ovs);
  follow(({ metrics: { textfile: _, ...served } }) => served, endpoint);
  follow(({ metrics }) => metrics.textfile, textfile);
}
