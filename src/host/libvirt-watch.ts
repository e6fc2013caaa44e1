import type { Config } from '../config/config.js';
import type { HostState } from '../guests/host-state.js';
import { SwitchedTask } from '../tasks/switched-task.js';
import type { DaemonEmitter } from '../wire/events.js';
import type { Metrics } from '../metrics/metrics.js';
import {
  type Domain,
  guestInterfaces,
  parseDomainStatus,
  standbyInterfaces,
  stillInterfaces,
} from '../sources/libvirt.js';
import type { Clock } from '../sys/clock.js';
import { FirstFolder } from '../sys/files/first-folder.js';
import type { Log } from '../sys/log.js';
import type { Folder } from '../sys/files/watch-folder.js';
import { Nap } from '../tasks/backoff.js';
import { Deferred } from '../tasks/deferred.js';
import { type Task, untilAborted } from '../tasks/task.js';
import { type FolderLimits, StampedFiles } from './stamped-files.js';

/** What one look at the folder may cost: more domains than a host runs, and files far longer than libvirt's (20 KiB). */
const LIMITS = { files: 4096, bytes: 1 << 20 };

/** While there is no folder, it is looked so often, in seconds, whether libvirt runs here all the same; else not at all. */
const LOOK = { missing: 60, present: 86_400 };

/** What the watch works with. */
interface LibvirtTools {
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What shows that libvirt runs guests here, where its folder is not found; null: nothing does. */
  readonly signOfLibvirt: () => Promise<string | null>;
}

/**
 * Follows the domains that libvirt runs on this host, by its status files. A host without libvirt has no such folder,
 * which is not logged unless something shows that it runs guests here. Holds one entry a file, `LIMITS.files` at most.
 */
export class LibvirtWatch implements Task {
  readonly name = 'libvirt';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private readonly domains: StampedFiles<Domain>;
  private missed = false;

  /** @param changed called at first and whenever a file changed */
  constructor(
    private readonly folder: Folder,
    private readonly tools: LibvirtTools,
    private readonly changed: HostState['setGuestInterfaces'],
    limits: FolderLimits = LIMITS,
  ) {
    const { log } = tools;
    this.domains = new StampedFiles<Domain>(folder, limits, {
      suffix: '.xml',
      parse: (xml) => this.parse(xml),
      found: (at) => log.info('following libvirt domains', at),
      unread: (at) => log.warn('cannot read all libvirt domains', at),
      bad: (at) => log.warn('cannot read a libvirt status file; keeping the last known state of the domain', at),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const nap = new Nap(this.tools.clock);
    const stop = this.folder.watch(() => nap.end());
    void untilAborted(signal).then(() => nap.end());
    try {
      while (!signal.aborted) {
        await this.read();
        this.isReady.resolve();
        if (!signal.aborted) await nap.sleep(this.domains.present || this.missed ? LOOK.present : LOOK.missing);
      }
    } finally {
      stop();
    }
  }

  /** Reads the files that are new or changed since the last time. */
  private async read(): Promise<void> {
    const changed = await this.domains.look();
    if (changed !== null && this.domains.present) this.missed = false;
    else if (changed !== null) await this.look();
    if (!changed) return;
    const domains = this.domains.values;
    this.changed(guestInterfaces(domains), stillInterfaces(domains), standbyInterfaces(domains));
  }

  /** Says once that libvirt runs guests here where its folder is not found. */
  private async look(): Promise<void> {
    const reason = this.missed ? null : await this.tools.signOfLibvirt();
    if (reason === null) return;
    this.missed = true;
    this.tools.log.warn('libvirt runs guests here, but its folder is none of paths.libvirt', { reason });
  }

  private parse(xml: string): Domain {
    const domain = parseDomainStatus(xml);
    for (const reason of domain.ignored) {
      this.tools.metrics.count('bondherald_sightings_ignored_total', { source: 'libvirt', reason });
    }
    return domain;
  }
}

/** Whether libvirt is to be followed, and where its status files are looked for. */
interface LibvirtSetting {
  readonly wanted: boolean;
  readonly folders: readonly string[];
}

/** The setting of a configuration. */
export const libvirtSetting = ({ guests, paths }: Config): LibvirtSetting => ({
  wanted: guests.sources.libvirt !== false,
  folders: paths.libvirt,
});

/**
 * Gives the host's state the guests that libvirt runs, as long as the configuration wants it; then libvirt has none.
 * @param hostKnown settles when the kernel's devices are known: before, there is nothing to bring up to date
 */
export function followLibvirt(
  config: Config,
  host: Pick<HostState, 'setGuestInterfaces'>,
  tools: LibvirtTools & { readonly events: DaemonEmitter },
  openFolder: (path: string) => Folder,
  hostKnown: () => Promise<void>,
): SwitchedTask<LibvirtSetting, LibvirtWatch> {
  const apply = (...interfaces: Parameters<HostState['setGuestInterfaces']>): void => {
    host.setGuestInterfaces(...interfaces);
    void hostKnown().then(() => tools.events.emit('guestsChanged'));
  };
  const create = ({ wanted, folders }: LibvirtSetting): LibvirtWatch | null =>
    wanted ? new LibvirtWatch(new FirstFolder(folders.map(openFolder)), tools, apply) : null;
  return new SwitchedTask('libvirt', libvirtSetting(config), create, () => apply([]));
}
