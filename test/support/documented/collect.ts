import { readFileSync } from 'node:fs';
import { ROOT } from '../program.js';

/** The documents whose commands are run by tests. docs/first-ten-minutes.md has a test of its own. */
export const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/operation.md',
  'docs/service.md',
  'docs/log.md',
  'docs/commands.md',
] as const;

/** A command as a document has it, without `sudo` and the folder of the program, and where it stands. */
export interface DocumentedCommand {
  readonly command: string;
  /** `FILE:LINE` */
  readonly where: string;
}

/** A code block of a document. */
export interface Block {
  readonly language: string;
  readonly lines: readonly string[];
  /** Of its first line, from 1. */
  readonly line: number;
}

/** A word of code in a sentence is a command when it begins like this; with a word in capitals or brackets it is a form. */
const PROGRAM =
  /^(sudo |bin\/)*(apt|bondherald|bridge|cat|dpkg|ip|journalctl|ln|make|node|ovs-appctl|ovs-vsctl|systemctl|systemd-analyze|tc|tcpdump|timeout) |^\.?\/\S+\.sh\b/;
const FORM = /\b[A-Z]{3,}(?![A-Z_]*=)\b|[[\]…]|\.\.\.|bh-N/;

/** The text of a document. @param file its path from the root of the checkout */
export function documentText(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8');
}

/**
 * The fenced code blocks of a document.
 * @throws Error at a block that is indented or does not say what it is: nobody could tell commands from pictures there
 */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; lines: string[]; line: number } | null = null;
  text.split('\n').forEach((content, index) => {
    const fence = /^```(\S*)$/.exec(content);
    if (fence && open) open = (blocks.push(open), null);
    else if (fence?.[1]) open = { language: fence[1], lines: [], line: index + 2 };
    else if (fence) throw new Error(`line ${index + 1}: a code block without a language: sh, text or yaml`);
    else if (open) open.lines.push(content);
    else if (/^ {4}\S/.test(content))
      throw new Error(`line ${index + 1}: an indented block: fence it, as sh, text or yaml`);
  });
  return blocks;
}

/** Every command of a document: each line of its `sh` blocks, and each word of code in a sentence that is one. */
export function commandsIn(file: string, text = documentText(file)): DocumentedCommand[] {
  const blocks = blocksOf(text);
  const fenced = blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ lines, line }) => lines.map((content, n) => ({ content, line: line + n })));
  const found = [...fenced, ...spansOf(text)].sort((one, other) => one.line - other.line);
  return found.flatMap(({ content, line }) =>
    content
      .split(' && ')
      .map((command) => ({ command: bare(command), where: `${file}:${line}` }))
      .filter(({ command }) => command !== ''),
  );
}

/** Every command of the documents once, where it stands first. */
export function documentedCommands(): DocumentedCommand[] {
  const found = new Map<string, DocumentedCommand>();
  for (const each of DOCUMENTS.flatMap((file) => commandsIn(file))) {
    if (!found.has(each.command)) found.set(each.command, each);
  }
  return [...found.values()];
}

function spansOf(text: string): { content: string; line: number }[] {
  const prose = text.replaceAll(/^```[^]*?^```$/gm, (block) => '\n'.repeat(block.split('\n').length - 1));
  return [...prose.matchAll(/`([^`]+)`/g)]
    .map(({ 1: code = '', index }) => ({
      content: code.replaceAll('\\|', '|').replaceAll(/\s+/g, ' '),
      line: prose.slice(0, index).split('\n').length,
    }))
    .filter(({ content }) => PROGRAM.test(content) && !FORM.test(content));
}

/** Tests run as root, and know where the program is. */
function bare(command: string): string {
  return command
    .trim()
    .replace(/^sudo /, '')
    .replace(/^bin\//, '');
}
