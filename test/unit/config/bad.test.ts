import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { MAX_FILE_BYTES } from '../../../src/config/yaml-file.js';
import { problems } from './say.js';

const BOND = "a bond's name, at most 15 characters";
const LISTEN = 'off, an address with its port, such as "127.0.0.1:9871"';

/** A file, and the beginning of each line that must be said of it, in their order. */
const BAD: [text: string, ...says: string[]][] = [
  ['bond: [bond0]', 'F:1: bond: no such key; is it bonds?'],
  ['\n\nlogLevel: debug', 'F:3: logLevel: no such key; the keys here are bonds, announce, guests, metrics, stateDir'],
  ['__proto__: 1', 'F:1: __proto__: no such key'],
  ['constructor: {prototype: 1}', 'F:1: constructor: no such key'],
  ['"a\\nb": 1', 'F:1: "a\\nb": no such key'],
  ['1: 2\n~: 3', 'F:1: 1: no such key', 'F:2: null: no such key'],
  ['[]', 'F:1: [] is not legal; give a section with the keys bonds'],
  ['auto', 'F:1: "auto" is not legal; give a section with the keys bonds'],
  ['bonds:', 'F:1: bonds: null is not legal; give auto, or a list of 1 to 256 bonds'],
  ['bonds: bond0', 'F:1: bonds: "bond0" is not legal; give auto, or a list of 1 to 256 bonds'],
  ['bonds: []', 'F:1: bonds: [] is not legal; give auto, or a list of 1 to 256 bonds'],
  [
    'bonds: [bond0, a/b, 3]',
    `F:1: bonds[1]: "a/b" is not legal; give ${BOND}`,
    `F:1: bonds[2]: 3 is not legal; give ${BOND}`,
  ],
  [
    'bonds:\n - bond0\n - bond0',
    'F:1: bonds: ["bond0","bond0"] is not legal; give auto, or each item once: the one at [1]',
  ],
  ['bonds: [a234567890123456]', 'F:1: bonds[0]: "a234567890123456" is not legal'],
  ['announce: 3', 'F:1: announce: 3 is not legal; give a section with the keys kinds, schedule, jitter, rate, damping'],
  ['announce:\n  kinds: [rarp, arp]', 'F:2: announce.kinds[1]: "arp" is not legal; give rarp, garp or na'],
  ['announce: {kinds: []}', 'F:1: announce.kinds: [] is not legal; give a list of 1 to 3 kinds'],
  ['announce: {kinds: [na, na]}', 'F:1: announce.kinds: ["na","na"] is not legal; give each item once'],
  [
    'announce: {schedule: [1s, 2s]}',
    'F:1: announce.schedule: ["1s","2s"] is not legal; give durations of which the first is 0s',
  ],
  [
    'announce: {schedule: [0s, 2s, 1s]}',
    'F:1: announce.schedule: ["0s","2s","1s"] is not legal; give durations of which',
  ],
  [
    'announce: {schedule: [0, 11m]}',
    'F:1: announce.schedule[0]: 0 is not legal; give a duration from 0s to 10m',
    'F:1: announce.schedule[1]: "11m"',
  ],
  ['announce: {jitter: 1.01}', 'F:1: announce.jitter: 1.01 is not legal; give a number from 0 to 1'],
  ['announce: {jitter: .nan}', 'F:1: announce.jitter: NaN is not legal'],
  ['announce: {jitter: "0"}', 'F:1: announce.jitter: "0" is not legal'],
  [
    'announce:\n  rate:\n    arp: {rate: -3}',
    'F:3: announce.rate.arp.rate: -3 is not legal; give a number from 0.1 to 1000000 frames a second',
  ],
  [
    'announce: {rate: {arp: {burst: 1.5}}}',
    'F:1: announce.rate.arp.burst: 1.5 is not legal; give a whole number from 1 to 1000000 frames',
  ],
  ['announce: {rate: {arp: {brst: 1}}}', 'F:1: announce.rate.arp.brst: no such key; is it burst?'],
  [
    'announce: {rate: {na: off}}',
    'F:1: announce.rate.na: "off" is not legal; give unlimited, or a section with the keys rate, burst',
  ],
  [
    'announce: {damping: {failovers: 0}}',
    'F:1: announce.damping.failovers: 0 is not legal; give a whole number from 1 to 1000 failovers',
  ],
  [
    'announce: {damping: {within: 2d, holdOff: 30}}',
    'F:1: announce.damping.within: "2d"',
    'F:1: announce.damping.holdOff: 30 is not legal; give a duration',
  ],
  [
    'announce: {damping: {within: 999ms}}',
    'F:1: announce.damping.within: "999ms" is not legal; give a duration from 1s to 1d',
  ],
  ['guests: {sources: {fdb: auto}}', 'F:1: guests.sources.fdb: "auto" is not legal; give true or false'],
  ['guests: {sources: {libvirt: yes}}', 'F:1: guests.sources.libvirt: "yes" is not legal; give true, false or auto'],
  ['guests: {remember: forever}', 'F:1: guests.remember: "forever" is not legal; give a duration from 0s to 365d'],
  [
    'guests: {limits: {total: 300000}}',
    'F:1: guests.limits.total: 300000 is not legal; give a whole number from 1 to 262144 guests',
  ],
  [
    'guests: {limits: {total: 32}}',
    'F:1: guests.limits.perPort: 64: more than guests.limits.total allows, which is 32',
  ],
  ['guests: {exclude: {macs: ["52:54"]}}', 'F:1: guests.exclude.macs[0]: "52:54" is not legal'],
  [
    'guests: {exclude: {macs: [02:bf/16, 02:bf:00/16]}}',
    'F:1: guests.exclude.macs: ["02:bf/16","02:bf:00/16"] is not legal; give each item once',
  ],
  [
    'guests: {exclude: {vlans: [0, 4095, 1]}}',
    'F:1: guests.exclude.vlans[0]: 0 is not legal; give a whole number from 1 to 4094',
    'F:1: guests.exclude.vlans[1]: 4095',
  ],
  [
    // crashers: the first was taken, and ended the daemon at its start
    'guests: {exclude: {ports: ["vnet[9-0]", "[!]", "[a-z-A]"]}}',
    'F:1: guests.exclude.ports[0]: "vnet[9-0]"',
    'F:1: guests.exclude.ports[1]: "[!]"',
  ],
  ['stateDir: /srv\ufeff', 'F:1: stateDir: "/srv?" is not legal; give the absolute path of a folder'], // crasher
  ['!<\u0001\u0000', 'F:1: not YAML: Verbatim tags must end with a >', 'F:1: not YAML: Unresolved tag: ?'], // crasher
  [
    'guests: {exclude: {ports: ["tap[", "", "a b"]}}',
    'F:1: guests.exclude.ports[0]: "tap["',
    'F:1: guests.exclude.ports[1]: ""',
    'F:1: guests.exclude.ports[2]',
  ],
  ['guests: {virtualRouterMacs: 1}', 'F:1: guests.virtualRouterMacs: 1 is not legal; give true or false'],
  ['guests: {static: {mac: x}}', 'F:1: guests.static: {"mac":"x"} is not legal; give a list of at most 1024 guests'],
  ['guests:\n  static:\n    - {bond: bond0}', "F:3: guests.static[0].mac: missing; give a guest's MAC address"],
  [
    'guests: {static: [{mac: 01:00:5e:00:00:01}]}',
    'F:1: guests.static[0].mac: "01:00:5e:00:00:01"',
    'F:1: guests.static[0].bond: missing',
  ],
  [
    'guests: {static: [{mac: 00:00:00:00:00:00, bond: b, vlans: 1}]}',
    'F:1: guests.static[0].mac: ',
    'F:1: guests.static[0].vlans: no such key; is it vlan?',
  ],
  [
    'guests: {static: [{mac: 52:54:00:00:00:01, bond: b, vlan: 0}]}',
    'F:1: guests.static[0].vlan: 0 is not legal; give null for untagged frames, or a VLAN',
  ],
  [
    'guests: {static: [{mac: 52:54:00:00:00:01, bond: b, addresses: [224.0.0.1]}]}',
    'F:1: guests.static[0].addresses[0]: "224.0.0.1"',
  ],
  ['metrics: {listen: 9871}', `F:1: metrics.listen: 9871 is not legal; give ${LISTEN}`],
  ['metrics: {listen: "localhost:9871"}', `F:1: metrics.listen: "localhost:9871" is not legal; give ${LISTEN}`],
  ['metrics: {listen: [":1", ":1"]}', `F:1: metrics.listen: [":1",":1"] is not legal; give ${LISTEN}`],
  ['metrics: {listen: []}', 'F:1: metrics.listen: []'],
  [
    'metrics: {webConfig: web.yml, textfile: /y}',
    'F:1: metrics.webConfig: "web.yml" is not legal; give null, or the absolute path of a web configuration file',
    'F:1: metrics.textfile: "/y" is not legal; give null, or the absolute path of a file that ends in .prom',
  ],
  ...['on', 'true', 'null', '""', 'Off', '[off]', '{}'].map((value): [string, string] => [
    `metrics: {page: ${value}}`,
    `F:1: metrics.page: ${JSON.stringify(parse(value))} is not legal; give off or authenticated`,
  ]),
  [
    'metrics:\n  page: authenticated',
    'F:2: metrics.page: authenticated: needs metrics.webConfig, a file with basic_auth_users; without it nobody can log in',
  ],
  ['metrics: {page: authenticated, webConfig: web.yml}', 'F:1: metrics.webConfig: "web.yml" is not legal'],
  ...['192.0.2.1', 'hv1:9871', '*.example.net', '-a', 'a..b', 'a.', ''].map((name): [string, string] => [
    `metrics: {names: ["${name}"]}`,
    `F:1: metrics.names[0]: "${name}" is not legal; give a host's name, such as hv12.example.net`,
  ]),
  ['metrics: {names: [hv1, HV1]}', 'F:1: metrics.names: ["hv1","HV1"] is not legal; give each item once'],
  ['metrics: {names: hv1}', 'F:1: metrics.names: "hv1" is not legal; give a list of at most 64 names of this host'],
  ['stateDir: state', 'F:1: stateDir: "state" is not legal; give the absolute path of a folder'],
  ['stateDir: "/a\\0b"', 'F:1: stateDir: '],
  // What is wrong with the text itself.
  ['bonds: auto\nbonds: auto', 'F:2: "bonds" is there twice, first in line 1'],
  ['bonds: auto\nbonds: 3\nstateDir: x', 'F:2: "bonds" is there twice', 'F:3: stateDir: "x"'],
  ['a: &x 1\nbonds: *x', 'F:1: a: no such key', 'F:2: *x: aliases are not supported; write the value out'],
  ['? [a]\n: 1', 'F:1: a key must be a word'],
  ['bonds: !ruby/object x', 'F:1: not YAML: Unresolved tag'],
  ['bonds: auto\n---\nbonds: auto', 'F:2: a second document begins here'],
  ['bonds: [', 'F:1: not YAML: '],
  ['\tbonds: auto', 'F:1: not YAML: '],
  ['bonds: }', 'F:1: not YAML: '],
  ['\0', 'F:1: '],
];

