import { BondheraldError } from '../errors.js';
import type { Folder, FolderFile } from '../sys/files/watch-folder.js';

/** A file as last read. */
interface Held<T> {
  readonly stamp: string;
  /** What its last good text said; null when there was none yet. */
  readonly value: T | null;
  readonly good: boolean;
}

/**
 * What the files of a folder say. Each is read again only when it was written or replaced; one that makes no sense keeps what
 * it said before. Holds one entry a file.
 */
export class StampedFiles<T> {
  private held = new Map<string, Held<T>>();

  /**
   * @param maxBytes of a file
   * @param parse the text of a file. @throws BondheraldError when it makes no sense
   * @param bad called once for a file that cannot be read or makes no sense
   */
  constructor(
    private readonly folder: Pick<Folder, 'read'>,
    private readonly maxBytes: number,
    private readonly parse: (text: string, name: string) => T,
    private readonly bad: (name: string, error: BondheraldError) => void,
  ) {}

  /** Of the files that make, or once made, sense. */
  get values(): T[] {
    return [...this.held.values()].flatMap(({ value }) => value ?? []);
  }

  /** Reads those that are new or changed since the last time. @returns whether anything may be other than before */
  async read(files: readonly FolderFile[]): Promise<boolean> {
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
      const text = await this.folder.read(name, this.maxBytes);
      return text === null ? undefined : { stamp, value: this.parse(text, name), good: true };
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error;
      if (before?.good !== false) this.bad(name, error);
      return { stamp, value: before?.value ?? null, good: false };
    }
  }
}
