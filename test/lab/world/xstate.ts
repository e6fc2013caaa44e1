import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../../../test/lab/world/native/ptrace-xstate.c', import.meta.url));
const LIBRARY = fileURLToPath(new URL('./native/ptrace-xstate.so', import.meta.url));

/**
 * What User Mode Linux needs in its environment to boot on this processor: one with AMX has more registers than it
 * knows of (see the source). Throws with the compiler's message.
 * @param cpuinfo the text of /proc/cpuinfo
 */
export function xstateEnvironment(cpuinfo = readFileSync('/proc/cpuinfo', 'utf8')): Record<string, string> {
  if (!/^flags\s*:.*\bamx_tile\b/m.test(cpuinfo)) return {};
  compile();
  return { LD_PRELOAD: LIBRARY };
}

function compile(): void {
  if (timeOf(LIBRARY) >= timeOf(SOURCE)) return;
  const partial = `${LIBRARY}.${process.pid}`; // others may be at it too
  mkdirSync(dirname(LIBRARY), { recursive: true });
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];
  execFileSync('gcc', [...flags, '-o', partial, SOURCE, '-ldl'], { stdio: 'pipe' });
  renameSync(partial, LIBRARY);
}

function timeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
}
