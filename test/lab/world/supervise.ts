import { spawn, type ChildProcess } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { Transcript } from './transcript.js';
import { DEFAULT_TIMEOUT_MS, type WorldResult, type WorldRun } from './types.js';

/** A world as a host process: what to start, and what its boot may cost. */
export interface Machine {
  /** What to call it in a message. */
  name: string;
  argv: readonly string[];
  env: NodeJS.ProcessEnv;
  token: string;
  bootTimeoutMs: number;
}

const running = new Set<ChildProcess>();

// A world outlives a launcher that dies unless its process group is ended with it.
process.on('exit', () => running.forEach(killGroup));

/**
 * Starts the machine, follows what it prints, and ends it: when the command is done, when its time is up, or when it
 * does not boot. Never rejects for what the machine does; the result's `problem` says it.
 */
export async function supervise(machine: Machine, run: WorldRun): Promise<WorldResult> {
  const started = performance.now();
  const transcript = new Transcript(machine.token, run.onOutput);
  const [program = '', ...args] = machine.argv;
  const child = spawn(program, args, { env: machine.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.add(child);
  const timeoutMs = run.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const why = await follow(child, transcript, machine, timeoutMs);
  killGroup(child);
  running.delete(child);
  const began = transcript.beganAt ?? performance.now();
  return {
    code: transcript.exitCode,
    output: transcript.output,
    problem: transcript.exitCode === null ? why : null,
    boot: transcript.boot,
    bootMs: began - started,
    runMs: performance.now() - began,
  };
}

/** Resolves when the machine has ended or must be ended, with the reason to give if there is no exit status. */
function follow(child: ChildProcess, transcript: Transcript, machine: Machine, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    let timer = setTimeout(() => {
      resolve(`${machine.name} did not boot within ${machine.bootTimeoutMs / 1000} s`);
    }, machine.bootTimeoutMs);
    const done = (why: string): void => {
      clearTimeout(timer);
      resolve(why);
    };
    const feed = (text: string): void => {
      const booting = transcript.beganAt === null;
      transcript.feed(text, performance.now());
      if (transcript.exitCode !== null) return done('');
      if (!booting || transcript.beganAt === null) return;
      clearTimeout(timer);
      timer = setTimeout(() => done(`hung: nothing ended within ${timeoutMs / 1000} s`), timeoutMs);
    };
    child.stdout?.setEncoding('utf8').on('data', feed);
    child.stderr?.setEncoding('utf8').on('data', feed);
    child.once('error', (error) => done(`${machine.name} could not be started: ${error.message}`));
    child.once('close', (code, signal) => {
      const how = signal ?? `exit status ${String(code)}`;
      done(transcript.beganAt === null ? `${machine.name} did not boot (${how})` : `${machine.name} died (${how})`);
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself, which is the rule.
  }
}
