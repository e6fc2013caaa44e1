import type { Config } from '../config/config.js';
import { LIBVIRT_STATUS_FOLDER } from '../config/constants.js';
import type { HostState } from '../guests/host-state.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Log } from '../sys/log.js';
import { openFolder } from '../sys/files/watch-folder.js';
import type { GuestInterface } from '../sources/libvirt.js';
import { LibvirtWatch } from './libvirt-watch.js';
import { SwitchedTask } from '../tasks/switched-task.js';

/** Tells the host's state which guests libvirt runs, as long as the configuration wants it. */
export class LibvirtFollower extends SwitchedTask<boolean, LibvirtWatch> {
  private readonly tell: (interfaces: readonly GuestInterface[]) => void;

  /** @param changed called when the host's state has been told something */
  constructor(
    { sources }: Config['guests'],
    host: Pick<HostState, 'setGuestInterfaces'>,
    tools: { readonly log: Log; readonly metrics: Metrics },
    changed: () => void,
  ) {
    const tell = (interfaces: readonly GuestInterface[]): void => {
      host.setGuestInterfaces(interfaces);
      changed();
    };
    super('libvirt', sources.libvirt !== false, (wanted) =>
      wanted ? new LibvirtWatch(openFolder(LIBVIRT_STATUS_FOLDER), tools, tell) : null,
    );
    this.tell = tell;
  }

  /** What libvirt has said is no word any more when nobody listens to it. */
  override async configure(wanted: boolean): Promise<void> {
    await super.configure(wanted);
    if (!wanted) this.tell([]);
  }
}
