import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab/net/lab.js';

const SOURCES = fileURLToPath(new URL('../../../test/bench/native', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('./native', import.meta.url));

/** The programs of the benchmark that are written in C, where a runtime would be part of what is measured. */
export const NATIVE = ['burst', 'flood', 'listen', 'sink', 'storm', 'witness'] as const;
export type NativeName = (typeof NATIVE)[number];

/** Compiles them. Throws with the compiler's message. */
export function compileNative(): void {
  mkdirSync(PROGRAMS, { recursive: true });
  for (const name of NATIVE) {
    const output = ['-o', join(PROGRAMS, name), join(SOURCES, `${name}.c`)];
    execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', ...output], { stdio: 'pipe' });
  }
}

/** The command that runs one of them. */
export function native(name: NativeName, ...args: (string | number)[]): string[] {
  return [join(PROGRAMS, name), ...args.map(String)];
}

/** A program of the lab that answers lines with lines. */
export class Conversation {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  private constructor(argv: readonly string[], netns: string | null) {
    const [program = '', ...args] = netns === null ? argv : ['ip', 'netns', 'exec', netns, ...argv];
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.#child.stdin?.on('error', () => {});
    if (this.#child.stdout === null) throw new Error('no pipe');
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Starts a program in a namespace (null: the world's own); resolves when it has said its first line. */
  static async start(lab: Lab, argv: readonly string[], netns: string | null = 'hv'): Promise<Conversation> {
    const conversation = new Conversation(argv, netns);
    lab.onDestroy(() => conversation.end());
    await conversation.hear();
    return conversation;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Says a line and resolves with the answer. */
  ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.hear();
  }

  /** The next line. Rejects with what the program complained about when there is none. */
  async hear(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended: ${this.#said}`);
    return value;
  }

  /** Ends it and what it has started, and resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('close', resolve));
    process.kill(-this.pid, 'SIGKILL');
    await gone;
  }
}
