import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STYLE } from '../../../../src/http/page/style.js';

/** The colours of each scheme, by their names. */
const SCHEMES = STYLE.text.split('@media', 2).map((part) => {
  const pairs = [...part.matchAll(/--([a-z]+): (#[0-9a-f]{3,6})/g)].map(([, name, value]) => [name, value] as const);
  return new Map(pairs);
});

/** WCAG 2.1: relative luminance. */
function luminance(colour: string): number {
  const digits =
    colour.slice(1).length === 3 ? [...colour.slice(1)].map((digit) => digit + digit).join('') : colour.slice(1);
  const [r = 0, g = 0, b = 0] = (digits.match(/../g) ?? []).map((hex) => {
    const part = parseInt(hex, 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test('text keeps 4.5 to 1, and bars 3 to 1, on page and cards in both schemes', () => {
  assert.equal(SCHEMES.length, 2);
  for (const scheme of SCHEMES) {
    for (const ground of ['bg', 'card']) {
      for (const [names, least] of [
        [['ink', 'dim', 'link', 'good', 'warn', 'bad', 'off'], 4.5],
        [['rarp', 'garp', 'na'], 3],
      ] as const) {
        for (const name of names) {
          const found = contrast(scheme.get(name) ?? '', scheme.get(ground) ?? '');
          assert.ok(found >= least, `${name} on ${ground}: ${found.toFixed(2)}`);
        }
      }
    }
  }
});
