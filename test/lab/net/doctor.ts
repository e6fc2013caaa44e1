import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Finding } from '../../../src/doctor/finding.js';
import { until } from '../../support/until.js';
import { BONDHERALD } from './daemon.js';
import { BOND } from './hypervisor.js';
import { command, ip, mustRun } from './ip.js';
import type { Lab } from './lab.js';

type FindingId = Finding['id'];

/** What the doctor said. */
interface Audit {
  code: number | null;
  findings: Finding[];
  stderr: string;
}

/** How and where the doctor is called. */
export interface Call {
  /** null: the world's own. */
  netns?: string | null;
  /** What it is started by, such as setpriv with its options. */
  by?: readonly string[];
  /** A configuration in place of the usual one. */
  config?: string;
}

const inside = (netns: string | null): string[] => (netns === null ? [] : ['ip', 'netns', 'exec', netns]);

/** Has the doctor look at the hypervisor. That no daemon runs is left out: most tests have none. */
export async function doctor(call: Call = {}): Promise<Audit> {
  const audit = await look(call);
  return { ...audit, findings: audit.findings.filter(({ id }) => id !== 'no-daemon') };
}

async function look({ netns = 'hv', by = [], config }: Call = {}): Promise<Audit> {
  const file = '/run/tmp/doctor.yaml';
  if (config !== undefined) writeFileSync(file, config);
  const named = config === undefined ? [] : ['--config', file];
  const argv = [...inside(netns), ...by, BONDHERALD, 'doctor', '--json', ...named];
  const { code, stdout, stderr } = await command(argv);
  assert.match(stdout, /^\{/, stderr);
  return { code, ...(JSON.parse(stdout) as { findings: Finding[] }), stderr };
}

/** The doctor must find exactly these, and exit as their levels say. That no daemon runs need not be named. @returns them */
export async function found(ids: readonly FindingId[], call: Call = {}): Promise<Map<FindingId, Finding>> {
  const { code, findings, stderr } = await look(call);
  const said = JSON.stringify(findings, null, 1);
  const named = findings.map(({ id }) => id).filter((id) => id !== 'no-daemon' || ids.includes(id));
  assert.deepEqual(named.sort(), [...ids].sort(), said);
  assert.equal(code, findings.some(({ level }) => level === 'warning') ? 3 : 0, said);
  if (call.by === undefined) assert.equal(stderr, '');
  return new Map(findings.filter(({ id }) => named.includes(id)).map((finding) => [finding.id, finding]));
}

/** Runs a finding's cure as it is, as root in the hypervisor. @returns what it printed */
export function cure(finding: Finding | undefined, netns: string | null = 'hv'): Promise<string> {
  assert.ok(finding);
  return mustRun([...inside(netns), 'sh', '-c', finding.cure]);
}

/** Runs a cure that ends in a daemon, as it is, and resolves when that one is ready. It ends with the lab. */
export async function cureThatStays(lab: Lab, { cure: script }: Finding): Promise<void> {
  const path = `${dirname(BONDHERALD)}:${process.env.PATH}`;
  const env = { ...process.env, PATH: path };
  const argv = ['netns', 'exec', 'hv', 'sh', '-c', script];
  // A process group of its own: the shell that waits and the daemon are to end together.
  const child = spawn('ip', argv, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  lab.onDestroy(async () => {
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await ended;
  });
  await until(() => /\bready\b/.test(said), { what: `${script} is ready` }).catch((error: Error) => {
    throw new Error(`${error.message}\n${said}`);
  });
}

/**
 * Exactly these faults are found, with this level, and each is cured by its command as it is. That they are gone shows
 * the next look, which must find exactly what is wrong by then.
 */
export async function foundAndCured(level: Finding['level'], ids: readonly FindingId[]): Promise<void> {
  const findings = await found(ids);
  for (const finding of findings.values()) {
    assert.equal(finding.level, level, finding.id);
    await cure(finding);
  }
}

/** Puts a lab in good order: the doctor has nothing to say of it, and need not listen for spanning tree. */
export async function putInOrder(lab: Lab, bridge = 'br0'): Promise<void> {
  await ip('hv', [
    `link set ${BOND} type bond miimon 10 updelay 31000`,
    `link set ${bridge} type bridge ageing_time 60000`,
    `link set ${bridge} address ${await lab.macOf(bridge)}`,
  ]);
}

/** Waits until a bridge's port is in that state of spanning tree (BR_STATE_*). */
export async function untilPortState(port: string, state: number): Promise<void> {
  const file = `/sys/class/net/${port}/brport/state`;
  const look = async (): Promise<boolean> => (await mustRun([...inside('hv'), 'cat', file])).trim() === String(state);
  await until(look, { what: `${port} is in state ${state}`, every: 100 });
}
