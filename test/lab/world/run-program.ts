import { execFileSync } from 'node:child_process';
import { WORLD_PATH } from './script.js';

/** Runs a program of this machine to its end. @returns its stdout @throws Error that names the command and what it said */
export function run(program: string, args: readonly string[], cwd?: string): string {
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: WORLD_PATH } };
  try {
    return execFileSync(program, args, { ...options, ...(cwd === undefined ? {} : { cwd }) } as { encoding: 'utf8' });
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')} failed: ${error instanceof Error ? error.message : ''}`);
  }
}
