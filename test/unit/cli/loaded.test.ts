import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What a module needs before it runs; `import()` waits until somebody asks. */
const STATIC_IMPORT = /^(?:import|export)\b[^;'"]*?\bfrom ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm;

/** The packages that are loaded together with a module of ours. */
function packagesWith(module: URL, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(module.href)) return packages;
  seen.add(module.href);
  for (const [, named, bare] of readFileSync(fileURLToPath(module), 'utf8').matchAll(STATIC_IMPORT)) {
    const name = named ?? bare ?? '';
    if (name.startsWith('.')) for (const each of packagesWith(new URL(name, module), seen)) packages.add(each);
    else if (!name.startsWith('node:')) packages.add(name);
  }
  return packages;
}

test('a daemon keeps no library for months that only its start needs', () => {
  const seen = new Set<string>();
  const modules = ['cli/run.js', 'daemon/start.js'].map((name) => new URL(`../../../src/${name}`, import.meta.url));
  const packages = new Set(modules.flatMap((module) => [...packagesWith(module, seen)]));
  assert.deepEqual([...packages].sort(), ['fast-xml-parser', 'koffi', 'netlink/dist/raw.js', 'pino', 'prom-client']);
});
