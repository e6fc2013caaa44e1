import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWebConfig, type WebConfig } from '../../../src/config/web-config.js';
import { ConfigError } from '../../../src/errors.js';

const HASH = '$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG';

const read = (text: string): WebConfig => readWebConfig({ name: '/etc/b/web.yml', bytes: Buffer.from(text) });

function problems(text: string): readonly string[] {
  try {
    read(text);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('an empty file guards nothing', () => {
  for (const text of ['', '{}', 'tls_server_config:', 'basic_auth_users: {}']) {
    assert.deepEqual(read(text), { tls: null, users: new Map(), headers: {} });
  }
});

test('certificates, users and headers, with paths relative to the file', () => {
  const text = `
tls_server_config:
  cert_file: tls/server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ../ca.crt
  min_version: TLS13
http_server_config:
  http2: false
  headers: {X-Frame-Options: deny}
basic_auth_users:
  alice: ${HASH}
  "007": ${HASH}
`;
  assert.deepEqual(read(text), {
    tls: {
      certFile: '/etc/b/tls/server.crt',
      keyFile: '/keys/server.key',
      clientCaFile: '/etc/ca.crt',
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
    },
    users: new Map([
      ['alice', HASH],
      ['007', HASH],
    ]),
    headers: { 'x-frame-options': 'deny' },
  });
});

const BAD: [text: string, ...says: string[]][] = [
  [
    'tls_server_config: {cert_file: a}',
    '1: tls_server_config.key_file: missing; expected a file path, relative to the folder of this file',
  ],
  ['basic_auth_user: {}', '1: basic_auth_user: unknown key; did you mean basic_auth_users?'],
  [
    'tls_server_config:\n  cert_file: a\n  key_file: b\n  cipher_suites: [X]\n  cert: x\n  min_version: TLS10\nrate_limit: {burst: 1}',
    '4: tls_server_config.cipher_suites: invalid value ["X"]; expected no value: not supported',
    '5: tls_server_config.cert: invalid value "x"; expected no value: not supported; use cert_file',
    '6: tls_server_config.min_version: invalid value "TLS10"; expected TLS12 or TLS13',
    '7: rate_limit: invalid value {"burst":1}; expected no value: not supported',
  ],
  [
    'tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequestClientCert}',
    '1: tls_server_config.client_auth_type: ',
  ],
  [
    'tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}',
    '1: tls_server_config.client_auth_type: client certificates need a client_ca_file',
  ],
  [
    'tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}',
    '1: tls_server_config.client_ca_file: requires client_auth_type: RequireAndVerifyClientCert',
  ],
  [
    'tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12}',
    '1: tls_server_config.max_version: TLS12 is below min_version',
  ],
  [
    'http_server_config: {http2: true}',
    '1: http_server_config.http2: invalid value true; expected false: HTTP/2 is not supported',
  ],
  ['http_server_config: {headers: {X-Powered-By: me}}', '1: http_server_config.headers.X-Powered-By: unknown key'],
  [
    'http_server_config: {headers: {X-Frame-Options: "a\\r\\nSet-Cookie: b"}}',
    '1: http_server_config.headers.X-Frame-Options: ',
  ],
  [
    `basic_auth_users: {a: ${HASH.replace('$10$', '$31$')}}`,
    '1: basic_auth_users.a: invalid value "(hidden)"; expected the bcrypt hash',
  ],
  ['[', '1: not valid YAML, or'],
  ['- a', '1: invalid value "(hidden)"; expected a section with the keys tls_server_config'],
];

for (const [text, ...says] of BAD) {
  test(`${JSON.stringify(text)}: ${says[0]}`, () => {
    const lines = problems(text);
    for (const [n, start] of says.entries()) {
      assert.equal(lines[n]?.slice(0, `/etc/b/web.yml:${start}`.length), `/etc/b/web.yml:${start}`, lines.join('\n'));
    }
    assert.equal(lines.length, says.length, lines.join('\n'));
  });
}

test('no message shows a password or a key', () => {
  const text = 'basic_auth_users:\n  alice: hunter2\n  bob: [hunter2]\ntls_server_config: {key: hunter2}';
  const lines = problems(text);
  assert.ok(lines.length >= 4);
  assert.doesNotMatch(lines.join('\n'), /hunter2/);
  for (const start of ['*', '!', '&a *', '[', '"']) {
    const said = problems(`basic_auth_users: {alice: ${start}hunter2}`);
    for (const line of said) assert.match(line, /^\/etc\/b\/web\.yml:\d+: ./);
    assert.notDeepEqual(said, []);
    assert.doesNotMatch(said.join('\n'), /hunter2/);
  }
  assert.doesNotMatch(problems('basic_auth_users: hunter2').join('\n'), /hunter2/);
});

test('crasher: the file of htpasswd, and one with its lines, is refused, and no hash of it is told', () => {
  for (const text of [`alice:${HASH}`, `basic_auth_users: {alice:${HASH}}`, `basic_auth_users:\n  alice:${HASH}: x`]) {
    const said = problems(text).join('\n');
    assert.match(said, /^\/etc\/b\/web.yml:\d: /);
    assert.ok(!said.includes(HASH.slice(0, 12)), said);
  }
});

test('crasher: a user that would be lost does not leave the door open', () => {
  const text = `basic_auth_users:\n  __proto__: ${HASH}`;
  assert.deepEqual(problems(text), ['/etc/b/web.yml:2: basic_auth_users.__proto__: invalid user name']);
});
