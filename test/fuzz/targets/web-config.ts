import assert from 'node:assert/strict';
import path from 'node:path';
import { readWebConfig } from '../../../src/config/web-config.js';
import { ConfigError } from '../../../src/errors.js';
import { assertOneLine } from '../engine/only.js';
import { bytesOf, type Target } from '../engine/target.js';

/** What must stay secret: it may stand in no message. */
const HASH = '$2b$12$kF0mv3Q6V0n8b9tq1bq5xO3ws1yW7h9pX2jQ7o1Vb2k1yY5uJx0Da';

function run(bytes: Uint8Array): void {
  try {
    const { tls, users, headers } = readWebConfig({ name: '/etc/bondherald/web.yaml', bytes });
    if (tls) assert.ok([tls.certFile, tls.keyFile].every((file) => path.isAbsolute(file) && !file.includes('\0')));
    for (const hash of users.values()) assert.match(hash, /^\$2[aby]\$\d\d\$.{53}$/);
    for (const [name, value] of Object.entries(headers)) {
      assert.match(name, /^[a-z-]+$/);
      assert.match(value, /^[\x20-\x7e]{1,1000}$/);
    }
    assertUsersKept(bytes, users.size);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.ok(error.problems.length >= 1);
    for (const problem of error.problems) {
      assertOneLine(problem, 700);
      assert.doesNotMatch(problem, /\$2[aby]\$\d\d\$.{10}/, 'a message with a hash in it');
    }
  }
}

/** Where nobody is left of those who may read, everyone may: a file that names somebody must not come to that. */
function assertUsersKept(bytes: Uint8Array, users: number): void {
  const named = /^basic_auth_users:\s*\n +\w+: +"?\$2/m.test(Buffer.from(bytes).toString());
  assert.ok(!named || users > 0, 'a user is lost, and the door is open');
}

const FILES = [
  `basic_auth_users:\n  prometheus: ${HASH}\n  other: "${HASH}"\n`,
  'tls_server_config:\n  cert_file: c.pem\n  key_file: k.pem\n  min_version: TLS13\n',
  'tls_server_config: {cert_file: c.pem, key_file: k.pem, client_auth_type: RequireAndVerifyClientCert, client_ca_file: /a}\n',
  `http_server_config:\n  headers:\n    X-Frame-Options: DENY\n    Strict-Transport-Security: max-age=1\nbasic_auth_users: {a: ${HASH}}\n`,
];

export const target = (): Target => ({
  corpus: FILES.map(bytesOf),
  tokens: [
    ...[
      '  __proto__: ',
      '__proto__',
      '  constructor: ',
      HASH,
      '&a ',
      '*a',
      '<<: ',
      '"',
      "'",
      '\\0',
      '\\n',
      '\n  ',
      '? ',
      '{',
      '}',
      '[',
      ']',
    ],
    ...['!!str ', '|\n   ', '---\n', '#', ': ', 'null', '~', 'false', '\u2028', '\u00e9'],
  ],
  maxBytes: 16 << 10,
  run,
});
