import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_FRAMES } from '../../../../src/config/config.js';
import { statusPage } from '../../../../src/http/page/page.js';
import { addressOf, type PageValues, readQuery } from '../../../../src/http/page/query.js';
import { outline } from '../../../support/outline.js';
import { failover, guestsOf, pageBond, pageGuest, pageValues } from '../../../support/page-values.js';

/** A host on which everything is called by this name. */
function named(name: string): PageValues {
  const slaves = [{ slave: name, up: true, carrier: false, state: 'active' as const }];
  const record = failover({ from: name, to: name, refused: { [name]: 1 }, result: name });
  const guests = { announced: 1, suppressed: { [name]: 1 } };
  const texts = { subject: name, finding: name, meaning: name, cure: name };
  const bond = pageBond({ bond: name, mode: name, activeSlave: name, slaves, guests, lastFailovers: [record] });
  const guest = {
    bond: name,
    port: name,
    guest: name,
    addresses: [name],
    source: name as never,
    reason: name as never,
  };
  return pageValues(0, {
    host: name,
    version: name,
    bonds: [bond, pageBond()],
    guests: { ...guestsOf([pageGuest(1, guest)]), next: name },
    diagnosis: { at: 0, unread: [name], findings: [{ id: 'bond-mode', level: 'warning', ...texts }] },
    query: { bond: name, guest: name, after: name, refresh: true },
  });
}

const HOSTILE = [
  '"><script>',
  "' onload='",
  '</style><script>',
  '</textarea>',
  '<!--',
  '-->',
  ']]>',
  '&lt;b',
  '`${1}',
  '\u202e',
];

test('no name changes what the page is made of', () => {
  const { elements } = outline(statusPage(named('x')));
  assert.ok(elements.length > 100);
  const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' }), fc.string());
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 3 }), (parts) => {
      // An empty name is none, and a form's empty field asks for nothing.
      assert.deepEqual(outline(statusPage(named(`n${parts.join('')}`))).elements, elements);
    }),
    { numRuns: 60 },
  );
});

test('nor of what it is made in a file', () => {
  const saved = (name: string): string =>
    statusPage({ ...named(name), query: null, policy: "default-src 'none'; style-src 'sha256-x'" });
  const { elements } = outline(saved('x'));
  assert.ok(elements.length > 80);
  for (const name of HOSTILE) assert.deepEqual(outline(saved(name)).elements, elements, name);
});

test('a file counts what it has no room for, and names the commands that show it', () => {
  const bonds = Array.from({ length: 30 }, (_, n) => pageBond({ bond: `bond${n}` }));
  const guests = { ...guestsOf([pageGuest(1)]), matching: 300, total: 300, next: pageGuest(1).mac };
  const { texts } = outline(statusPage(pageValues(0, { bonds, guests, query: null })));
  const text = texts.join(' ').replaceAll(/\s+/g, ' ');
  assert.match(text, /and 6 bonds more: bondherald status /);
  assert.match(text, /1 of 300 guests .* and more: bondherald guests/);
});

test('a hostile name is shown as it is', () => {
  const { texts } = outline(statusPage(named('"><script>')));
  for (const wanted of ['"><script>', '"><script>: "><script> → "><script>'])
    assert.ok(
      texts.some((text) => text.trim() === wanted),
      wanted,
    );
  assert.doesNotMatch(statusPage(named('"><script>')), /<script/);
});

test('without a query a host in good order is told in one sentence, and in the title', () => {
  const { texts } = outline(statusPage(pageValues()));
  assert.ok(texts.includes('Ready: 18 guests would be announced at a failover'), texts.join('\n'));
  assert.ok(texts.includes('hv1: ready · bondherald'));
  assert.ok(texts.includes('2026-03-01T12:00:03Z'));
});

test('the worst comes first: no active link, then one link left, then what the doctor warns of', () => {
  const title = (change: Partial<PageValues>): string | undefined =>
    outline(statusPage(pageValues(1, change))).texts.find((text) => text.startsWith('hv1: '));
  const up = { slave: 'up1', up: true, carrier: true, state: 'active' as const };
  const down = { ...up, carrier: false };
  const dark = pageBond({ activeSlave: null, slaves: [down, down] });
  const alone = pageBond({ slaves: [up, down] });
  const warning = { id: 'bond-mode', level: 'warning', subject: 's', finding: 'f', meaning: 'm', cure: 'c' } as const;
  const diagnosis = { at: 0, unread: [], findings: [warning, { ...warning, level: 'advice' as const }] };
  assert.equal(title({ bonds: [pageBond(), alone, dark], diagnosis }), 'hv1: no active link · bondherald');
  assert.equal(title({ bonds: [pageBond(), alone], diagnosis }), 'hv1: one link left · bondherald');
  assert.equal(title({ diagnosis }), 'hv1: 1 warning · bondherald');
  assert.equal(title({ bonds: [] }), 'hv1: no bond · bondherald');
  assert.equal(title({ diagnosis: 'why not' }), 'hv1: ready · bondherald');
});

