import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AT_RESTART, changesOf, withoutRestart } from '../../../src/config/changes.js';
import { readConfig } from '../../../src/config/read-config.js';

const load = (text: string) => readConfig({ name: 'F', bytes: Buffer.from(text) });
const texts = (before: string, after: string): string[] =>
  changesOf(load(before), load(after)).map(({ text, atRestart }) => (atRestart ? `later ${text}` : text));

test('each key that differs is told with its values as they are written, and no other', () => {
  assert.deepEqual(
    texts(
      'guests: {remember: 24h, exclude: {macs: ["02:bf/16"]}}\nmetrics: {listen: "off"}\n',
      'bonds: [bond0, bond1]\nannounce: {jitter: 0, rate: {arp: unlimited, rarp: {rate: 10}}}\n' +
        'guests: {remember: 60m, static: [{mac: "52:54:00:00:00:01", bond: bond0}]}\nstateDir: /x\n',
    ),
    [
      'bonds: auto -> [bond0, bond1]',
      'announce.jitter: 0.25 -> 0',
      'announce.rate.rarp.rate: 2000 -> 10',
      'announce.rate.arp: {rate: 8, burst: 4} -> unlimited',
      'guests.remember: 24h -> 60m',
      'guests.exclude.macs: [02:bf/16] -> []',
      'guests.static: [] -> [{mac: 52:54:00:00:00:01, bond: bond0}]',
      'metrics.listen: off -> 127.0.0.1:9871',
      'later stateDir: /var/lib/bondherald -> /x',
    ],
  );
});

test('the same said in other words is no change, and a long value is cut', () => {
  assert.deepEqual(texts('guests: {remember: 24h}\n', 'guests: {remember: 1d}\nbonds: auto\n'), []);
  const names = Array.from({ length: 60 }, (_, n) => `bond${n}`).join(', ');
  assert.deepEqual(texts('', `bonds: [${names}]\n`), [`bonds: auto -> ${`[${names}]`.slice(0, 100)}…`]);
});

test('what takes a restart stays as it was, and is told each time until then', () => {
  const running = load('stateDir: /old\nguests: {limits: {total: 100}}\n');
  const next = load('stateDir: /new\nguests: {limits: {total: 200, perPort: 7}, remember: 1h}\n');
  const held = withoutRestart(running, next);
  assert.equal(held.config.stateDir, '/old');
  assert.deepEqual(held.config.guests.limits, { total: 100, perPort: 7, addressesPerGuest: 16 });
  assert.equal(held.config.guests.remember, 3600);
  assert.deepEqual(
    changesOf(held, next).map(({ text }) => text),
    ['guests.limits.total: 100 -> 200', 'stateDir: /old -> /new'],
  );
  assert.equal(AT_RESTART.length, 2);
});
