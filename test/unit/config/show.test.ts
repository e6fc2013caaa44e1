import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../src/config/read-config.js';
import { settingsList, settingsText } from '../../../src/config/show.js';
import { load } from './say.js';

const FILE = `
bonds: [bond0]
announce:
  rate:
    arp: unlimited
    na: {rate: 7}
  kinds:
    - na
guests:
  limits:
  static:
    - {mac: 52:54:00:12:34:56, bond: bond0}
`;
const FLAGS = [{ name: '--metrics', path: ['metrics', 'listen'], value: 'off' }];

/** [key, value, from] of everything that is no default. */
function changed(): unknown[] {
  const list = settingsList(load(FILE, FLAGS).settings);
  return list.filter(({ from }) => from !== 'default').map(({ key, value, from }) => [key, value, from]);
}

test('every value that is no default tells its line in the file, or its option', () => {
  assert.deepEqual(changed(), [
    ['bonds', ['bond0'], 'F:2'],
    ['announce.kinds', ['na'], 'F:7'],
    ['announce.rate.arp', 'unlimited', 'F:5'],
    ['announce.rate.na.rate', 7, 'F:6'],
    ['guests.static', [{ mac: '52:54:00:12:34:56', bond: 'bond0' }], 'F:11'],
    ['metrics.listen', 'off', '--metrics'],
  ]);
});

test('what is shown is a file that says the same, with the origins as comments', () => {
  const { config, settings } = load(FILE, FLAGS);
  const text = settingsText(settings);
  assert.deepEqual(load(text).config, config);
  assert.match(text, /^bonds: \[bond0\] +# F:2$/m);
  assert.match(text, /^ {4}na:\n {6}rate: 7 +# F:6\n {6}burst: 100 +# default$/m);
});

test('the defaults, shown, are the defaults', () => {
  const { config, settings } = readConfig(null);
  assert.deepEqual(load(settingsText(settings)).config, config);
  assert.ok(settings.every(({ from }) => from === 'default'));
});
