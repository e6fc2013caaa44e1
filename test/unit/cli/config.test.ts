import assert from 'node:assert/strict';
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

test('a page to which nobody could log in is a mistake, for config check and for run', async (t) => {
  const webConfig = fileFor(t, 'basic_auth_users: {}\n');
  const none =
    /^bondherald: \S+c\.yaml:1: metrics\.page: authenticated: needs metrics\.webConfig, a file with basic_auth_users/;
  const empty =
    /^bondherald: \S+c\.yaml: basic_auth_users: none, and metrics\.page: authenticated needs one; add a user/;
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
    /^bondherald: --kinds: invalid value "arp"; expected rarp, garp or na$/,
  ],
  ['no kind', ['run', '--kinds', ''], /^bondherald: --kinds: invalid value ""/],
  ['a bond that cannot be', ['run', '--bond', 'a/b'], /^bondherald: --bond: invalid value "a\/b"/],
  ['an address without a port', ['run', '--metrics', '127.0.0.1'], /^bondherald: --metrics: invalid value "127.0.0.1"/],
  ['two files', ['config', 'show', '--config', 'a', '--config', 'b'], /--config: may be given only once/],
  ['no file after --config', ['run', '--config'], /config/],
  ['config alone', ['config'], /check or show/],
  ['config and something else', ['config', 'reload'], /reload/],
];

for (const [what, args, says] of WRONG) {
  test(`${what}: exit status 2 and a line that says so`, async () => refused(await bondherald(args), says));
}
