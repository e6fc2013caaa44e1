import { BondheraldError, SyscallError } from '../errors.js';
import type { Folder, FolderFile } from '../sys/files/watch-folder.js';

/** A file as last read. */
interface Held<T> {
  readonly stamp: string;
  /** What its last good text said; null when there was none yet. */
  readonly value: T | null;
  readonly good: boolean;
}

/** What one look at a folder may cost. */
export interface FolderLimits {
  readonly files: number;
  /** Of each file. */
  readonly bytes: number;
}

/** What is made of a folder's files, and who is told. */
interface Reading<T> {
  /** What the names of its files end in. */
  readonly suffix: string;
  readonly isOurs?: (name: string) => boolean;
  /** The text of a file. @throws BondheraldError when it makes no sense */
  readonly parse: (text: string, name: string) => T;
  /** The folder is there, for the first time or again. */
  readonly found: (at: { readonly folder: string }) => void;
  /** Not all of it can be read: called once, until it can. */
  readonly unread: (at: { readonly folder: string; readonly reason: string }) => void;
  /** A file cannot be read or makes no sense: called once. */
  readonly bad: (at: { readonly file: string; readonly reason: string }) => void;
}

/**
 * What the files of a folder say. Each is read again only when it was written or replaced; one that makes no sense keeps what
 * it said before. Holds one entry a file, `limits.files` at most.
 */
export class StampedFiles<T> {
  private held = new Map<string, Held<T>>();
  private complaint: string | null = null;
  /** Whether the folder was there when it was last seen. */
  present = false;

  constructor(
    private readonly folder: Pick<Folder, 'list' | 'read' | 'path'>,
    private readonly limits: FolderLimits,
    private readonly reading: Reading<T>,
  ) {}

  /** Of the files that make, or once made, sense. */
  get values(): T[] {
    return [...this.held.values()].flatMap(({ value }) => value ?? []);
  }

  /**
   * Looks through the folder, which has no files when it is not there.
   * @returns whether anything may be other than before; null when it cannot be seen: what was known still is
   */
  async look(): Promise<boolean | null> {
    const { folder, limits, reading } = this;
    try {
      const files = await folder.list(reading.suffix, limits.files + 1);
      if (files && !this.present) reading.found({ folder: folder.path });
      this.present = files !== null;
      const tooMany = (files?.length ?? 0) > limits.files;
      this.complain(tooMany ? `more than ${limits.files} files` : null);
      const ours = files?.slice(0, limits.files).filter(({ name }) => reading.isOurs?.(name) ?? true);
      return await this.read(ours ?? []);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.complain(error.message);
      return null;
    }
  }

  private complain(reason: string | null): void {
    if (reason !== null && this.complaint === null) this.reading.unread({ folder: this.folder.path, reason });
    this.complaint = reason;
  }

  /** Reads those that are new or changed since the last time. @returns whether anything may be other than before */
  private async read(files: readonly FolderFile[]): Promise<boolean> {
    const now = new Map<string, Held<T>>();
    let same = files.length === this.held.size;
    for (const { name, stamp } of files) {
      const before = this.held.get(name);
      const held = before?.stamp === stamp ? before : await this.readFile(name, stamp, before);
      if (held !== before) same = false;
      if (held) now.set(name, held);
    }
    this.held = now;
    return !same;
  }

  /** @returns undefined when the file went in the meantime */
  private async readFile(name: string, stamp: string, before: Held<T> | undefined): Promise<Held<T> | undefined> {
    try {
      const text = await this.folder.read(name, this.limits.bytes);
      return text === null ? undefined : { stamp, value: this.reading.parse(text, name), good: true };
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error;
      if (before?.good !== false) this.reading.bad({ file: name, reason: error.message });
      return { stamp, value: before?.value ?? null, good: false };
    }
  }
}
