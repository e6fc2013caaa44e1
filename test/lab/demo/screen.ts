/** Text that stays and, below it on a terminal, lines that are drawn anew again and again. */
export class Screen {
  #liveLines = 0;
  #hidden = false;

  /** `redraws`: whether the output can be drawn over; if not, only what stays is written. */
  constructor(
    private readonly write: (text: string) => void,
    private readonly redraws: boolean,
  ) {}

  /** Writes lines that stay. */
  keep(lines: readonly string[]): void {
    this.write(this.#erase() + lines.map((line) => `${line}\n`).join(''));
  }

  /** Draws the changing lines anew. None may be wider than the terminal, nor all of them higher. */
  live(lines: readonly string[]): void {
    if (!this.redraws) return;
    const hide = this.#hidden ? '' : '\x1b[?25l';
    this.#hidden = true;
    this.write(hide + this.#erase() + lines.map((line) => `${line}\n`).join(''));
    this.#liveLines = lines.length;
  }

  /** Leaves the terminal as it was found; what changes is gone, what stays stays. */
  close(): void {
    const show = this.#hidden ? '\x1b[?25h' : '';
    this.#hidden = false;
    const text = this.#erase() + show;
    if (text !== '') this.write(text);
  }

  #erase(): string {
    const lines = this.#liveLines;
    this.#liveLines = 0;
    return lines === 0 ? '' : `\x1b[${lines}A\r\x1b[J`;
  }
}
