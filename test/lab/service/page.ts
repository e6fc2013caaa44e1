import assert from 'node:assert/strict';
import { type Block, blocksOf, documentText } from '../../support/documented/collect.js';
import { looksLike } from '../../support/documented/shape.js';
import { until } from '../../support/until.js';
import { command } from '../net/ip.js';

/** The exit statuses of a command that did its work; the doctor's 3 means that it found something. */
const fine = (script: string): number[] => (script.includes('doctor') ? [0, 3] : [0]);

/** A document that is followed command by command, a section after the other. */
export class Page {
  private readonly sections = new Map<string, Block[]>();

  /** @param file its path from the root of the checkout */
  constructor(private readonly file: string) {
    for (const part of documentText(file).split(/^## /m).slice(1)) {
      this.sections.set(part.slice(0, part.indexOf('\n')), blocksOf(part));
    }
  }

  /** The headings whose section has not been followed. */
  get left(): string[] {
    return [...this.sections.keys()];
  }

  /**
   * Runs the commands of a section. Where the document shows what is printed, the last command of the block before is
   * repeated, as a reader does who has to wait a moment, until that is printed.
   * @param happens settles when what the commands cause has happened, so that the machine is not kept busy by looking
   */
  async follow(heading: string, happens: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    const blocks = this.sections.get(heading);
    assert.ok(blocks, `${this.file} has no section ${heading}`);
    this.sections.delete(heading);
    for (const [index, { language, lines }] of blocks.entries()) {
      if (language !== 'sh') continue;
      const next = blocks[index + 1];
      const shown = next?.language === 'text' ? next.lines : null;
      for (const line of shown ? lines.slice(0, -1) : lines) await run(line);
      if (!shown) continue;
      await happens();
      await untilPrinted(lines.at(-1) ?? '', shown);
    }
  }
}

async function run(line: string): Promise<string> {
  const { code, stdout, stderr } = await shell(line);
  assert.ok(fine(line).includes(code ?? -1), `${line}: exit status ${String(code)}\n${stdout}${stderr}`);
  return stdout;
}

async function untilPrinted(line: string, shown: readonly string[]): Promise<void> {
  let printed = '';
  const look = async (): Promise<boolean> => looksLike((printed = (await shell(line)).stdout), shown);
  await until(look, { what: `${line} prints what the document shows`, timeout: 60_000, every: 500 }).catch(
    (error: Error) => {
      throw new Error(`${error.message}; shown:\n${shown.join('\n')}\nprinted:\n${printed}`);
    },
  );
}

/** As an operator's shell runs it; this one is root. */
function shell(line: string): ReturnType<typeof command> {
  return command(['sh', '-c', line.replace(/^sudo /, '')], 'y\n');
}
