import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CONFIG_FILE } from '../../src/config/constants.js';
import { documentedCommands } from '../support/documented/collect.js';
import { knownCommand, type Run } from '../support/documented/known.js';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon, runIn, writeConfig } from './net/daemon.js';
import { type Lab, labFor } from './net/lab.js';

// The commands of the README and its kin that ask, or change, a hypervisor on which the daemon runs.

const env = { PATH: `${dirname(BONDHERALD)}:${process.env['PATH']}` };

/** The configuration that the package installs, but with rounds that a test can wait for. */
function installConfig(t: TestContext): void {
  const text = readFileSync('config/bondherald.yaml', 'utf8');
  const quick = text.replace(/^( +schedule): .*$/m, '$1: [0s, 0.1s, 0.2s, 0.3s, 0.4s, 0.5s]');
  assert.notEqual(quick, text);
  writeConfig(t, quick, CONFIG_FILE);
}

async function runToItsEnd(command: string, { says, exit = 0 }: Run): Promise<void> {
  const { code, stdout, stderr } = await runIn(['sh', '-c', command], { env });
  assert.equal(code, exit, stdout + stderr);
  assert.match(stdout + stderr, says);
}

/** One that stays, or waits for what another command causes. */
async function follow(lab: Lab, command: string, { says, stays, meanwhile }: Run): Promise<void> {
  const running = await Daemon.start(lab, ['sh', '-c', `echo ready >&2; exec ${command}`], { env });
  const said = (): string => running.stdout + running.stderr.slice('ready\n'.length);
  if (meanwhile) {
    await running.logs(meanwhile.when);
    const known = knownCommand(meanwhile.command);
    assert.ok(known.in === 'lab', meanwhile.command);
    await runToItsEnd(meanwhile.command, known);
    if (!stays) await running.ended;
  }
  await until(() => says.test(said()), { what: `${command} says ${String(says)}, not:\n${said()}` });
  if (stays) running.signal('SIGTERM');
  const status = await running.ended;
  assert.ok(status === 0 || (stays && status === 'SIGTERM'), String(status));
}

test('the commands of the documents do what they say on a hypervisor that has just failed over', async (t) => {
  const lab = await labFor(t, { bond: { miimon: 100 } });
  installConfig(t);
  const start = 'bondherald run';
  const daemon = await Daemon.start(lab, ['sh', '-c', `exec ${start}`], { env, timeout: 90_000 });
  lab.onDestroy(() => daemon.stop());
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await daemon.logs(/announcement finished/);
  const faults: string[] = [];
  for (const { command, where } of documentedCommands()) {
    const known = knownCommand(command);
    if (known.in !== 'lab' || command === start) continue;
    const run = known.stays || known.meanwhile ? follow(lab, command, known) : runToItsEnd(command, known);
    await run.catch((error: Error) => faults.push(`${where}: ${command}: ${error.message}`));
  }
  assert.equal(faults.join('\n'), '');
});
