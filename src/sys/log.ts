import { pino } from 'pino';
import { isJournal, type Level, priorityPrefix } from './process/journal.js';

/** Values that a log line carries beside its message. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** The log: one line an event, to stderr. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * `text`: `level: message key=value …`, for people; the journal adds the time. `json`: an object a line with the keys
 * `level` (info, warn, error), `time` (ISO 8601, UTC), `msg`, and those of the fields.
 */
export type LogFormat = 'text' | 'json';

const STDERR = 2;

/**
 * Opens the log. Lines are written before the call returns, so that the last one before a crash is there. Each begins
 * with its priority where they go to the journal, so that it shows levels.
 */
export function openLog(format: LogFormat = 'text', fd = STDERR, journal = isJournal(fd)): Log {
  const file = pino.destination({ dest: fd, sync: true });
  const lines = {
    write(json: string): void {
      const { level, msg, ...fields } = JSON.parse(json) as { level: Level; msg: string };
      const line = format === 'json' ? json.trimEnd() : textLine(level, msg, fields);
      file.write(`${priorityPrefix(level, journal)}${harmless(line)}\n`);
    },
  };
  const timestamp = format === 'json' ? pino.stdTimeFunctions.isoTime : false;
  const logger = pino({ base: null, timestamp, formatters: { level: (level) => ({ level }) } }, lines);
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}

function textLine(level: string, message: string, fields: object): string {
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${quoteIfNeeded(String(value))}`);
  return `${level}: ${message}${pairs.join('')}`;
}

function quoteIfNeeded(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** No character that commands a terminal, or ends the line: names of devices and guests may hold them. */
function harmless(line: string): string {
  return line.replaceAll(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
