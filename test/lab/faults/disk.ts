import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { mustRun } from '../net/ip.js';
import { SCRATCH } from '../net/daemon.js';

const BLOCK = Buffer.alloc(4096);

/** A disk of its own for the state, small enough to be filled. */
export class SmallDisk {
  readonly folder = path.join(SCRATCH, 'state-disk');
  private get filler(): string {
    return path.join(this.folder, 'filler');
  }

  async mount(): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    await mustRun(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', this.folder]);
  }

  /** Leaves no room. */
  fill(): void {
    const fd = openSync(this.filler, 'w');
    try {
      for (;;) writeSync(fd, BLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(fd);
    }
  }

  free(): void {
    rmSync(this.filler);
  }

  /** As the kernel does with a disk that has errors. */
  async remount(how: 'ro' | 'rw'): Promise<void> {
    await mustRun(['mount', '-o', `remount,${how}`, this.folder]);
  }

  async unmount(): Promise<void> {
    await mustRun(['umount', this.folder]);
  }
}
