import type { Hearing } from '../../src/sources/hearing.js';

/** A bond that is heard as it should be. */
export const BY_MIRROR: Hearing = { how: 'mirror', reason: null };

export const byMirror = (): Hearing => BY_MIRROR;
