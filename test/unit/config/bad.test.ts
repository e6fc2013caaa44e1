import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { MAX_FILE_BYTES } from '../../../src/config/yaml-file.js';
import { problems } from './say.js';

const BOND = "a bond's name, at most 15 characters";
const LISTEN = 'off, an address and port, such as "127.0.0.1:9871"';

/** A file, and the beginning of each line that must be said of it, in their order. */
const BAD: [text: string, ...says: string[]][] = [
  ['bond: [bond0]', 'F:1: bond: unknown key; did you mean bonds?'],
  [
    '\n\nlogLevel: debug',
    'F:3: logLevel: unknown key; expected one of bonds, announce, failover, guests, standby, metrics, paths, stateDir',
  ],
  ['__proto__: 1', 'F:1: __proto__: unknown key'],
  ['constructor: {prototype: 1}', 'F:1: constructor: unknown key'],
  ['"a\\nb": 1', 'F:1: "a\\nb": unknown key'],
  ['1: 2\n~: 3', 'F:1: 1: unknown key', 'F:2: null: unknown key'],
  ['[]', 'F:1: invalid value []; expected a section with the keys bonds'],
  ['auto', 'F:1: invalid value "auto"; expected a section with the keys bonds'],
  ['bonds:', 'F:1: bonds: invalid value null; expected auto, or a list of 1 to 256 bonds'],
  ['bonds: bond0', 'F:1: bonds: invalid value "bond0"; expected auto, or a list of 1 to 256 bonds'],
  ['bonds: []', 'F:1: bonds: invalid value []; expected auto, or a list of 1 to 256 bonds'],
  [
    'bonds: [bond0, a/b, 3]',
    `F:1: bonds[1]: invalid value "a/b"; expected ${BOND}`,
    `F:1: bonds[2]: invalid value 3; expected ${BOND}`,
  ],
  [
    'bonds:\n - bond0\n - bond0',
    'F:1: bonds: invalid value ["bond0","bond0"]; expected auto, or no duplicates: item [1] repeats another',
  ],
  ['bonds: [a234567890123456]', 'F:1: bonds[0]: invalid value "a234567890123456"'],
  [
    'announce: 3',
    'F:1: announce: invalid value 3; expected a section with the keys kinds, garp, schedule, jitter, refresh, rate, damping',
  ],
  ['announce:\n  kinds: [rarp, arp]', 'F:2: announce.kinds[1]: invalid value "arp"; expected rarp, garp, na or mcast'],
  ['announce: {garp: replies}', 'F:1: announce.garp: invalid value "replies"; expected request, reply or both'],
  [
    'announce: {refresh: 300}',
    'F:1: announce.refresh: invalid value 300; expected off, or a duration from 1s to 1d, such as 200s',
  ],
  ['announce: {refresh: 500ms}', 'F:1: announce.refresh: invalid value "500ms"; expected off, or a duration'],
  [
    'announce: {refresh: 200s}\nguests: {sources: {snoop: false}}',
    'F:1: announce.refresh: needs guests.sources.snoop, which is false: guests that move away would be announced here',
  ],
  ['failover: true', 'F:1: failover: invalid value true; expected a section with the keys onCarrierLoss'],
  [
    'failover: {onCarrierLoss: auto}',
    'F:1: failover.onCarrierLoss: invalid value "auto"; expected true, false, or a list of 1 to 256 bonds',
  ],
  ['failover: {onCarrierLoss: []}', 'F:1: failover.onCarrierLoss: invalid value []; expected true, false, or a list'],
  [
    'bonds: [bond0]\nfailover: {onCarrierLoss: [bond0, bond1]}',
    'F:2: failover.onCarrierLoss[1]: bond1 is not listed in bonds (bond0)',
  ],
  [
    'announce: {kinds: []}',
    'F:1: announce.kinds: invalid value []; expected a list of 1 to 4 of rarp, garp, na, mcast',
  ],
  ['announce: {kinds: [na, na]}', 'F:1: announce.kinds: invalid value ["na","na"]; expected no duplicates'],
  [
    'announce: {schedule: [1s, 2s]}',
    'F:1: announce.schedule: invalid value ["1s","2s"]; expected durations in ascending order, the first 0s',
  ],
  [
    'announce: {schedule: [0s, 2s, 1s]}',
    'F:1: announce.schedule: invalid value ["0s","2s","1s"]; expected durations in ascending order, the first 0s',
  ],
  [
    'announce: {schedule: [0, 11m]}',
    'F:1: announce.schedule[0]: invalid value 0; expected a duration from 0s to 10m',
    'F:1: announce.schedule[1]: invalid value "11m"',
  ],
  ['announce: {jitter: 1.01}', 'F:1: announce.jitter: invalid value 1.01; expected a number from 0 to 1'],
  ['announce: {jitter: .nan}', 'F:1: announce.jitter: invalid value NaN'],
  ['announce: {jitter: "0"}', 'F:1: announce.jitter: invalid value "0"'],
  [
    'announce:\n  rate:\n    arp: {rate: -3}',
    'F:3: announce.rate.arp.rate: invalid value -3; expected a number from 0.1 to 1000000 frames a second',
  ],
  [
    'announce: {rate: {arp: {burst: 1.5}}}',
    'F:1: announce.rate.arp.burst: invalid value 1.5; expected a whole number from 1 to 1000000 frames',
  ],
  ['announce: {rate: {arp: {brst: 1}}}', 'F:1: announce.rate.arp.brst: unknown key; did you mean burst?'],
  [
    'announce: {rate: {na: off}}',
    'F:1: announce.rate.na: invalid value "off"; expected unlimited, or a section with the keys rate, burst',
  ],
  [
    'announce: {damping: {failovers: 0}}',
    'F:1: announce.damping.failovers: invalid value 0; expected a whole number from 1 to 1000 failovers',
  ],
  [
    'announce: {damping: {within: 2d, holdOff: 30}}',
    'F:1: announce.damping.within: invalid value "2d"',
    'F:1: announce.damping.holdOff: invalid value 30; expected a duration',
  ],
  [
    'announce: {damping: {within: 999ms}}',
    'F:1: announce.damping.within: invalid value "999ms"; expected a duration from 1s to 1d',
  ],
  ['guests: {sources: {fdb: auto}}', 'F:1: guests.sources.fdb: invalid value "auto"; expected true or false'],
  [
    'guests: {sources: {snoop: auto}}',
    'F:1: guests.sources.snoop: invalid value "auto"; expected true, false or socket',
  ],
  [
    'guests: {sources: {libvirt: yes}}',
    'F:1: guests.sources.libvirt: invalid value "yes"; expected true, false or auto',
  ],
  ['guests: {remember: forever}', 'F:1: guests.remember: invalid value "forever"; expected a duration from 0s to 365d'],
  [
    'guests: {limits: {total: 300000}}',
    'F:1: guests.limits.total: invalid value 300000; expected a whole number from 1 to 262144 guests',
  ],
  ['guests: {limits: {total: 32}}', 'F:1: guests.limits.perPort: 64: exceeds guests.limits.total, which is 32'],
  ['guests: {exclude: {macs: ["52:54"]}}', 'F:1: guests.exclude.macs[0]: invalid value "52:54"'],
  [
    'guests: {exclude: {macs: [02:bf/16, 02:bf:00/16]}}',
    'F:1: guests.exclude.macs: invalid value ["02:bf/16","02:bf:00/16"]; expected no duplicates',
  ],
  [
    'guests: {exclude: {vlans: [0, 4095, 1]}}',
    'F:1: guests.exclude.vlans[0]: invalid value 0; expected a whole number from 1 to 4094',
    'F:1: guests.exclude.vlans[1]: invalid value 4095',
  ],
  [
    // crashers: the first was taken, and ended the daemon at its start
    'guests: {exclude: {ports: ["vnet[9-0]", "[!]", "[a-z-A]"]}}',
    'F:1: guests.exclude.ports[0]: invalid value "vnet[9-0]"',
    'F:1: guests.exclude.ports[1]: invalid value "[!]"',
  ],
  ['stateDir: /srv\ufeff', 'F:1: stateDir: invalid value "/srv?"; expected the absolute path of a folder'], // crasher
  ['!<\u0001\u0000', 'F:1: not YAML: Verbatim tags must end with a >', 'F:1: not YAML: Unresolved tag: ?'], // crasher
  [
    'guests: {exclude: {ports: ["tap[", "", "a b"]}}',
    'F:1: guests.exclude.ports[0]: invalid value "tap["',
    'F:1: guests.exclude.ports[1]: invalid value ""',
    'F:1: guests.exclude.ports[2]',
  ],
  ['guests: {virtualRouterMacs: 1}', 'F:1: guests.virtualRouterMacs: invalid value 1; expected true or false'],
  [
    'guests: {static: {mac: x}}',
    'F:1: guests.static: invalid value {"mac":"x"}; expected a list of at most 1024 guests',
  ],
  ['guests:\n  static:\n    - {bond: bond0}', "F:3: guests.static[0].mac: missing; expected a guest's MAC address"],
  [
    'guests: {static: [{mac: 01:00:5e:00:00:01}]}',
    'F:1: guests.static[0].mac: invalid value "01:00:5e:00:00:01"',
    'F:1: guests.static[0].bond: missing',
  ],
  [
    'guests: {static: [{mac: 00:00:00:00:00:00, bond: b, vlans: 1}]}',
    'F:1: guests.static[0].mac: ',
    'F:1: guests.static[0].vlans: unknown key; did you mean vlan?',
  ],
  [
    'guests: {static: [{mac: 52:54:00:00:00:01, bond: b, vlan: 0}]}',
    'F:1: guests.static[0].vlan: invalid value 0; expected null for untagged frames, or a VLAN',
  ],
  [
    'guests: {static: [{mac: 52:54:00:00:00:01, bond: b, addresses: [224.0.0.1]}]}',
    'F:1: guests.static[0].addresses[0]: invalid value "224.0.0.1"',
  ],
  ['metrics: {listen: 9871}', `F:1: metrics.listen: invalid value 9871; expected ${LISTEN}`],
  ['metrics: {listen: "localhost:9871"}', `F:1: metrics.listen: invalid value "localhost:9871"; expected ${LISTEN}`],
  ['metrics: {listen: [":1", ":1"]}', `F:1: metrics.listen: invalid value [":1",":1"]; expected ${LISTEN}`],
  ['metrics: {listen: []}', 'F:1: metrics.listen: invalid value []'],
  [
    'metrics: {webConfig: web.yml, textfile: /y}',
    'F:1: metrics.webConfig: invalid value "web.yml"; expected null, or the absolute path of a web configuration file',
    'F:1: metrics.textfile: invalid value "/y"; expected null, or the absolute path of a file that ends in .prom',
  ],
  ...['on', 'true', 'null', '""', 'Off', '[off]', '{}'].map((value): [string, string] => [
    `metrics: {page: ${value}}`,
    `F:1: metrics.page: invalid value ${JSON.stringify(parse(value))}; expected off or authenticated`,
  ]),
  [
    'metrics:\n  page: authenticated',
    'F:2: metrics.page: authenticated: needs metrics.webConfig, a file with basic_auth_users; without it nobody can log in',
  ],
  ['metrics: {page: authenticated, webConfig: web.yml}', 'F:1: metrics.webConfig: invalid value "web.yml"'],
  ...['192.0.2.1', 'hv1:9871', '*.example.net', '-a', 'a..b', 'a.', ''].map((name): [string, string] => [
    `metrics: {names: ["${name}"]}`,
    `F:1: metrics.names[0]: invalid value "${name}"; expected a host's name, such as hv12.example.net`,
  ]),
  ['metrics: {names: [hv1, HV1]}', 'F:1: metrics.names: invalid value ["hv1","HV1"]; expected no duplicates'],
  [
    'metrics: {names: hv1}',
    'F:1: metrics.names: invalid value "hv1"; expected a list of at most 64 names of this host',
  ],
  ['stateDir: state', 'F:1: stateDir: invalid value "state"; expected the absolute path of a folder'],
  ['stateDir: "/a\\0b"', 'F:1: stateDir: '],
  // What is wrong with the text itself.
  ['bonds: auto\nbonds: auto', 'F:2: duplicate key "bonds", first on line 1'],
  [
    'bonds: auto\nbonds: 3\nstateDir: x',
    'F:2: duplicate key "bonds", first on line 1',
    'F:3: stateDir: invalid value "x"',
  ],
  ['a: &x 1\nbonds: *x', 'F:1: a: unknown key', 'F:2: *x: aliases are not supported; write the value out'],
  ['? [a]\n: 1', 'F:1: a key must be a plain word'],
  ['bonds: !ruby/object x', 'F:1: not YAML: Unresolved tag'],
  ['bonds: auto\n---\nbonds: auto', 'F:2: a second document starts here; only one is allowed'],
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
      'F:4: guests.static: 3 guests: exceeds guests.limits.total, which is 2',
      'F:5: guests.static[0].bond: bond0 is not listed in bonds (bond1)',
      'F:6: guests.static[1]: duplicate of guests.static[0]: same MAC, VLAN and bond',
      'F:6: guests.static[1].bond: bond0 is not listed in bonds (bond1)',
      'F:7: guests.static[2].addresses[1]: 10.0.0.1 already belongs to guests.static[0] in the same VLAN',
      'F:7: guests.static[2].bond: bond0 is not listed in bonds (bond1)',
      'F:7: guests.static[2].addresses: 2 addresses: exceeds guests.limits.addressesPerGuest, which is 1',
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
    '--kinds: invalid value "foo"; expected rarp, garp, na or mcast',
    'F:1: jitter: unknown key; expected one of bonds, announce, failover, guests, standby, metrics, paths, stateDir',
  ]);
});

const TOO_LARGE = `#${' '.repeat(MAX_FILE_BYTES)}`;

for (const { what, bytes, says } of [
  {
    what: 'a file beyond the limit',
    bytes: Buffer.from(TOO_LARGE),
    says: /^F: larger than 256 KiB$/,
  },
  { what: 'a file that is no text', bytes: Buffer.from([0x62, 0xff, 0xfe]), says: /^F: not UTF-8 text$/ },
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
