import type { Config } from '../config/config.js';
import type { HostState } from '../guests/host-state.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Log } from '../sys/log.js';
import type { Folder } from '../sys/files/watch-folder.js';
import type { GuestInterface } from '../sources/libvirt.js';
import type { DaemonEmitter } from '../wire/events.js';
import { LibvirtWatch } from './libvirt-watch.js';
import { SwitchedTask } from '../tasks/switched-task.js';

/** Tells the host's state which guests libvirt runs, as long as the configuration wants it. */
export class LibvirtFollower extends SwitchedTask<boolean, LibvirtWatch> {
  private readonly apply: (interfaces: readonly GuestInterface[]) => void;

  /** @param hostKnown settles when the kernel's devices are known: before, there is nothing to bring up to date */
  constructor(
    { sources }: Config['guests'],
    host: Pick<HostState, 'setGuestInterfaces'>,
    tools: { readonly log: Log; readonly metrics: Metrics; readonly events: DaemonEmitter },
    folder: Folder,
    hostKnown: () => Promise<void>,
  ) {
    const apply = (interfaces: readonly GuestInterface[]): void => {
      host.setGuestInterfaces(interfaces);
      void hostKnown().then(() => tools.events.emit('guestsChanged'));
    };
    super('libvirt', sources.libvirt !== false, (wanted) => (wanted ? new LibvirtWatch(folder, tools, apply) : null));
    this.apply = apply;
  }

  /** When libvirt is no source any more, it has no guests. */
  override async configure(wanted: boolean): Promise<void> {
    await super.configure(wanted);
    if (!wanted) this.apply([]);
  }
}
