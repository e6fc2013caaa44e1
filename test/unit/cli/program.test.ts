import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bondherald, ROOT } from '../../support/program.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };

test('--version tells the version of the package and nothing else', async () => {
  assert.deepEqual(await bondherald(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
});

test('--help tells the commands, and the help of a command its options', async () => {
  const general = await bondherald(['--help']);
  assert.deepEqual([general.code, general.stderr], [0, '']);
  assert.match(general.stdout, /bondherald run/);
  assert.match(general.stdout, /bondherald announce <bond>/);
  const announce = await bondherald(['announce', '--help']);
  assert.equal(announce.code, 0);
  for (const option of ['--mac', '--vlan', '--dry-run', '--json']) assert.ok(announce.stdout.includes(option), option);
});

const WRONG: [what: string, args: string[], says: RegExp][] = [
  ['no command', [], /no command/],
  ['an unknown command', ['anounce', 'bond0'], /anounce/],
  ['two commands', ['run', 'announce'], /announce/],
  ['no bond', ['announce'], /bond|argument/],
  ['two bonds', ['announce', 'bond0', 'bond1'], /bond1/],
  ['an unknown option', ['announce', 'bond0', '--macs', '52:54:00:12:34:56'], /macs/],
  ['an unknown option of run', ['run', '--foo'], /foo/],
  ['an option with a dot', ['run', '--log.level', 'debug'], /log\.level/],
  ['an unknown format of the log', ['run', '--log', 'xml'], /--log xml: expected text or json/],
  ['two formats of the log', ['run', '--log', 'text', '--log', 'json'], /--log: may be given only once/],
  ['a bond for status', ['status', 'bond0'], /bond0/],
  ['a page as JSON', ['status', '--html', '--json'], /--html: not together with --json/],
  ['a page again and again', ['status', '--html', '--watch'], /--html: not together with --watch/],
  ['a malformed MAC', ['announce', 'bond0', '--mac', '52:54:00:12:34'], /--mac 52:54:00:12:34: .*52:54:00:12:34:56/],
  ['a malformed MAC among good ones', ['announce', 'x', '--mac', '52:54:00:12:34:56', '--mac', 'y'], /--mac y/],
  ['a broadcast MAC', ['announce', 'bond0', '--mac', 'ff:ff:ff:ff:ff:ff'], /--mac ff:ff:ff:ff:ff:ff/],
  ['an empty MAC', ['announce', 'bond0', '--mac='], /mac/],
  ['no MAC after --mac', ['announce', 'bond0', '--mac'], /mac/],
  ['no VLAN after --vlan', ['announce', 'bond0', '--vlan'], /vlan/],
  ['a VLAN that is no number', ['announce', 'bond0', '--vlan', 'ten'], /--vlan ten: .*1 to 4094/],
  ['VLAN 0', ['announce', 'bond0', '--vlan', '0'], /--vlan 0/],
  ['VLAN 4095', ['announce', 'bond0', '--vlan', '4095'], /--vlan 4095/],
  ['two VLANs', ['announce', 'bond0', '--vlan', '1', '--vlan', '2'], /--vlan/],
  ['an unknown bond', ['announce', 'nobond7'], /nobond7: no such device/],
  ['an unknown bond, asked for as JSON', ['announce', 'nobond7', '--json', '--dry-run'], /nobond7/],
  ['a device that is no bond', ['announce', 'lo'], /lo is not a bond/],
  ['a bond whose name breaks the line', ['announce', 'bond\n0'], /bond 0: no such device/],
  ['an empty name', ['announce', ''], /no such device|bond/],
];

for (const [what, args, says] of WRONG) {
  test(`${what}: exit status 2, one line that says so on stderr, nothing on stdout`, async () => {
    const { code, stdout, stderr } = await bondherald(args);
    assert.match(stderr, /^bondherald: [^\n]+\n$/, 'exactly one line');
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /internal error|node:|\.js/, 'no stack trace');
    assert.deepEqual([code, stdout], [2, '']);
  });
}

test('a mistake reads the same in every language of the environment', async () => {
  const german = await bondherald(['announce', 'bond0', '--foo'], { LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8' });
  const plain = await bondherald(['announce', 'bond0', '--foo'], { LC_ALL: 'C' });
  assert.deepEqual(german, plain);
});
