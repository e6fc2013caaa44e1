import type { AnnounceConfig, Config } from '../config/config.js';
import { guestSettings } from '../guests/settings.js';
import type { Parts } from './parts.js';
import type { Settings } from './settings.js';

/** The parts of the daemon whose settings may change while it runs. */
export type FollowingParts = Pick<Parts, 'host' | 'announcer' | 'announcements' | 'ovsBondWatch' | 'history'> &
  Pick<Parts, 'snooper' | 'libvirt' | 'ovs' | 'endpoint' | 'textfile'> & {
    /** Brings guests and bonds up to date. */
    readonly refresh: () => void;
  };

/**
 * Has every part follow the settings that are its. Guests come first, and at once: whoever is excluded now is in no
 * frame of the next moment, not in those that are kept ready either.
 */
export function followSettings(settings: Settings, parts: FollowingParts): void {
  const { host, refresh, snooper, libvirt, ovs, endpoint, textfile } = parts;
  settings.follow(
    ({ bonds, guests }) => ({ bonds, guests }),
    ({ bonds }, config) => {
      host.configure(guestSettings(config), bonds);
      refresh();
    },
  );
  settings.follow(({ announce }) => announce, followAnnounce(parts));
  settings.follow(
    ({ guests }) => guests.sources.snoop,
    (wanted) => snooper.configure(wanted, (task) => task.follow()),
  );
  settings.follow(
    ({ guests }) => guests.sources.libvirt !== false,
    (wanted) => libvirt.configure(wanted),
  );
  settings.follow(
    ({ guests }) => guests.sources.ovs,
    (wanted) => ovs.configure(wanted),
  );
  settings.follow(
    ({ metrics: { textfile: _, ...served } }) => served,
    (served) => endpoint.configure(served),
  );
  settings.follow(
    ({ metrics }) => metrics.textfile,
    (path) => textfile.configure(path),
  );
}

/**
 * The failover thread first: once it has answered, every failover that it reports was announced by the new settings,
 * and none before.
 */
function followAnnounce({ announcer, announcements, ovsBondWatch, history }: FollowingParts) {
  return async (announce: AnnounceConfig, config: Config): Promise<void> => {
    await announcer.configure(config);
    ovsBondWatch.configure(announce);
    announcements.configure(announce);
    history.configure(announce.schedule.length);
  };
}
