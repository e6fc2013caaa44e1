import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fileFor } from '../../support/config-file.js';
import { bondherald, type Outcome } from '../../support/program.js';

const REFERENCE = fileURLToPath(new URL('../../../../config/bondherald.yaml', import.meta.url));

/** Ended with status 2, nothing on stdout, and these lines on stderr. */
function refused({ code, stdout, stderr }: Outcome, ...lines: RegExp[]): void {
  assert.deepEqual([code, stdout], [2, ''], stderr);
  const said = stderr.split('\n').slice(0, -1);
  assert.equal(said.length, lines.length, stderr);
  for (const [n, line] of lines.entries()) assert.match(said[n] ?? '', line);
  assert.doesNotMatch(stderr, /internal error|node:|\.js/);
}

test('the reference file is good, says the program itself', async () => {
  assert.deepEqual(await bondherald(['config', 'check', REFERENCE]), {
    code: 0,
    stdout: `${REFERENCE}: OK\n`,
    stderr: '',
  });
});

const BAD = 'bonds: [bond0]\nannounce:\n  kinds: [rap]\nguest: 3\n';
const SAYS = [
  /^bondherald: \S+c\.yaml:3: announce\.kinds\[0\]: invalid value "rap"/,
  /^bondherald: \S+c\.yaml:4: guest: unknown key; did you mean guests\?$/,
];

for (const command of [['config', 'show'], ['run'], ['announce', 'bond0'], ['guests']]) {
  test(`${command.join(' ')}: every mistake of a file is told, in a line each`, async (t) => {
    refused(await bondherald([...command, '--config', fileFor(t, BAD)]), ...SAYS);
  });

  test(`${command.join(' ')}: a file that was named must be there`, async () => {
    refused(
      await bondherald([...command, '--config', '/nowhere/c.yaml']),
      /^bondherald: \/nowhere\/c\.yaml: no such file$/,
    );
  });
}

test('config check tells every mistake of a file, and that there is none', async (t) => {
  refused(await bondherald(['config', 'check', fileFor(t, BAD)]), ...SAYS);
  refused(await bondherald(['config', 'check', '/nowhere/c.yaml']), /no such file$/);
  refused(await bondherald(['config', 'check', '/']), /^bondherald: \/: not a regular file$/);
});

test('config check without a file says that it checked the defaults where the usual file is not there', async () => {
  const usual = '/etc/bondherald/bondherald.yaml';
  const { code, stdout } = await bondherald(['config', 'check']);
  const said = existsSync(usual) ? `${usual}: OK\n` : `the defaults: OK; there is no ${usual}\n`;
  assert.deepEqual([code, stdout], [0, said]);
});

test('a page to which nobody could log in is a mistake, for config check and for run', async (t) => {
  const webConfig = fileFor(t, 'basic_auth_users: {}\n');
  const none =
    /^bondherald: \S+c\.yaml:1: metrics\.page: authenticated: needs metrics\.webConfig, a file with basic_auth_users/;
  const empty =
    /^bondherald: \S+c\.yaml:1: metrics\.webConfig: \S+c\.yaml: basic_auth_users: none, and metrics\.page: authenticated needs one; add a user/;
  for (const [text, line] of [
    ['metrics: {page: authenticated}', none],
    [`metrics: {page: authenticated, webConfig: ${webConfig}}`, empty],
  ] as const) {
    refused(await bondherald(['config', 'check', fileFor(t, text)]), line);
    refused(await bondherald(['run', '--config', fileFor(t, text)]), line);
  }
  const off = fileFor(t, `metrics: {page: off, webConfig: ${webConfig}}`);
  assert.equal((await bondherald(['config', 'check', off])).code, 0);
});

