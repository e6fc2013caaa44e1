import { spawn } from 'node:child_process';

/** How a command ended. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, feeding it `input`. Rejects only if it cannot be started. */
export function command(argv: readonly string[], input = ''): Promise<Finished> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    // A program that does not read its input is no error of ours.
    child.stdin.on('error', () => {}).end(input);
  });
}

/** Like `command`, but resolves with stdout, and rejects on any exit status but 0. */
export async function mustRun(argv: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await command(argv, input);
  if (code === 0) return stdout;
  throw new Error(`${argv.join(' ')}: ${stderr.trim() || `exit status ${String(code)}`}\n${numbered(input)}`);
}

/** One `ip -batch` in that namespace (null: the world's own). Rejects with the lines if one fails. */
export async function ip(netns: string | null, lines: readonly string[]): Promise<void> {
  await batch('ip', netns, lines);
}

/** One `bridge -batch` in that namespace. */
export async function bridge(netns: string | null, lines: readonly string[]): Promise<void> {
  await batch('bridge', netns, lines);
}

/** One `tc -batch` in that namespace. */
export async function tc(netns: string | null, lines: readonly string[]): Promise<void> {
  await batch('tc', netns, lines);
}

/** What `ip -j` or `bridge -j` says: `await json('bridge', 'sw2', 'fdb', 'show')`. */
export async function json(tool: 'ip' | 'bridge', netns: string | null, ...args: string[]): Promise<unknown> {
  const text = await mustRun([tool, ...inside(netns), '-j', '-d', ...args]);
  return text.trim() === '' ? [] : JSON.parse(text);
}

async function batch(tool: string, netns: string | null, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await mustRun([tool, ...inside(netns), '-batch', '-'], `${lines.join('\n')}\n`);
}

function inside(netns: string | null): string[] {
  return netns === null ? [] : ['-n', netns];
}

function numbered(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line, index) => `${index + 1}: ${line}`)
    .join('\n');
}