test('a failover without frames, one under way, and one that no clock can tell are shown, too', () => {
  const nothing = { firstFrame: null, lastRarp: null, rounds: [], sent: NO_FRAMES };
  const records = [
    failover({ ...nothing, result: 'damped', heldBack: 79.2 }),
    failover({ result: null, seconds: null, time: 1e300, firstFrame: 0, lastRarp: 1e12, firstRoundOut: 5 }),
    failover({ cause: 'missed', from: null, time: -1e300 }),
  ];
  const { texts } = outline(statusPage(pageValues(1, { bonds: [pageBond({ lastFailovers: records })] })));
  for (const wanted of ['; waiting 1m20s', 'running: round 6 of 6', 'while no daemon was running', 'No frame was sent'])
    assert.ok(
      texts.some((text) => text.includes(wanted)),
      wanted,
    );
});

test('an ordinary host takes some 16 KB, one with 100 guests less than 50 KB', (t) => {
  const [ordinary, hundred] = [19, 100].map((guests) => Buffer.byteLength(statusPage(pageValues(guests))));
  t.diagnostic(`19 guests: ${ordinary} bytes, 100 guests: ${hundred} bytes`);
  assert.ok(ordinary !== undefined && ordinary < 20_000);
  assert.ok(hundred !== undefined && hundred < 50_000);
});

test('a host with too much of everything takes no more than 700 KB', (t) => {
  const name = '<'.repeat(15);
  const slaves = Array.from({ length: 500 }, () => ({
    slave: name,
    up: true,
    carrier: true,
    state: 'backup' as const,
  }));
  const rounds = Array.from({ length: 16 }, (_, n) => ({ ...failover().rounds[0]!, round: n + 1 }));
  const refused = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`E${n}`, n]));
  const record = failover({ rounds, refused, from: name, to: name });
  const bond = pageBond({ bond: name, slaves, lastFailovers: Array.from({ length: 16 }, () => record) });
  const many = {
    port: name,
    guest: '<'.repeat(200),
    addresses: Array.from({ length: 16 }, () => 'fe80::1111:2222:3333:4444'),
  };
  const long = '<'.repeat(20_000);
  const finding = {
    id: 'bond-mode',
    level: 'warning',
    subject: long,
    finding: long,
    meaning: long,
    cure: long,
  } as const;
  const page = statusPage(
    pageValues(0, {
      bonds: Array.from({ length: 1000 }, () => bond),
      guests: {
        ...guestsOf(Array.from({ length: 263 }, (_, n) => pageGuest(n, many))),
        matching: 65_536,
        total: 65_536,
      },
      diagnosis: {
        at: 0,
        findings: Array.from({ length: 500 }, () => finding),
        unread: Array.from({ length: 500 }, () => long),
      },
    }),
  );
  t.diagnostic(`${Buffer.byteLength(page)} bytes`);
  assert.ok(Buffer.byteLength(page) < 700_000);
});

test('a query is what the address says, and an address says what a query is', () => {
  const nothing = { bond: null, guest: null, after: null, refresh: false };
  assert.deepEqual(readQuery(''), nothing);
  assert.deepEqual(readQuery('bond=&guest=+&after=&utm_source=x'), nothing);
  assert.deepEqual(readQuery('guest=52%3A54+AB&bond=%zz&refresh'), {
    ...nothing,
    guest: '52:54 ab',
    bond: '%zz',
    refresh: true,
  });
  assert.equal(readQuery(`bond=${'x'.repeat(1000)}`).bond?.length, 128);
  const text = fc.string({ minLength: 1, maxLength: 128 }).filter((each) => each === each.trim());
  const query = fc.record(
    {
      bond: text,
      guest: text.map((each) => each.toLowerCase()),
      after: text,
      refresh: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(query, (given) => assert.deepEqual(readQuery(addressOf(given).slice(1)), given)));
});
