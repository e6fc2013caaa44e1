import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { command, mustRun } from '../net/ip.js';
import { hasExactly, NETWORK } from './capabilities.js';
import { buildHypervisor, built, files, said, show, untilStatus } from './host.js';
import { step as test } from './step.js';

// As package.service.ts, for hosts that are not Debian: the same content, from the tarball.

const CONFIG = '/etc/bondherald/bondherald.yaml';
const PREFIX = '/opt/bondherald';
let before: string[];

async function unpack(): Promise<string> {
  await mustRun(['mkdir', '/tmp/unpacked']);
  await mustRun(['tar', '-xJf', built('.tar.xz'), '-C', '/tmp/unpacked', '--strip-components=1']);
  return '/tmp/unpacked';
}

test('what is unpacked runs from where it is', async () => {
  await buildHypervisor();
  before = await files();
  const folder = await unpack();
  assert.match(await said(`${folder}/bin/bondherald`, 'guests'), /^bond0: \d+ guests?\n/);
});

test('install.sh brings the service, under another prefix as well, with its own user and rights', async () => {
  const output = await mustRun(['/tmp/unpacked/install.sh', PREFIX]);
  assert.match(output, new RegExp(`is installed in ${PREFIX}`));
  await untilStatus(/ behind bond0 \(up1\)$/);
  const { UnitFileState, User } = await show('UnitFileState', 'User');
  assert.deepEqual([UnitFileState, User], ['enabled', 'bondherald']);
  await hasExactly(NETWORK);
  assert.match(await said('bondherald', 'guests'), /^bond0: /);
});

test('installed once more it keeps the configuration, and goes on', async () => {
  writeFileSync(CONFIG, 'bonds: [bond0]\n');
  const output = await mustRun(['/tmp/unpacked/install.sh']);
  assert.match(output, /is unchanged/);
  await untilStatus(/ behind bond0 \(up1\)$/);
  assert.equal(await mustRun(['cat', CONFIG]), 'bonds: [bond0]\n');
});

test('what is no place for it is refused before anything is touched', async () => {
  for (const prefix of ['opt', '/usr', '/opt/a b', '/tmp/unpacked']) {
    const { code, stderr } = await command(['/tmp/unpacked/install.sh', prefix]);
    assert.deepEqual([code, stderr.trimEnd().split('\n').length], [1, 1], prefix);
  }
});

test('uninstall.sh --purge leaves nothing', async () => {
  await mustRun([`${PREFIX}/uninstall.sh`, '--purge']);
  await mustRun(['rm', '-r', '/tmp/unpacked']);
  assert.deepEqual(await files(), before);
  assert.match(await said('getent', 'passwd', 'bondherald'), /^exit 2$/);
});
