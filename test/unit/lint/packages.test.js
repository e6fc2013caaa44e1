import { packages } from '../../../lint/packages.js';
import { run } from './tester.js';

const io =
  'fs net http https http2 tls dgram dns child_process worker_threads cluster timers inspector perf_hooks os crypto';

run('rooms/packages', packages, {
  valid: [
    [
      'src/sys/files.ts',
      `import 'node:fs'; import 'node:timers/promises'; import 'koffi'; import 'pino'; await import(name)`,
    ],
    ['src/frames/rarp.ts', `import 'node:util'; import 'node:path'; import 'node:events'; import './eth.js'`],
    ['src/metrics/names.ts', `import { Registry } from 'prom-client'`],
    ['src/daemon/daemon.ts', `import type { Registry } from 'prom-client'`],
    ['src/cli/run.ts', `import 'yargs'; import 'yargs/helpers'; import 'node:readline'; import 'node:process'`],
    ['src/main.ts', `import 'yargs'`],
    ['test/lab/run.ts', `import 'node:fs'; import 'koffi'; import 'node-netlink'`],
  ],
  invalid: [
    ...io.split(' ').map((name) => ['src/plan/rounds.ts', `import 'node:${name}'`, 'builtin', { name }]),
    ['src/plan/rounds.ts', `import fs from 'fs'`, 'builtin', { name: 'fs' }],
    ['src/daemon/daemon.ts', `import { readFile } from 'node:fs/promises'`, 'builtin', { name: 'fs' }],
    ['src/wire/send.ts', `import { setTimeout } from 'node:timers/promises'`, 'builtin', { name: 'timers' }],
    ['src/main.ts', `await import('node:net')`, 'builtin'],
    ['src/daemon/daemon.ts', `import process from 'node:process'`, 'terminal', { name: 'process' }],
    ['src/wire/send.ts', `import koffi from 'koffi'`, 'package', { name: 'koffi', rooms: 'sys/' }],
    ['src/wire/send.ts', `require('koffi')`, 'package'],
    ['src/kernel/link.ts', `import 'netlink'`, 'package'],
    ['src/cli/watch.ts', `import 'pcap'`, 'package'],
    ['src/daemon/daemon.ts', `import type { Logger } from 'pino'`, 'package', { name: 'pino', rooms: 'sys/' }],
    [
      'src/plan/rounds.ts',
      `import 'prom-client'`,
      'package',
      { name: 'prom-client', rooms: 'metrics/, http/, daemon/' },
    ],
    ['src/config/load.ts', `import 'yargs/helpers'`, 'package', { name: 'yargs', rooms: 'cli/, main.ts' }],
    ['src/config/load.ts', `import 'left-pad'`, 'unlisted', { name: 'left-pad' }],
    ['src/config/load.ts', `import '@scope/thing/deep'`, 'unlisted', { name: '@scope/thing' }],
    ['src/daemon/daemon.ts', `await import(name)`, 'computed'],
  ],
});
