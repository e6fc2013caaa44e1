import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Where the daemon keeps what the next run needs. Every world has its own. */
export const STATE_FOLDER = '/var/lib/bondherald';

/** The file in it. */
export const STATE_FILE = path.join(STATE_FOLDER, 'state.json');

/** What has changed since the file was written, where that is long. */
export const JOURNAL = path.join(STATE_FOLDER, 'state.journal');

/** The names in the folder; none when it is not there. Sorted. */
export function stateFiles(): string[] {
  return existsSync(STATE_FOLDER) ? readdirSync(STATE_FOLDER).sort() : [];
}

/** Forgets every run. The folder itself may be a mount. */
export function emptyStateFolder(): void {
  for (const name of stateFiles()) rmSync(path.join(STATE_FOLDER, name), { recursive: true, force: true });
}

/** The text of the state file; empty when there is none. */
export function stateText(folder = STATE_FOLDER): string {
  const file = path.join(folder, 'state.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
