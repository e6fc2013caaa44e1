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
  throw new Error(`${argv.join(' ')}: ${stderr.trim() || `exit status ${String(code)}`}`);
}

/** Lines for one `ip -batch` (or bridge, or tc) in a namespace; null is the world's own. */
export interface Batch {
  tool: 'ip' | 'bridge' | 'tc';
  netns: string | null;
  lines: readonly string[];
}

/**
 * Runs batches one after the other, all from one shell: starting a process from Node costs more than what `ip` does.
 * Rejects at the first line that fails, with that batch; later ones are not run then.
 */
export async function runBatches(batches: readonly Batch[]): Promise<void> {
  const steps = batches.filter(({ lines }) => lines.length > 0);
  const script = steps.map(({ tool, netns, lines }, index) => {
    const call = [tool, ...inside(netns), '-batch', '-'].join(' ');
    return `${call} <<'LINES' || exit ${index + 1}\n${lines.join('\n')}\nLINES\n`;
  });
  const { code, stderr } = await command(['sh'], script.join(''));
  if (code === 0) return;
  const failed = steps[(code ?? 0) - 1];
  const where = failed ? `${failed.tool} in ${String(failed.netns)}` : 'sh';
  throw new Error(`${where}: ${stderr.trim()}\n${numbered(failed?.lines ?? [])}`);
}

/** One `ip -batch` in that namespace (null: the world's own). Rejects with the lines if one fails. */
export async function ip(netns: string | null, lines: readonly string[]): Promise<void> {
  await runBatches([{ tool: 'ip', netns, lines }]);
}

/** One `bridge -batch` in that namespace. */
export async function bridge(netns: string | null, lines: readonly string[]): Promise<void> {
  await runBatches([{ tool: 'bridge', netns, lines }]);
}

/** What `ip -j` or `bridge -j` says: `await json('bridge', 'sw2', 'fdb', 'show')`. */
export async function json(tool: 'ip' | 'bridge', netns: string | null, ...args: string[]): Promise<unknown> {
  const text = await mustRun([tool, ...inside(netns), '-j', '-d', ...args]);
  return text.trim() === '' ? [] : JSON.parse(text);
}

function inside(netns: string | null): string[] {
  return netns === null ? [] : ['-n', netns];
}

function numbered(lines: readonly string[]): string {
  return lines.map((line, index) => `${index + 1}: ${line}`).join('\n');
}