for (const [text, ...says] of BAD) {
  test(`${JSON.stringify(text)}: ${says[0]}`, () => {
    const lines = problems(text);
    for (const [n, start] of says.entries()) assert.equal(lines[n]?.slice(0, start.length), start, lines.join('\n'));
    assert.equal(lines.length, says.length, lines.join('\n'));
    for (const line of lines) assert.doesNotMatch(line, /[\n\r]/);
  });
}

test('the same guest twice, and an address of two guests, are mistakes', () => {
  const guests = [
    '- {mac: 52:54:00:00:00:01, bond: bond0, vlan: 1, addresses: [10.0.0.1]}',
    '- {mac: 52:54:00:00:00:01, bond: bond0, vlan: 1}',
    '- {mac: 52:54:00:00:00:02, bond: bond0, vlan: 1, addresses: [10.0.0.9, 10.0.0.1]}',
  ];
  assert.deepEqual(
    problems(
      `bonds: [bond1]\nguests:\n  limits: {total: 2, perPort: 1, addressesPerGuest: 1}\n  static:\n  ${guests.join('\n  ')}`,
    ),
    [
      'F:4: guests.static: 3 guests: more than guests.limits.total allows, which is 2',
      'F:5: guests.static[0].bond: bond0 is not among bonds (bond1); add it there',
      'F:6: guests.static[1]: the same MAC, VLAN and bond as guests.static[0]; give each guest once',
      'F:6: guests.static[1].bond: bond0 is not among bonds (bond1); add it there',
      'F:7: guests.static[2].addresses[1]: 10.0.0.1 is an address of guests.static[0] in the same VLAN; give it to one guest',
      'F:7: guests.static[2].bond: bond0 is not among bonds (bond1); add it there',
      'F:7: guests.static[2].addresses: 2 addresses: more than guests.limits.addressesPerGuest allows, which is 1',
    ],
  );
});

