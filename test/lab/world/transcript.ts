/**
 * Splits what a world prints into its three parts: the noise of booting, the command's own output, and marker lines
 * that say when the command began and how it ended. A marker holds a random token, so no output can fake it.
 */
export class Transcript {
  /** What came before the command began: the boot log, of use only when booting failed. */
  boot = '';
  /** What the command printed. */
  output = '';
  /** When the command began, in ms of the clock given; null as long as the world boots. */
  beganAt: number | null = null;
  /** The command's exit status; null as long as it runs. */
  exitCode: number | null = null;

  #pending = '';
  readonly #mark: string;
  readonly #onOutput: (text: string) => void;

  constructor(token: string, onOutput: (text: string) => void = () => {}) {
    this.#mark = markOf(token);
    this.#onOutput = onOutput;
  }

  /** Takes the next piece of what the world printed; `now` is in ms. */
  feed(text: string, now: number): void {
    this.#pending += text.replaceAll('\r', '');
    for (;;) {
      const at = this.#pending.indexOf(this.#mark);
      if (at < 0) return this.#emit(this.#pending.length - this.#markTail());
      const end = this.#pending.indexOf('\n', at);
      this.#emit(at);
      if (end < 0) return;
      const line = this.#pending.slice(this.#mark.length, end - at);
      this.#pending = this.#pending.slice(end - at + 1);
      this.#handle(line.trim(), now);
    }
  }

  #handle(line: string, now: number): void {
    const [word, value] = line.split(' ');
    if (word === 'begin') this.beganAt = now;
    if (word === 'end') this.exitCode = Number(value);
  }

  #emit(length: number): void {
    const text = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    if (text === '' || this.exitCode !== null) return;
    if (this.beganAt === null) {
      this.boot += text;
      return;
    }
    this.output += text;
    this.#onOutput(text);
  }

  /** How many characters at the end may be the start of a marker and have to wait for the rest. */
  #markTail(): number {
    for (let n = Math.min(this.#mark.length - 1, this.#pending.length); n > 0; n--) {
      if (this.#pending.endsWith(this.#mark.slice(0, n))) return n;
    }
    return 0;
  }
}

/** The start of a marker line. */
export function markOf(token: string): string {
  return `@@${token} `;
}