test('config check tells what is wrong with the files that are named, beside every other mistake', async (t) => {
  const webConfig = fileFor(t, 'basic_auth_users: {alice: secret}\nhttp2: 1\n');
  const text = `${BAD}metrics:\n  textfile: /nowhere/b.prom\n  webConfig: ${webConfig}\n  page: yes\n`;
  refused(
    await bondherald(['config', 'check', fileFor(t, text)]),
    ...SAYS,
    /^bondherald: \S+c\.yaml:6: metrics\.textfile: \/nowhere\/b\.prom: cannot be written: ENOENT; its folder must be/,
    /^bondherald: \S+c\.yaml:7: metrics\.webConfig: \S+c\.yaml:1: basic_auth_users\.alice: invalid value "\(hidden\)"; /,
    /^bondherald: \S+c\.yaml:7: metrics\.webConfig: \S+c\.yaml:2: http2: unknown key/,
    /^bondherald: \S+c\.yaml:8: metrics\.page: /,
  );
  const missing = fileFor(t, 'metrics: {webConfig: /nowhere/w.yml, textfile: /dev/null/b.prom}');
  refused(
    await bondherald(['config', 'check', missing]),
    /c\.yaml:1: metrics\.webConfig: \/nowhere\/w\.yml: cannot be read: ENOENT$/,
    /c\.yaml:1: metrics\.textfile: \/dev\/null\/b\.prom: cannot be written: ENOTDIR; /,
  );
});

test('config check of a file that the daemon could write is quiet, and writes nothing', async (t) => {
  const folder = path.dirname(fileFor(t, ''));
  const check = () => bondherald(['config', 'check', fileFor(t, `metrics: {textfile: ${folder}/b.prom}`)]);
  assert.equal((await check()).code, 0);
  assert.deepEqual(readdirSync(folder), ['c.yaml']);
  mkdirSync(`${folder}/b.prom`);
  refused(await check(), /b\.prom: cannot be written: EISDIR; /);
});

test('config show tells the effective values and where they come from, in YAML and JSON', async (t) => {
  const file = fileFor(t, 'bonds: [bond0]\nannounce:\n  jitter: 0\n');
  const { code, stdout, stderr } = await bondherald([
    'config',
    'show',
    '--config',
    file,
    '--bond',
    'bond1',
    '--bond=bond2',
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^bonds: \[bond1, bond2\] +# --bond$/m);
  assert.ok(new RegExp(`^ {2}jitter: 0 +# ${file}:3$`, 'm').test(stdout), stdout);
  assert.match(stdout, /^ {2}remember: 24h +# default$/m);
  const json = await bondherald([
    'config',
    'show',
    '--json',
    '--config',
    file,
    '--kinds',
    'na,rarp',
    '--metrics',
    'off',
  ]);
  const document = JSON.parse(json.stdout) as {
    file: string;
    settings: { key: string; value: unknown; from: string }[];
  };
  assert.equal(document.file, file);
  assert.deepEqual(
    document.settings.filter(({ from }) => from !== 'default'),
    [
      { key: 'bonds', value: ['bond0'], from: `${file}:1` },
      { key: 'announce.kinds', value: ['na', 'rarp'], from: '--kinds' },
      { key: 'announce.jitter', value: 0, from: `${file}:3` },
      { key: 'metrics.listen', value: 'off', from: '--metrics' },
    ],
  );
});

const WRONG: [what: string, args: string[], says: RegExp][] = [
  [
    'an unknown kind',
    ['run', '--kinds', 'rarp,arp'],
    /^bondherald: --kinds: invalid value "arp"; expected rarp, garp, na or mcast$/,
  ],
  ['no kind', ['run', '--kinds', ''], /^bondherald: --kinds: invalid value ""/],
  ['a bond that cannot be', ['run', '--bond', 'a/b'], /^bondherald: --bond: invalid value "a\/b"/],
  ['an address without a port', ['run', '--metrics', '127.0.0.1'], /^bondherald: --metrics: invalid value "127.0.0.1"/],
  ['two files', ['config', 'show', '--config', 'a', '--config', 'b'], /--config: may be given only once/],
  ['no file after --config', ['run', '--config'], /config/],
  ['config alone', ['config'], /check or show/],
  [
    'config and something else',
    ['config', 'reload'],
    / config reload: unknown command; expected config check, config show$/,
  ],
  ['a slip', ['config', 'chek'], / config chek: unknown command; did you mean config check\?$/],
  ['an option of config check', ['config', 'check', '--config', 'a'], / --config: unknown option of config check; /],
  [
    'two files to check',
    ['config', 'check', 'a', 'b'],
    / b: one argument too many; see bondherald config check --help$/,
  ],
];

for (const [what, args, says] of WRONG) {
  test(`${what}: exit status 2 and a line that says so`, async () => refused(await bondherald(args), says));
}
