import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A folder for a socket or a file, and how to be rid of it. */
export function scratchFolder(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bondherald-fuzz-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
