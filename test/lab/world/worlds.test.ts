import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allowedCpus, onOneCpu } from './one-cpu.js';
import { bootUml } from './uml.js';
import { xstateEnvironment } from './xstate.js';

const RUN = fileURLToPath(new URL('../run.js', import.meta.url));

const FILES = {
  good: "test('a', () => {}); test('b', () => {});",
  bad: "test('c', () => {}); test('d', () => { throw new Error('broken') });",
  empty: '',
  skipping: "test('e', { skip: true }, () => {});",
  throwing: "test('f', () => {}); throw new Error('at once');",
  hanging: "test('g', () => new Promise((done) => setTimeout(done, 60_000)));",
  lying: "test('h', () => { console.log('ℹ tests 9\\\\nℹ pass 9'); throw new Error('no') });",
};

test('the launcher counts as a failure whatever did not show anything, and says why', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-launcher-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const paths = Object.entries(FILES).map(([name, text]) => {
    const path = join(folder, `${name}.lab.mjs`);
    writeFileSync(path, `import { test } from 'node:test';\n${text}\n`);
    return path;
  });
  const { status, stdout } = spawnSync(process.execPath, [RUN, '--world', 'uml', '--timeout', '5', ...paths], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.equal(stdout.trimEnd().split('\n').at(-1), '3 passed, 6 failed', stdout);
  assert.match(stdout, /FAILED: no test ran \(exit status 0\)/);
  assert.match(stdout, /FAILED: 1 skipped: a lab test runs or fails/);
  assert.match(stdout, /FAILED: hung: nothing ended within 5 s/);
  assert.match(stdout, /Error: broken/);
  assert.match(stdout, /at once/);
});

test('a kernel that is missing or does not boot is a problem with a name', async () => {
  const command = ['true'];
  assert.match((await bootUml({ command, kernel: '/nowhere' })).problem ?? '', /\/nowhere is missing: apt-get install/);
  assert.match((await bootUml({ command, kernel: '/bin/false' })).problem ?? '', /did not boot \(exit status 1\)/);
});

test('a command in a world gets its arguments as they are, streams its output, and gives its status back', async () => {
  const parts: string[] = [];
  const script = "const n = 50_000; console.log(process.argv[1]); for (let i = 0; i < n; i++) console.log('line', i);";
  const command = [process.execPath, '-e', `${script} process.exit(7)`, `it's "$HOME" é`];
  const result = await bootUml({ command, onOutput: (text) => parts.push(text) });
  const lines = result.output.trimEnd().split('\n');
  assert.deepEqual([result.code, result.problem, lines.length, lines[0]], [7, null, 50_001, `it's "$HOME" é`]);
  assert.equal(lines.at(-1), 'line 49999');
  assert.equal(parts.join(''), result.output);
  assert.ok(parts.length > 10, 'it came in pieces');
});

test('what a command writes anywhere is gone with its world', async () => {
  const path = '/var/lib/bondherald-lab-probe';
  const { code, output } = await bootUml({ command: ['sh', '-c', `echo kept >${path} && cat ${path}`] });
  assert.deepEqual([code, output], [0, 'kept\n']);
  assert.equal(existsSync(path), false);
});

test('a kernel that has bonds runs the same tests in namespaces of its own', async () => {
  const file = fileURLToPath(new URL('../capture.lab.js', import.meta.url));
  const { code, output } = await bootUml({ command: [process.execPath, RUN, file] });
  assert.equal(code, 0, output);
  assert.match(output, /^ok capture\.lab\.js \(direct: 3 passed, 0 failed/m);
});

test('a processor with more registers than User Mode Linux knows gets help, any other none', () => {
  assert.deepEqual(xstateEnvironment('flags\t\t: fpu sse avx avx512f pku\n'), {});
  const { LD_PRELOAD = '' } = xstateEnvironment('flags\t\t: fpu sse avx avx512f pku amx_bf16 amx_tile amx_int8\n');
  assert.ok(existsSync(LD_PRELOAD), LD_PRELOAD);
});

test('worlds side by side run on different CPUs, as long as there are enough', async () => {
  const cpus = allowedCpus(readFileSync('/proc/self/status', 'utf8'));
  const both = await onOneCpu(async (one) => onOneCpu(async (other) => Promise.resolve([one, other])));
  assert.equal(both[0]?.[0], 'taskset');
  assert.equal(new Set(both.map((prefix) => prefix.at(-1))).size, Math.min(2, cpus.length));
  assert.deepEqual(await onOneCpu((again) => Promise.resolve(again)), both[0], 'a claim ends with its world');
});

test('the CPUs that a process may use are read as the kernel lists them', () => {
  assert.deepEqual(allowedCpus('Cpus_allowed:\tf\nCpus_allowed_list:\t0-2,5\nMems_allowed:\t1\n'), [0, 1, 2, 5]);
  assert.deepEqual(allowedCpus(''), [0]);
});
