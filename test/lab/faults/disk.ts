import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { until } from '../../support/until.js';
import { command, mustRun } from '../net/ip.js';
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

  /** Leaves no room, until somebody else removes a file: for example the one that he has just replaced. */
  fill(): void {
    const fd = openSync(this.filler, 'a');
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

  /** As the kernel does with a disk that has errors; but it asks whether somebody is writing, and we wait for him. */
  async remount(how: 'ro' | 'rw'): Promise<void> {
    const remount = async (): Promise<boolean> => {
      const { code, stderr } = await command(['mount', '-o', `remount,${how}`, this.folder]);
      if (code !== 0 && !stderr.includes('busy')) throw new Error(stderr);
      return code === 0;
    };
    await until(remount, { what: 'nobody is writing' });
  }

  async unmount(): Promise<void> {
    await mustRun(['umount', this.folder]);
  }
}
