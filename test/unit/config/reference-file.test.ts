import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { DEFAULTS } from '../../../src/config/defaults.js';
import { readConfig } from '../../../src/config/read-config.js';
import { load } from './say.js';

const TEXT = readFileSync(new URL('../../../../config/bondherald.yaml', import.meta.url), 'utf8');

test('the reference file holds every key, and each at its default', () => {
  assert.deepEqual(parse(TEXT), DEFAULTS);
  assert.deepEqual(load(TEXT).config, readConfig(null).config);
  assert.deepEqual(
    load(TEXT).settings.filter(({ from }) => !from.startsWith('F:')),
    [],
  );
});

test('its example of a static guest is good', () => {
  const [, example = ''] = /^ *# {3}(- \{.*\})$/m.exec(TEXT) ?? [];
  const text = TEXT.replace('  static: []', `  static:\n    ${example}`);
  assert.deepEqual(load(text).config.guests.static, [
    { mac: '52:54:00:12:34:56', vlan: 905, bond: 'bond0', addresses: ['192.0.2.7', '2001:db8::7'] },
  ]);
});

test('the other examples in its comments are good too', () => {
  const examples = [...TEXT.matchAll(/^ *(\w+): \[\] #.*: (\[.*\])$/gm)].map(([, key, list]) => `${key}: ${list}`);
  assert.deepEqual(
    examples.map((example) => example.split(':')[0]),
    ['macs', 'vlans', 'ports'],
  );
  const { exclude } = load(`guests:\n  exclude: {${examples.join(', ')}}`).config.guests;
  assert.deepEqual([exclude.macs.length, exclude.vlans, exclude.ports], [3, [10, 20], ['vnet1?', 'veth*']]);
});
