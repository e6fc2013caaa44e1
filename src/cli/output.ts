import { isJournal, priorityPrefix } from '../sys/journal.js';

/** Where a command's words go. With `--json`, stdout carries one document and nothing else. */
export interface Output {
  text(text: string): void;
  json(document: unknown): void;
  /** Whether `page` draws over the page before. */
  readonly redraws: boolean;
  /** A page that takes the place of the one before it, where stdout is a terminal; elsewhere it follows it. */
  page(text: string): void;
  /** One line for people, to stderr. */
  error(line: string): void;
}

/** Clears a terminal, what scrolled out of sight aside (ECMA-48: CUP, ED). */
const CLEAR = '\x1b[H\x1b[2J';

const STDERR = 2;

export const standardOutput: Output = {
  text: (text) => void process.stdout.write(`${text}\n`),
  json: (document) => void process.stdout.write(`${JSON.stringify(document, null, 2)}\n`),
  redraws: process.stdout.isTTY,
  page: (text) => void process.stdout.write(process.stdout.isTTY ? `${CLEAR}${text}\n` : `${text}\n`),
  error: (line) => void process.stderr.write(`${priorityPrefix('error', isJournal(STDERR))}bondherald: ${line}\n`),
};
