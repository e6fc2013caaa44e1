import fs from 'node:fs';

/** How much a line of the log matters. */
export type Level = 'info' | 'warn' | 'error';

/** The numbers of syslog(3) for our levels. */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6 };

/**
 * Whether what is written to a descriptor arrives in systemd's journal: JOURNAL_STREAM names the device and inode of the
 * journal's socket (systemd.exec(5)), and the descriptor may have been redirected since.
 */
export function isJournal(fd: number, stream = process.env['JOURNAL_STREAM']): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fs.fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // closed
  }
}

/** What the journal takes for a line's priority (sd-daemon(3)), and leaves out; nothing for other readers. */
export function priorityPrefix(level: Level, journal: boolean): string {
  return journal ? `<${PRIORITIES[level]}>` : '';
}
