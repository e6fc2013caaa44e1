// Bundles what tsc has made, build/src, into build/program, which bin/bondherald runs: a start reads a few files in place
// of hundreds.

import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const out = 'build/program';

const common = {
  outdir: out,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // With code of the machine, which no bundle can hold; pcap is optional as well.
  external: ['koffi', 'netlink', 'pcap'],
  // Packages of CommonJS ask for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  // V8 keeps the text in memory, and takes two bytes a character where a comment has a dash.
  minifyWhitespace: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  logLevel: 'warning',
};

const files = (...entries) => entries.map((entry) => `build/src/${entry}`);

rmSync(out, { recursive: true, force: true });

// What src/sys/program.ts is asked for, and main. A thread is one file; a command loads what it needs.
await build({ ...common, entryPoints: files('main.js'), splitting: true });
await build({ ...common, entryPoints: files('cli/run-process.js'), splitting: true });
await build({
  ...common,
  entryPoints: files('listen/snoop-thread.js', 'sys/password-thread.js', 'wire/failover-thread.js'),
});
