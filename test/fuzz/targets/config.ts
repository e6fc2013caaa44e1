import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { changesOf, withoutRestart } from '../../../src/config/changes.js';
import { DEFAULTS } from '../../../src/config/defaults.js';
import { type LoadedConfig, readConfig } from '../../../src/config/read-config.js';
import { settingsList, settingsText } from '../../../src/config/show.js';
import { ConfigError } from '../../../src/errors.js';
import { HostState } from '../../../src/guests/host-state.js';
import { Policy } from '../../../src/guests/policy.js';
import { guestSettings } from '../../support/settings.js';
import { assertOneLine } from '../engine/only.js';
import { bytesOf, type Target } from '../engine/target.js';

const NAME = '/etc/bondherald/bondherald.yaml';
const STANDARD = readConfig(null);

function load(bytes: Uint8Array, name = NAME): LoadedConfig | null {
  try {
    return readConfig({ name, bytes });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.ok(error.problems.length >= 1 && error.problems.length <= 101, `${error.problems.length} problems`);
    for (const problem of error.problems) assertOneLine(problem, 700);
    return null;
  }
}

function assertFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  assert.ok(Object.isFrozen(value));
  Object.values(value).forEach(assertFrozen);
}

function assertRanges({ announce, guests, metrics }: LoadedConfig['config']): void {
  const { schedule, jitter, damping } = announce;
  assert.ok(schedule[0] === 0 && schedule.every((offset, n) => n === 0 || offset > (schedule[n - 1] ?? 0)));
  assert.ok(jitter >= 0 && jitter <= 1 && damping.failovers >= 1 && damping.within >= 1);
  for (const rate of Object.values(announce.rate))
    assert.ok(rate === 'unlimited' || (rate.rate > 0 && rate.burst >= 1));
  const { total, perPort, addressesPerGuest } = guests.limits;
  for (const limit of [total, perPort, addressesPerGuest]) assert.ok(Number.isInteger(limit) && limit > 0);
  assert.ok(guests.remember >= 0 && guests.remember <= 365 * 86_400);
  for (const { port } of metrics.listen) assert.ok(Number.isInteger(port) && port > 0 && port < 65_536);
}

function run(bytes: Uint8Array): void {
  const loaded = load(bytes);
  if (!loaded) return;
  const { config, settings } = loaded;
  assertFrozen(config);
  assert.deepEqual(Object.keys(config).sort(), Object.keys(STANDARD.config).sort());
  assertRanges(config);
  // Whoever uses it must be able to.
  const policy = new Policy(guestSettings({ ...config.guests, ...config.guests.limits }));
  policy.excludesPort('vnet12');
  policy.excludesPort('a'.repeat(200));
  new HostState(guestSettings({ ...config.guests, ...config.guests.limits, total: 1 }));
  for (const { text } of changesOf(STANDARD, loaded)) assertOneLine(text, 400);
  withoutRestart(STANDARD, loaded);
  JSON.stringify(settingsList(settings));
  assert.deepEqual(load(bytesOf(settingsText(settings)))?.config, config, 'what is shown says the same');
}

const reference = readFileSync(new URL('../../../../config/bondherald.yaml', import.meta.url), 'utf8');

/** The reference file with everything in it in force, and as JSON, and files of a few lines. */
function corpus(): Uint8Array[] {
  const small = [
    'bonds: [bond0, bond1]\nannounce: {kinds: [rarp], schedule: [0s, 500ms]}\n',
    'guests:\n  exclude: {macs: ["02:bf/16"], vlans: [7], ports: ["tap*", "vnet[0-9]", "[!a-c]?"]}\n',
    'guests:\n  static:\n    - {mac: "52:54:00:12:34:56", vlan: 905, bond: bond0, addresses: [192.0.2.1, "2001:db8::1"]}\n',
    'metrics: {listen: ["[::1]:9871", ":9872"], textfile: /var/lib/x.prom}\nstateDir: /srv/b\n',
    'metrics: {page: authenticated, webConfig: /w.yml, names: [hv1, hv1-mgmt.example.net]}\n',
    'announce:\n  rate: {arp: unlimited, na: {rate: 0.5, burst: 1}}\n  jitter: 1e-1\n',
  ];
  return [reference, reference.replaceAll(/^# ?(?=\s*[\w-]+:)/gm, ''), JSON.stringify(DEFAULTS), ...small].map(bytesOf);
}

export const target = (): Target => ({
  corpus: corpus(),
  tokens: [
    ...[
      '&a ',
      '*a',
      '<<: *a',
      '!!binary ',
      '!<x> ',
      '? ',
      ': ',
      '- ',
      '---\n',
      '...\n',
      '%YAML 1.1\n',
      '|2-\n',
      '>+\n',
      '#',
      '\t',
    ],
    ...[
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '\\x00',
      '\\u2028',
      '\n',
      '\r',
      '  ',
      ',',
      '~',
      '.nan',
      '.inf',
      '-.inf',
      '0x7fffffff',
      '1e999',
    ],
    ...['99999999999999999999', '-0', '0o17', '1_000', '365d', '0.0000000001s', '__proto__: {a: 1}', 'constructor: 1'],
    ...[
      '"[z-a]"',
      '"[!]"',
      '"*a*a*a*a*a*a*b"',
      'toString: 1',
      '[[[[[[[[',
      '&a [*a,*a]',
      '\ufeff',
      '\u2028',
      '\ud83d\ude00',
    ],
  ],
  maxBytes: 48 << 10,
  run,
});
