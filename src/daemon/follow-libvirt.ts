import type { Config } from '../config/config.js';
import { LIBVIRT_STATUS_FOLDER } from '../config/constants.js';
import type { HostState } from '../guests/host-state.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Log } from '../sys/log.js';
import { openFolder } from '../sys/watch-folder.js';
import { LibvirtWatch } from './libvirt-watch.js';

/**
 * Tells the host's state which guests libvirt runs.
 * @param changed called after that
 * @returns null when the configuration wants nothing to do with libvirt
 */
export function followLibvirt(
  { sources }: Config['guests'],
  host: HostState,
  tools: { readonly log: Log; readonly metrics: Metrics },
  changed: () => void,
): LibvirtWatch | null {
  if (sources.libvirt === false) return null;
  return new LibvirtWatch(openFolder(LIBVIRT_STATUS_FOLDER), tools, (interfaces) => {
    host.setGuestInterfaces(interfaces);
    changed();
  });
}
