import { isJournal, priorityPrefix } from '../sys/process/journal.js';
import { Screen } from './screen.js';

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

const STDERR = 2;

const screen = new Screen(process.stdout);

export const standardOutput: Output = {
  text: (text) => void process.stdout.write(`${text}\n`),
  json: (document) => void process.stdout.write(`${JSON.stringify(document, null, 2)}\n`),
  redraws: process.stdout.isTTY,
  page: (text) => (process.stdout.isTTY ? screen.show(text) : void process.stdout.write(`${text}\n`)),
  error: (line) => void process.stderr.write(`${priorityPrefix('error', isJournal(STDERR))}bondherald: ${line}\n`),
};
