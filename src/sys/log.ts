import { pino } from 'pino';

/** Values that a log line carries beside its message. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** The log: one line an event, to stderr. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Opens the log. Lines are written before the call returns, so that the last one before a crash is there. */
export function openLog(): Log {
  const stderr = pino.destination({ dest: 2, sync: true });
  const lines = { write: (json: string) => stderr.write(textLine(json)) };
  const logger = pino({ base: null, timestamp: false, formatters: { level: (level) => ({ level }) } }, lines);
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}

/** `level message key=value …`, the way a person reads it; the journal adds the time. */
function textLine(json: string): string {
  const { level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${quoteIfNeeded(String(value))}`);
  return `${String(level)}: ${String(msg)}${pairs.join('')}\n`;
}

function quoteIfNeeded(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
