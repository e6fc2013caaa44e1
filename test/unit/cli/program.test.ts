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
  assert.deepEqual(await bondherald(['-h']), general);
  assert.deepEqual(await bondherald(['announce', '-h']), announce);
  assert.deepEqual(await bondherald(['run', '-h']), await bondherald(['run', '--help']));
});

const WRONG: [what: string, args: string[], says: RegExp][] = [
  ['no command', [], /no command/],
  ['an unknown command', ['anounce', 'bond0'], / anounce: unknown command; did you mean announce\?$/m],
  ['a command that is like none', ['frob'], / frob: unknown command; expected run, announce, guests, .*config show$/m],
  ['two commands', ['run', 'announce'], / announce: one argument too many; see bondherald run --help$/m],
  ['no bond', ['announce'], / name a bond; this host has no active-backup bond$/m],
  ['no bond, with options', ['announce', '--vlan', '5', '--json'], / name a bond; this host has no/],
  ['no bond to watch', ['watch', '--count', '5'], / name a bond; this host has no/],
  ['two bonds', ['announce', 'bond0', 'bond1'], / bond1: one argument too many; see bondherald announce --help$/m],
  [
    'an unknown option',
    ['announce', 'b', '--macs', 'x'],
    / --macs: unknown option of announce; did you mean --mac\?$/m,
  ],
  ['an unknown option of run', ['run', '--foo'], / --foo: unknown option of run; expected --config, --bond, .*--log, /],
  ['an option with a dot', ['run', '--log.level', 'debug'], / --log\.level: unknown option of run; /],
  ['a letter', ['status', '-j'], / -j: unknown option of status; did you mean --json\?$/m],
  ['a letter that begins two options', ['announce', 'b', '-v'], / -v: unknown option of announce; expected --mac, /],
  ['a word behind one dash', ['status', '-json'], / -json: unknown option of status; did you mean --json\?$/m],
  ['a letter without a command', ['-v'], / -v: unknown option; did you mean --version\?$/m],
  ['the beginning of an option', ['announce', 'bond0', '--dry'], / did you mean --dry-run\?$/m],
  ['an option that would be switched off', ['status', '--no-watch'], / --no-watch: unknown option of status; /],
  ['a flag with a value', ['status', '--watch=x'], / --watch: takes no value; leave out x$/m],
  ['a page with a value', ['status', '--html=x'], / --html: takes no value; leave out x$/m],
  ['an empty value of a flag', ['guests', '--json='], / --json: takes no value; leave out =$/m],
  [
    'a flag that is false',
    ['announce', 'bond0', '--dry-run', 'false'],
    / --dry-run: takes no value; leave out false$/m,
  ],
  [
    'a word after a flag',
    ['guests', 'bond0', '--watch', 'x'],
    / x: one argument too many; see bondherald guests --help$/m,
  ],
  ['a flag twice', ['status', '--json', '--json'], / --json: may be given only once$/m],
  [
    'a file after a flag',
    ['doctor', '--json', 'x.yaml'],
    / x\.yaml: one argument too many; see bondherald doctor --help$/m,
  ],
  ['an unknown format of the log', ['run', '--log', 'xml'], /--log xml: expected text or json/],
  ['two formats of the log', ['run', '--log', 'text', '--log', 'json'], /--log: may be given only once/],
  ['a bond for status', ['status', 'bond0'], /bond0/],
  ['a page as JSON', ['status', '--html', '--json'], /--html: not together with --json/],
  ['a page again and again', ['status', '--html', '--watch'], /--html: not together with --watch/],
  ['a malformed MAC', ['announce', 'bond0', '--mac', '52:54:00:12:34'], /--mac 52:54:00:12:34: .*52:54:00:12:34:56/],
  ['a malformed MAC among good ones', ['announce', 'x', '--mac', '52:54:00:12:34:56', '--mac', 'y'], /--mac y/],
  ['a broadcast MAC', ['announce', 'bond0', '--mac', 'ff:ff:ff:ff:ff:ff'], /--mac ff:ff:ff:ff:ff:ff/],
  ['an empty MAC', ['announce', 'bond0', '--mac='], /mac/],
  ['no MAC after --mac', ['announce', 'b', '--mac'], / --mac: needs a value; see bondherald announce --help$/m],
  ['no VLAN after --vlan', ['announce', 'b', '--vlan', '--json'], / --vlan: needs a value; /],
  ['a VLAN that is no number', ['announce', 'bond0', '--vlan', 'ten'], /--vlan ten: .*1 to 4094/],
  ['VLAN 0', ['announce', 'bond0', '--vlan', '0'], /--vlan 0/],
  ['VLAN 4095', ['announce', 'bond0', '--vlan', '4095'], /--vlan 4095/],
  ['two VLANs', ['announce', 'bond0', '--vlan', '1', '--vlan', '2'], /--vlan/],
  ['an unknown bond', ['announce', 'nobond7'], /nobond7: no such device/],
  ['an unknown bond, asked for as JSON', ['announce', 'nobond7', '--json', '--dry-run'], /nobond7/],
  ['a device that is no bond', ['announce', 'lo'], /lo is not a bond/],
  ['a bond whose name breaks the line', ['announce', 'bond\n0'], /bond 0: no such device/],
  ['an empty name', ['announce', ''], / name a bond; this host has no active-backup bond$/m],
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
