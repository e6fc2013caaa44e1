import type { Config } from '../config/config.js';
import { PROXMOX_FOLDERS } from '../config/constants.js';
import type { Declared } from '../guests/declared.js';
import type { HostState } from '../guests/host-state.js';
import type { Metrics } from '../metrics/metrics.js';
import { parseProxmoxGuest, type ProxmoxGuest, type ProxmoxKind } from '../sources/proxmox.js';
import type { Clock } from '../sys/clock.js';
import type { Folder } from '../sys/files/watch-folder.js';
import type { Log } from '../sys/log.js';
import { Nap } from '../tasks/backoff.js';
import { Deferred } from '../tasks/deferred.js';
import { SwitchedTask } from '../tasks/switched-task.js';
import { type Task, untilAborted } from '../tasks/task.js';
import type { DaemonEmitter } from '../wire/events.js';
import { type FolderLimits, StampedFiles } from './stamped-files.js';

/** Of a folder: more guests than a node runs, and files longer than any description (8 KiB) and snapshots make them. */
const LIMITS = { files: 4096, bytes: 1 << 20 };

/** The files of a node's guests, VMID.conf. */
const GUEST_FILE = /^([1-9][0-9]{2,8})\.conf$/;

/**
 * How often the folders are looked through, in seconds. They are of a file system in user space (pmxcfs), which does not tell
 * of changes made on other nodes, and which must never hold up our event loop: so it is asked by other threads, and not by
 * inotify. A guest's file is there before its device is, and the kernel tells of that.
 */
const LOOK_SECONDS = 10;

interface ProxmoxTools {
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Follows the guests of a Proxmox VE node by their configuration files, which move to another node with a guest. That one
 * runs is shown by its device. A host that is no node has no such folders, which is not logged.
 */
export class ProxmoxWatch implements Task {
  readonly name = 'proxmox';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private readonly folders: readonly StampedFiles<ProxmoxGuest>[];

  /** @param changed called at first and whenever a file changed */
  constructor(
    folders: Readonly<Record<ProxmoxKind, Folder>>,
    private readonly tools: ProxmoxTools,
    private readonly changed: Declared['setProxmox'],
    limits: FolderLimits = LIMITS,
  ) {
    const { log } = tools;
    this.folders = (['qemu', 'lxc'] as const).map(
      (kind) =>
        new StampedFiles<ProxmoxGuest>(folders[kind], limits, {
          suffix: '.conf',
          isOurs: (name) => GUEST_FILE.test(name),
          parse: (text, name) => this.parse(text, kind, name),
          found: (at) => {
            if (!this.folders.some(({ present }) => present)) log.info('following Proxmox VE guests', at);
          },
          unread: (at) => log.warn('cannot read all Proxmox VE guests', at),
          bad: (at) => log.warn('cannot read a Proxmox VE guest; keeping what its file said before', at),
        }),
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    const nap = new Nap(this.tools.clock);
    void untilAborted(signal).then(() => nap.end());
    while (!signal.aborted) {
      await this.read();
      this.isReady.resolve();
      if (!signal.aborted) await nap.sleep(LOOK_SECONDS);
    }
  }

  private async read(): Promise<void> {
    const changes = await Promise.all(this.folders.map((files) => files.look()));
    if (!changes.some(Boolean)) return;
    this.changed(this.folders.flatMap(({ values }) => values.flatMap(({ interfaces }) => interfaces)));
  }

  private parse(text: string, kind: ProxmoxKind, name: string): ProxmoxGuest {
    const guest = parseProxmoxGuest(text, kind, GUEST_FILE.exec(name)?.[1] ?? name);
    for (const reason of guest.ignored) {
      this.tools.metrics.count('bondherald_sightings_ignored_total', { source: 'proxmox', reason });
    }
    return guest;
  }
}

/**
 * Gives the host's state the guests of the Proxmox VE node that this host is, as long as the configuration wants it.
 * @param hostKnown settles when the kernel's devices are known: before, there is nothing to bring up to date
 */
export function followProxmox(
  config: Config,
  host: Pick<HostState, 'declared'>,
  tools: ProxmoxTools & { readonly events: DaemonEmitter },
  openFolder: (path: string) => Folder,
  hostKnown: () => Promise<void>,
): SwitchedTask<boolean, ProxmoxWatch> {
  const apply: Declared['setProxmox'] = (interfaces) => {
    host.declared.setProxmox(interfaces);
    void hostKnown().then(() => tools.events.emit('guestsChanged'));
  };
  const folders = { qemu: openFolder(PROXMOX_FOLDERS.qemu), lxc: openFolder(PROXMOX_FOLDERS.lxc) };
  const create = (wanted: boolean): ProxmoxWatch | null => (wanted ? new ProxmoxWatch(folders, tools, apply) : null);
  return new SwitchedTask('proxmox', config.guests.sources.proxmox !== false, create, () => apply([]));
}
