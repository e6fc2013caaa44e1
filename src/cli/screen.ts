import process from 'node:process';

// ECMA-48 and DEC's private modes, which every terminal in use has: CUP, EL, ED; DECTCEM (cursor), DECAWM (wrapping).
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';
const HIDE_CURSOR_CUT_LINES = '\x1b[?25l\x1b[?7l';
const WRAP_LINES_SHOW_CURSOR = '\x1b[?7h\x1b[?25h';

/** Where nobody knows how tall a terminal is. */
const USUAL_ROWS = 24;

/**
 * What draws a page over the one before it: line by line, so that nothing flickers. A page that is taller than the terminal
 * is cut, and says so; wider lines are cut by the terminal. The cursor ends on the line below the page.
 * @param rows of the terminal
 */
export function drawing(page: string, rows: number): string {
  const lines = page.split('\n');
  const room = Math.max(1, rows - 1);
  const hidden = lines.length - room;
  const shown = hidden > 0 ? [...lines.slice(0, room - 1), `... ${hidden + 1} more lines`] : lines;
  return `${HOME}${shown.map((line) => `${line}${REST_OF_LINE}\n`).join('')}${REST_OF_SCREEN}`;
}

/** A terminal that shows one page, over and over. What it changes there it changes back when the process ends or stops. */
export class Screen {
  private page: string | null = null;

  constructor(private readonly terminal: NodeJS.WriteStream) {}

  show(page: string): void {
    if (this.page === null) this.begin();
    this.page = page;
    this.draw();
  }

  private begin(): void {
    const { terminal } = this;
    terminal.write('\n'.repeat(this.rows - 1)); // what was there can be scrolled back to
    terminal.write(HIDE_CURSOR_CUT_LINES);
    terminal.on('resize', () => this.draw());
    process.once('exit', () => terminal.write(WRAP_LINES_SHOW_CURSOR));
    process.on('SIGTSTP', () => {
      terminal.write(WRAP_LINES_SHOW_CURSOR);
      process.kill(process.pid, 'SIGSTOP');
    });
    process.on('SIGCONT', () => {
      terminal.write(HIDE_CURSOR_CUT_LINES);
      this.draw();
    });
  }

  private get rows(): number {
    return this.terminal.rows || USUAL_ROWS;
  }

  private draw(): void {
    if (this.page !== null) this.terminal.write(drawing(this.page, this.rows));
  }
}
