import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { type DocumentedCommand, documentedCommands } from '../../support/documented/collect.js';
import { knownCommand, type Run } from '../../support/documented/known.js';
import { command as start, type Finished } from '../net/ip.js';
import { buildHypervisor, untilStatus } from './host.js';
import { step as test } from './step.js';

// The commands of the README and its kin that are for a host with systemd: package, service, journal.

const INSTALL = 'apt install ./dist/bondherald_*.deb';
const PURGE = 'apt purge bondherald';
const EDITOR = '/tmp/editor';

const COMMANDS = documentedCommands().flatMap((each): (DocumentedCommand & Run)[] => {
  const known = knownCommand(each.command);
  return known.in === 'service' ? [{ ...each, ...known }] : [];
});

/** On a terminal, as an operator has one: some commands refuse to work without. */
function run(command: string): Promise<Finished> {
  const asked = command.startsWith('systemctl edit')
    ? ['script', '--quiet', '--return', '--command', `SYSTEMD_EDITOR=${EDITOR} ${command}`, '/dev/null']
    : ['sh', '-c', command];
  return start(asked, 'y\n');
}

async function does({ command, where, says, exit = 0 }: DocumentedCommand & Run): Promise<void> {
  const { code, stdout, stderr } = await run(command);
  const said = (stdout + stderr).replaceAll('\r', '');
  assert.equal(code, exit, `${where}: ${command}: ${said}`);
  assert.match(said, says, `${where}: ${command}: ${said}`);
}

/** What stands in the documents where. */
function one(command: string): DocumentedCommand & Run {
  const found = COMMANDS.find((each) => each.command === command);
  assert.ok(found, command);
  return found;
}

test('installed as the README says', async () => {
  await buildHypervisor();
  writeFileSync(EDITOR, '#!/bin/sh\nfor file; do printf "[Service]\\nNice=0\\n" >"$file"; break; done\n');
  chmodSync(EDITOR, 0o755);
  await does(one(INSTALL));
  await untilStatus(/ behind bond0 \(up1\)$/);
});

test('every command that is about the service does what the documents say', async () => {
  const faults: string[] = [];
  for (const each of COMMANDS) {
    if (each.command === INSTALL || each.command === PURGE) continue;
    if (/status|journalctl/.test(each.command)) await untilStatus(/ behind bond0 \(up1\)$/);
    await does(each).catch((error: Error) => faults.push(error.message));
  }
  assert.equal(faults.join('\n'), '');
  assert.ok(existsSync('/etc/systemd/system/bondherald.service.d/override.conf'), 'systemctl edit made a drop-in');
  await untilStatus(/ behind bond0 \(up1\)$/);
});

test('and removed', () => does(one(PURGE)));
