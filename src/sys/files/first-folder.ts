import type { Folder, FolderFile } from './watch-folder.js';

/** Several folders of which one is in use: that of the last `list`, or whichever `use` was told of; at first the first. */
export class FirstFolder implements Folder {
  private used: Folder;

  /** @param folders one at least; the first that is there goes before the others */
  constructor(readonly all: readonly Folder[]) {
    const [first] = all;
    if (!first) throw new RangeError('no folder');
    this.used = first;
  }

  get path(): string {
    return this.used.path;
  }

  /** From now on this one of them is in use. */
  use(folder: Folder): void {
    this.used = folder;
  }

  /** Of the first folder that is there. @throws SyscallError when none is there, and one may be that we may not see */
  async list(suffix: string, limit: number): Promise<FolderFile[] | null> {
    const errors: unknown[] = [];
    for (const folder of this.all) {
      const files = await folder.list(suffix, limit).catch((error: unknown) => void errors.push(error));
      if (!files) continue;
      this.used = folder;
      return files;
    }
    if (errors.length > 0) throw errors[0];
    return null;
  }

  read(name: string, limit: number): Promise<string | null> {
    return this.used.read(name, limit);
  }

  watch(changed: () => void): () => void {
    const stops = this.all.map((folder) => folder.watch(changed));
    return () => stops.forEach((stop) => stop());
  }
}
