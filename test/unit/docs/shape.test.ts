import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looksLike } from '../../support/documented/shape.js';

test('figures, times and the width of columns may differ from the document, words and MACs may not', () => {
  const same: [string, string][] = [
    ['bondherald 0.1.0, running for 2h5m', 'bondherald 1.12.3, running for 3s'],
    ['  first frame after 70 µs', 'first frame after 1.2 ms'],
    ['last failover: 2026-03-01 12:00:03 UTC, 1s ago', 'last failover: 2027-11-21 01:10:59 UTC, 2m3s ago'],
    ['bond0: 2 guests', 'bond0: 1 guest'],
    ['MAC                VLAN', 'MAC VLAN'],
    ['frames=2 first_frame_us=70', 'frames=18 first_frame_us=312'],
  ];
  for (const [shown, printed] of same) assert.ok(looksLike(`${printed}\n`, [shown]), shown);
  const different: [string, string][] = [
    ['52:54:00:00:00:01 yes', '52:54:00:00:00:02 yes'],
    ['running: round 1 of 6', 'completed: all rounds were sent'],
    ['up1 yes backup', 'up1 no backup'],
  ];
  for (const [shown, printed] of different) assert.ok(!looksLike(`${printed}\n`, [shown]), shown);
});

test('`...` stands for any number of lines, and without it every line counts', () => {
  assert.ok(looksLike('a\nb\nc\n', ['...', 'c']) && looksLike('c\n', ['...', 'c', '...']));
  assert.ok(!looksLike('a\nc\n', ['c']) && !looksLike('c\nd\n', ['...', 'c']));
  assert.ok(!looksLike('a\n', ['a', 'b']));
});

test('the version of a package that is no release looks like that of a release', () => {
  for (const version of ['0.1.0', '0.1.0+202612010447.g4bfeac250', '0.1.0+202612010447.g4bfeac250.changed'])
    assert.ok(looksLike(`bondherald ${version}, running for 2s`, ['bondherald 0.1.0, running for 1s']), version);
});
