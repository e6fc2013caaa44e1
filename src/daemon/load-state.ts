import { decodeState, type RefusalReason } from '../state/decode.js';
import { MAX_BYTES, type SavedState } from '../state/document.js';
import type { Log } from '../sys/log.js';
import type { StateFile } from '../sys/files/replaced-files.js';
import { oneLine } from '../errors.js';

/** What it means for the operator that a file is not used. */
const CONSEQUENCE = 'silent guests from before the start are unknown';

/**
 * Reads the state file of an earlier run of this boot. Whatever is wrong with it is a warning, and never an error.
 * @returns null when there is none that can be used; one that is there is set aside
 */
export async function loadState(file: StateFile, bootId: string, log: Log): Promise<SavedState | null> {
  try {
    const bytes = await file.read(MAX_BYTES);
    if (bytes === null) return null;
    const decoded = bytes === 'too-large' ? { reason: bytes } : decodeState(bytes, bootId);
    if (decoded.reason !== null) {
      await setAside(file, decoded.reason, log);
      return null;
    }
    const { dropped } = decoded;
    if (dropped > 0) log.warn('skipped invalid entries of the state file', { path: file.path, dropped });
    return decoded.state;
  } catch (error) {
    log.warn(`cannot use the state file: ${CONSEQUENCE}`, { reason: oneLine(error) });
    return null;
  }
}

async function setAside(file: StateFile, reason: RefusalReason, log: Log): Promise<void> {
  const path = await file.setAside(reason).catch((error: unknown) => oneLine(error));
  log.warn(`state file unusable and set aside: ${CONSEQUENCE}`, { reason, path });
}
