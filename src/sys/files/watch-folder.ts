import { constants, statSync, watch, type BigIntStats, type FSWatcher } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { nullIfMissing, orSyscallError, readBounded, stampOfStats } from './read-files.js';

/** A file, and a text that is another one when the file is written or replaced. */
export type FolderFile = Readonly<Record<'name' | 'stamp', string>>;

/** A folder that others write into. */
export interface Folder {
  readonly path: string;
  /** The regular files whose name ends in `suffix`, by name, `limit` at most; null for no folder. @throws SyscallError */
  list(suffix: string, limit: number): Promise<FolderFile[] | null>;
  /** A file's text; null when it is gone. @throws SyscallError EFBIG beyond `limit` bytes, ELOOP for a symbolic link */
  read(name: string, limit: number): Promise<string | null>;
  /**
   * Calls `changed` soon after something in the folder changed, and after the folder came, went or was replaced.
   * @returns a function that ends it
   */
  watch(changed: () => void): () => void;
}

/** How long changes are gathered before they are told, and how often we look for the folder itself, in ms. */
const TIMES = { gather: 50, look: 1000 };

/** The folder at `folder`, which need not exist yet. */
export function openFolder(folder: string): Folder {
  return openTimedFolder(folder, TIMES);
}

/** The same with other times, in ms: `gather` and `look`. */
export function openTimedFolder(folder: string, times: typeof TIMES): Folder {
  return {
    path: folder,
    list: (suffix, limit) => list(folder, suffix, limit),
    async read(name, limit) {
      const bytes = readBounded(path.join(folder, name), limit, { flags: constants.O_NOFOLLOW });
      return (await nullIfMissing(bytes))?.toString() ?? null;
    },
    watch(changed) {
      const watcher = new FolderWatcher(folder, times, changed);
      return () => watcher.close();
    },
  };
}

async function list(folder: string, suffix: string, limit: number): Promise<FolderFile[] | null> {
  const entries = await nullIfMissing(orSyscallError(folder, () => readdir(folder, { withFileTypes: true })));
  if (entries === null) return null;
  const names = entries.filter((entry) => entry.isFile() && entry.name.endsWith(suffix)).map(({ name }) => name);
  const files: FolderFile[] = [];
  for (const name of names.sort().slice(0, limit)) {
    const file = path.join(folder, name);
    const stats = await nullIfMissing(orSyscallError(file, () => lstat(file, { bigint: true })));
    if (stats !== null) files.push({ name, stamp: stampOfStats(stats) });
  }
  return files;
}

/** No time: until the next look nobody hears what happens, so that look is told whatever it sees. */
const NOT_LOOKED_AT = 'not looked at';

/**
 * Watches by inotify, and once in a while looks at the folder itself: whether it is there, still the same one, and
 * whether its time says that we missed something. A folder that is not there costs one system call a look.
 */
class FolderWatcher {
  private readonly looking: NodeJS.Timeout;
  private gathering: NodeJS.Timeout | null = null;
  private inotify: FSWatcher | null = null;
  private identity = '';
  private time = '';

  constructor(
    private readonly folder: string,
    private readonly times: { readonly gather: number; readonly look: number },
    private readonly changed: () => void,
  ) {
    this.looking = setInterval(() => this.look(), times.look);
    this.look();
  }

  close(): void {
    clearInterval(this.looking);
    if (this.gathering) clearTimeout(this.gathering);
    this.inotify?.close();
  }

  private look(): void {
    const stats = this.stats();
    const identity = stats === null ? '' : `${stats.dev} ${stats.ino}`;
    const time = stats === null ? '' : String(stats.mtimeNs);
    if (identity !== this.identity) this.follow(identity);
    if (identity + time !== this.identity + this.time) this.gather();
    if (identity === this.identity) this.time = time;
  }

  /** In this thread: the folders lie in memory, and asking another thread takes ten times as long as looking. */
  private stats(): BigIntStats | null {
    try {
      return statSync(this.folder, { bigint: true, throwIfNoEntry: false }) ?? null; // an error takes a millisecond to make
    } catch {
      return null;
    }
  }

  private follow(identity: string): void {
    this.inotify?.close();
    this.inotify = null;
    this.identity = '';
    this.time = NOT_LOOKED_AT;
    if (identity !== '') {
      try {
        this.inotify = watch(this.folder, (_, name) => this.onEvent(name));
        this.inotify.on('error', () => this.follow(''));
        this.identity = identity;
      } catch {
        return; // it went again, or inotify is used up: the next look tries once more
      }
    }
    this.gather();
  }

  /** An event of the folder's own name may be its end; the next folder of that name may get the same inode. */
  private onEvent(name: string | null): void {
    if (name === path.basename(this.folder)) this.follow('');
    else this.gather();
  }

  private gather(): void {
    this.gathering ??= setTimeout(() => {
      this.gathering = null;
      this.changed();
    }, this.times.gather);
  }
}
