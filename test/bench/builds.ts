import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BONDHERALD } from '../lab/net/daemon.js';
import { programOf } from './herald.js';
import { OTHER_BUILD } from './results.js';

/** A build: its name, and its `bin/bondherald`. */
export interface Build {
  readonly name: string;
  readonly program: string;
}

export const THIS_BUILD: Build = { name: 'bondherald', program: BONDHERALD };

/** This build, and the one in another checkout, which `make build` has made there; null for none. */
export function builds(against: string | null): Build[] {
  return against === null ? [THIS_BUILD] : [THIS_BUILD, { name: OTHER_BUILD, program: programOf(against) }];
}

/** The folder of a build to compare with. @param against a checkout that has been built, or a commit, which is built now */
export function checkoutOf(against: string, here: string): string {
  if (existsSync(programOf(against))) return resolve(against);
  const git = (...args: string[]): Buffer => execFileSync('git', ['-C', here, ...args], { maxBuffer: 1 << 28 });
  const commit = git('rev-parse', '--verify', `${against}^{commit}`).toString().trim();
  const folder = join(here, 'build/against', commit);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    execFileSync('tar', ['-x', '-C', folder], { input: git('archive', commit) });
  }
  prepareModules(folder, here);
  execFileSync(join(folder, 'scripts/build.sh'), { stdio: ['ignore', 'inherit', 'inherit'] });
  return folder;
}

/** Those of this checkout where the dependencies are the same, else its own. */
function prepareModules(folder: string, here: string): void {
  const modules = join(folder, 'node_modules');
  if (existsSync(modules)) return;
  const needs = (checkout: string): unknown =>
    (JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { dependencies: unknown }).dependencies;
  if (JSON.stringify(needs(folder)) === JSON.stringify(needs(here))) symlinkSync(join(here, 'node_modules'), modules);
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}