test('all problems are told at once, by line, and one does not hide another', () => {
  const text = 'stateDir: x\nguests:\n  limits: {total: 1}\n  remember: 3\nfoo: 1\n';
  assert.deepEqual(
    problems(text).map((line) => line.split(': ', 2).join(' ')),
    ['F:1 stateDir', 'F:3 guests.limits.perPort', 'F:4 guests.remember', 'F:5 foo'],
  );
});

test('what is wrong with an option is said of the option', () => {
  const flags = [{ name: '--kinds', path: ['announce', 'kinds'], value: ['foo'] }];
  assert.deepEqual(problems('jitter: 3', flags), [
    '--kinds: "foo" is not legal; give rarp, garp or na',
    'F:1: jitter: no such key; the keys here are bonds, announce, guests, metrics, stateDir',
  ]);
});

const TOO_LARGE = `#${' '.repeat(MAX_FILE_BYTES)}`;

for (const { what, bytes, says } of [
  {
    what: 'a file beyond the limit',
    bytes: Buffer.from(TOO_LARGE),
    says: /^F: larger than a configuration may be, which is 256 KiB$/,
  },
  { what: 'a file that is no text', bytes: Buffer.from([0x62, 0xff, 0xfe]), says: /^F: not a text in UTF-8$/ },
  {
    what: 'a hundred thousand lists in each other',
    bytes: Buffer.from('['.repeat(100_000)),
    says: /^F:1: nested more than 32 levels deep$/,
  },
  {
    what: 'the same in block form',
    bytes: Buffer.from('- '.repeat(100_000)),
    says: /^F:1: nested more than 32 levels deep$/,
  },
  { what: 'and as keys', bytes: Buffer.from('? '.repeat(100_000)), says: /^F:1: nested more than 32 levels deep$/ },
  {
    what: 'aliases of aliases',
    bytes: Buffer.from('a: &a [x]\nb: &b [*a,*a]\n'),
    says: /^F:2: \*a: aliases are not supported/,
  },
]) {
  test(`${what}: a line that says so`, () => {
    assert.ok(
      problems({ name: 'F', bytes }).some((line) => says.test(line)),
      problems({ name: 'F', bytes })[0],
    );
  });
}

test('of thousands of problems a hundred are told, and how many are left', () => {
  const lines = problems(Array.from({ length: 5000 }, (_, n) => `key${n}: 1`).join('\n'));
  assert.equal(lines.length, 101);
  assert.equal(lines[100], 'F: 4900 more problems');
});

test('crasher: a file nested so deep that the parser itself would run out of stack is refused', () => {
  for (const open of ['a: ', '<<: ']) {
    const text = `bonds: [${open.repeat(240_000 / open.length)}]`;
    assert.deepEqual(problems(text), ['F:1: nested more than 32 levels deep']);
  }
});
