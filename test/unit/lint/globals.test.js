import { globals } from '../../../lint/globals.js';
import { run } from './tester.js';

const file = 'src/plan/rounds.ts';

run('rooms/globals', globals, {
  valid: [
    ['src/sys/clock.ts', `Date.now(); setTimeout(f, 1); Math.random(); console.log(process.pid); fetch(u)`],
    [file, `new Date(at); Date.UTC(2026, 1); x instanceof Date; let d: Date; Math.max(1, 2); new AbortController()`],
    [file, `export function wait(setTimeout: Wait, performance: Clock) { setTimeout(performance.now()) }`],
    [file, `const process = start(); process.stop()`],
    [file, `let timer: NodeJS.Timeout; let p: typeof process`],
    ['src/main.ts', `process.on('SIGTERM', stop); process.exitCode = 1; console.error('x')`],
    ['src/cli/run.ts', `process.stdout.write('x'); AbortSignal.any([a, b])`],
    ['test/unit/x.test.ts', `setTimeout(f, Date.now())`],
  ],
  invalid: [
    [file, `Date.now()`, 'clock', { text: 'Date.now' }],
    [file, `new Date()`, 'clock', { text: 'Date' }],
    [file, `Date()`, 'clock'],
    [file, `const { now } = Date`, 'clock'],
    [file, `performance.now()`, 'clock', { text: 'performance.now' }],
    [file, `setTimeout(f, 1)`, 'clock', { text: 'setTimeout' }],
    [file, `setInterval(f, 1)`, 'clock'],
    [file, `setImmediate(f)`, 'clock'],
    [file, `queueMicrotask(f)`, 'clock'],
    [file, `globalThis.setTimeout(f, 1)`, 'clock', { text: 'setTimeout' }],
    [file, `globalThis['Date'].now()`, 'clock'],
    [file, `AbortSignal.timeout(5)`, 'clock', { text: 'AbortSignal.timeout' }],
    [file, `Math.random()`, 'chance', { text: 'Math.random' }],
    [file, `const { random } = Math`, 'chance'],
    [file, `crypto.randomUUID()`, 'chance'],
    [file, `fetch(url)`, 'network'],
    [file, `process.stdout.write('x')`, 'terminal', { text: 'process.stdout' }],
    [file, `process.exit(1)`, 'terminal'],
    [file, `console.log('x')`, 'terminal', { text: 'console.log' }],
    ['src/daemon/daemon.ts', `process.on('SIGTERM', stop)`, 'terminal'],
    ['src/cli/run.ts', `process.hrtime.bigint()`, 'clock', { text: 'process.hrtime' }],
    ['src/main.ts', `setTimeout(f, 1)`, 'clock'],
  ],
});
