import type { Config } from '../config/config.js';
import type { HostState } from '../guests/host-state.js';
import { SwitchedTask } from '../tasks/switched-task.js';
import type { DaemonEmitter } from '../wire/events.js';
import { LibvirtStatusError, SyscallError } from '../errors.js';
import type { Metrics } from '../metrics/metrics.js';
import {
  type Domain,
  guestInterfaces,
  parseDomainStatus,
  standbyInterfaces,
  stillInterfaces,
} from '../sources/libvirt.js';
import type { Log } from '../sys/log.js';
import type { Folder, FolderFile } from '../sys/files/watch-folder.js';
import { Deferred } from '../tasks/deferred.js';
import { type Task, untilAborted } from '../tasks/task.js';

/** What one look at the folder may cost: more domains than a host runs, and files far longer than libvirt's (20 KiB). */
const LIMITS = { files: 4096, bytes: 1 << 20 };

/** A domain's file as last read. */
interface Held {
  readonly stamp: string;
  /** Its last good state; null when there was none yet. */
  readonly domain: Domain | null;
  readonly good: boolean;
}

/**
 * Follows the domains that libvirt runs on this host, by its status files. A host without libvirt has no such folder,
 * which is not logged. Holds one entry a file, `LIMITS.files` at most.
 */
export class LibvirtWatch implements Task {
  readonly name = 'libvirt';
  private readonly isReady = new Deferred();
  readonly ready = this.isReady.promise;
  private held = new Map<string, Held>();
  private present = false;
  private complaint: string | null = null;

  /** @param changed called at first and whenever a file changed */
  constructor(
    private readonly folder: Folder,
    private readonly tools: { readonly log: Log; readonly metrics: Metrics },
    private readonly changed: HostState['setGuestInterfaces'],
    private readonly limits = LIMITS,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    let changed = new Deferred();
    const stop = this.folder.watch(() => changed.resolve());
    void untilAborted(signal).then(() => changed.resolve());
    try {
      while (!signal.aborted) {
        changed = new Deferred();
        await this.read();
        this.isReady.resolve();
        if (!signal.aborted) await changed.promise;
      }
    } finally {
      stop();
    }
  }

  /** Reads the files that are new or changed since the last time. */
  private async read(): Promise<void> {
    const files = await this.list();
    if (files === null) return; // what we cannot see now, we still know
    const now = new Map<string, Held>();
    let same = files.length === this.held.size;
    for (const { name, stamp } of files) {
      const before = this.held.get(name);
      const held = before?.stamp === stamp ? before : await this.readFile(name, stamp, before);
      if (held !== before) same = false;
      if (held) now.set(name, held);
    }
    this.held = now;
    if (same) return;
    const domains = [...now.values()].flatMap(({ domain }) => domain ?? []);
    this.changed(guestInterfaces(domains), stillInterfaces(domains), standbyInterfaces(domains));
  }

  /** The files in the folder, none when it is not there; null when it cannot be read. */
  private async list(): Promise<FolderFile[] | null> {
    try {
      const files = await this.folder.list('.xml', this.limits.files + 1);
      if (files && !this.present) this.tools.log.info('following libvirt domains', { folder: this.folder.path });
      this.present = files !== null;
      const tooMany = (files?.length ?? 0) > this.limits.files;
      this.complain(tooMany ? `more than ${this.limits.files} files` : null);
      return files?.slice(0, this.limits.files) ?? [];
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.complain(error.message);
      return null;
    }
  }

  private complain(reason: string | null): void {
    if (reason !== null && this.complaint === null) {
      this.tools.log.warn('cannot read all libvirt domains', { folder: this.folder.path, reason });
    }
    this.complaint = reason;
  }

  /** @returns undefined when the file went in the meantime */
  private async readFile(name: string, stamp: string, before: Held | undefined): Promise<Held | undefined> {
    try {
      const xml = await this.folder.read(name, this.limits.bytes);
      if (xml === null) return undefined;
      const domain = parseDomainStatus(xml);
      for (const reason of domain.ignored) {
        this.tools.metrics.count('bondherald_sightings_ignored_total', { source: 'libvirt', reason });
      }
      return { stamp, domain, good: true };
    } catch (error) {
      if (!(error instanceof LibvirtStatusError || error instanceof SyscallError)) throw error;
      if (before?.good !== false) {
        this.tools.log.warn('cannot read a libvirt status file; keeping the last known state of the domain', {
          file: name,
          reason: error.message,
        });
      }
      return { stamp, domain: before?.domain ?? null, good: false };
    }
  }
}

/**
 * Gives the host's state the guests that libvirt runs, as long as the configuration wants it; then libvirt has none.
 * @param hostKnown settles when the kernel's devices are known: before, there is nothing to bring up to date
 */
export function followLibvirt(
  { sources }: Config['guests'],
  host: Pick<HostState, 'setGuestInterfaces'>,
  tools: { readonly log: Log; readonly metrics: Metrics; readonly events: DaemonEmitter },
  folder: Folder,
  hostKnown: () => Promise<void>,
): SwitchedTask<boolean, LibvirtWatch> {
  const apply = (...interfaces: Parameters<HostState['setGuestInterfaces']>): void => {
    host.setGuestInterfaces(...interfaces);
    void hostKnown().then(() => tools.events.emit('guestsChanged'));
  };
  const create = (wanted: boolean): LibvirtWatch | null => (wanted ? new LibvirtWatch(folder, tools, apply) : null);
  return new SwitchedTask('libvirt', sources.libvirt !== false, create, () => apply([]));
}
