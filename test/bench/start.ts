import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Build } from './builds.js';
import type { Start } from './results.js';
import { spread } from './statistics.js';

/** In namespaces of its own: no bond, and nothing of another daemon. It says when it is replaced by the program. */
const INSIDE = 'ip link set lo up && mount -t tmpfs none /run && echo exec >&2 && exec "$0" run --config "$1"';

/** What a start takes on this machine's own kernel, the builds in turns. In ms. */
export async function starts(builds: readonly Build[], runs: number): Promise<Start[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bondherald-bench-'));
  const file = join(folder, 'bondherald.yaml');
  writeFileSync(file, `stateDir: ${folder}/state\n`);
  const kinds = [
    { what: 'exec to ready', run: (program: string): Promise<number> => untilReady(program, file) },
    { what: 'bondherald --version', run: (program: string): Promise<number> => Promise.resolve(version(program)) },
  ];
  try {
    const rows: Start[] = [];
    for (const { what, run } of kinds) {
      const figures = builds.map((): number[] => []);
      for (const { program } of builds) await run(program); // its files are read once
      for (let n = 0; n < runs; n++)
        for (const [i, { program }] of builds.entries()) figures[i]?.push(await run(program));
      for (const [i, { name }] of builds.entries()) {
        const milliseconds = spread(figures[i] ?? []);
        if (milliseconds) rows.push({ what, contestant: name, milliseconds });
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function version(program: string): number {
  const began = performance.now();
  execFileSync(program, ['--version'], { stdio: 'ignore' });
  return performance.now() - began;
}

function untilReady(program: string, file: string): Promise<number> {
  const map = process.getuid?.() === 0 ? [] : ['-r'];
  const args = [...map, '-n', '-m', 'sh', '-c', INSIDE, program, file];
  const child = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    let [said, began, took] = ['', NaN, NaN];
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (Number.isNaN(began) && said.startsWith('exec\n')) began = performance.now();
      if (!Number.isNaN(took) || !/\bready\b/.test(said)) return;
      took = performance.now() - began;
      child.kill('SIGTERM');
    });
    child.once('error', reject);
    child.once('close', () =>
      Number.isNaN(took) ? reject(new Error(`${program} did not start: ${said}`)) : resolve(took),
    );
  });
}
