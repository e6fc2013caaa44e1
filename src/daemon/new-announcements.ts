import type { Config } from '../config/config.js';
import type { HostState } from '../guests/host-state.js';
import { newBuckets } from '../plan/bond-plan.js';
import { chance } from '../sys/chance.js';
import type { Clock } from '../sys/clock.js';
import { activeBackupBonds } from '../topology/bonds.js';
import { Announcements } from '../wire/announcements.js';
import type { AnnouncementListener, AnnouncementTools } from '../wire/bond-announcements.js';
import type { BondGuests } from '../wire/bond-guests.js';
import type { FirstRoundSettings } from '../wire/thread-messages.js';
import type { ManualTools } from '../wire/announce-by-hand.js';
import type { Announcer } from './announcer.js';
import type { BeforeRounds } from './before-rounds.js';
import type { OpenPort } from '../host/ovs/bond-ports.js';

/** The parts of the daemon that announcements deal with. */
interface Neighbours {
  readonly host: HostState;
  readonly bonds: ReadonlyMap<number, BondGuests>;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly listener: AnnouncementListener;
  readonly openPort: OpenPort;
  readonly beforeRounds: BeforeRounds;
  /** Brings who is announced up to date. */
  readonly refresh: () => void;
}

/** What follows the first burst of every failover of this host. */
export function newAnnouncements(config: Config, neighbours: Neighbours): Announcements {
  const { host, bonds, announcer, clock, listener, openPort, beforeRounds, refresh } = neighbours;
  const tools: AnnouncementTools = {
    clock,
    chance,
    openPort,
    addressesOf: (bond, { mac, tags }, now) => host.addressesOf(mac, { bond, tags }, now),
    refresh,
    nextRound: (...round) => beforeRounds.expect(...round),
    listener,
  };
  return new Announcements(config.announce, bonds, tools, {
    slaveOf: (bond) =>
      activeBackupBonds(host.topology).find(({ ifindex }) => ifindex === bond)?.activeSlave?.ifindex ?? null,
    announce: (bond, slave, cause) => announcer.announce(bond, slave, cause),
  });
}

/** What the failover thread needs to know for the first burst. */
export function firstRoundSettings({ announce, guests }: Config): FirstRoundSettings & { readonly capacity: number } {
  const rate = announce.kinds.includes('rarp') ? announce.rate.rarp : null;
  return { rate, damping: announce.damping, capacity: guests.limits.total };
}

/** The announcements that are not by hand; they are there when the first is asked for. */
interface Others {
  readonly others: () => Announcements;
}

/** What announcements by hand share with the others. */
export function manualTools(
  settings: { readonly current: Config },
  { clock, openPort, others, refresh }: Pick<ManualTools, 'clock' | 'openPort' | 'refresh'> & Others,
): ManualTools {
  return {
    get settings() {
      return settings.current.announce;
    },
    clock,
    openPort,
    bucketsOf: (bond) => others().of(bond)?.buckets ?? newBuckets(settings.current.announce.rate),
    watchOver(bond) {
      const epoch = others().of(bond)?.epoch;
      return () => others().of(bond)?.epoch === epoch;
    },
    refresh,
  };
}
