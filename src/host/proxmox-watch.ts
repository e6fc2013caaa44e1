import type { Config } from '../config/config.js';
import { PROXMOX_FOLDERS } from '../config/constants.js';
import { SyscallError } from '../errors.js';
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
import { StampedFiles } from './stamped-files.js';

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

/** Where the files of one kind of guests are, and what they say. */
interface Shelf {
  readonly folder: Folder;
  readonly files: StampedFiles<ProxmoxGuest>;
}

/**
 * Follows the guests of a Proxmox VE node by their configuration files, which move to another node with a guest. That one
 * runs is shown by its device. A host that is no node has no such folders, which is not logged.
 */
export class ProxmoxWatch implements Task {
  readonly name = 'proxmox';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private readonly shelves: readonly Shelf[];
  private present = false;
  private complaint: string | null = null;

  /** @param changed called at first and whenever a file changed */
  constructor(
    folders: Readonly<Record<ProxmoxKind, Folder>>,
    private readonly tools: ProxmoxTools,
    private readonly changed: Declared['setProxmox'],
    private readonly limits = LIMITS,
  ) {
    this.shelves = (['qemu', 'lxc'] as const).map((kind) => {
      const folder = folders[kind];
      const files = new StampedFiles<ProxmoxGuest>(
        folder,
        limits.bytes,
        (text, name) => this.parse(text, kind, name),
        (file, { message: reason }) =>
          tools.log.warn('cannot read a Proxmox VE guest; keeping what its file said before', { file, reason }),
      );
      return { folder, files };
    });
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
    const changes = await Promise.all(this.shelves.map((shelf) => this.readShelf(shelf)));
    if (!changes.some(Boolean)) return;
    this.changed(this.shelves.flatMap(({ files }) => files.values.flatMap(({ interfaces }) => interfaces)));
  }

  /** @returns whether anything may be other; what we cannot see now, we still know */
  private async readShelf({ folder, files }: Shelf): Promise<boolean> {
    try {
      const all = await folder.list('.conf', this.limits.files + 1);
      if (all && !this.present) this.tools.log.info('following Proxmox VE guests', { folder: folder.path });
      this.present ||= all !== null;
      const tooMany = (all?.length ?? 0) > this.limits.files;
      this.complain(folder, tooMany ? `more than ${this.limits.files} files` : null);
      return await files.read((all ?? []).slice(0, this.limits.files).filter(({ name }) => GUEST_FILE.test(name)));
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.complain(folder, error.message);
      return false;
    }
  }

  private complain({ path: folder }: Folder, reason: string | null): void {
    const complaint = reason === null ? null : `${folder}: ${reason}`;
    if (complaint === null && this.complaint?.startsWith(`${folder}: `) === false) return; // it is the other folder's
    if (complaint !== null && this.complaint === null) {
      this.tools.log.warn('cannot read all Proxmox VE guests', { folder, reason });
    }
    this.complaint = complaint;
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
