import fc from 'fast-check';
import { bytesOf } from './target.js';

/** Values at which checks go wrong. */
const ODD: readonly unknown[] = [
  ...[null, true, false, '', 'x', ' ', '\0', '\u001b[2J', '\u2028', '__proto__', 'constructor', 'x'.repeat(300)],
  ...[0, -1, 1, 0.5, 4094, 4095, 4096, 65_534, 65_535, 0x7fffffff, 0x80000000, 2 ** 53, 1e21, 1e300, -1e300],
  ...[
    '0',
    '-1',
    '1e9',
    '00:00:00:00:00:00',
    '01:00:5e:00:00:01',
    '52:54:00:12:34:56',
    '192.0.2.1',
    '0.0.0.0',
    'ff02::1',
  ],
  ...[[], {}, [[]], ['set', []], ['set', [1, 2]], ['uuid', 'x'], ['map', [['a', 'b']]], { a: 1 }],
];

/** A document with something else in up to three places, or without them. Counts from the outside in. */
function replaced(node: unknown, path: readonly number[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof node !== 'object' || node === null) return value;
  const keys = Object.keys(node);
  const chosen = keys[step % Math.max(1, keys.length)];
  if (chosen === undefined) return value;
  if (rest.length === 0 && value === undefined && !Array.isArray(node)) {
    return Object.fromEntries(Object.entries(node).filter(([key]) => key !== chosen));
  }
  const entries = Object.entries(node).map(([key, inner]: [string, unknown]): [string, unknown] => [
    key,
    key === chosen ? replaced(inner, rest, value) : inner,
  ]);
  return Array.isArray(node) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

/**
 * Documents whose syntax is right and whose values are not.
 * @param documents JSON, to begin with; what is none is left out
 */
export function oddValues(documents: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const originals = documents.map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown);
  const change = fc.record({
    path: fc.array(fc.nat(60), { minLength: 1, maxLength: 9 }),
    value: fc.oneof(fc.constantFrom(...ODD), fc.constant(undefined), fc.jsonValue({ maxDepth: 2 })),
  });
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([original, changes]) => changes.reduce((node, { path, value }) => replaced(node, path, value), original))
    .map((node) => bytesOf(JSON.stringify(node) ?? 'null'));
}
