import path from 'node:path';
import * as z from 'zod';
import { ConfigError } from '../errors.js';
import { isSection } from './layers.js';
import { leaf, oneOf, section, text } from './leaves.js';
import { pathText, type Problem, problemsOf } from './problems.js';
import { type ConfigText, decodeText } from './read-config.js';
import { readYaml } from './yaml-file.js';

/** How the metrics are guarded, in the form of Prometheus's own web configuration files. */
export interface WebConfig {
  /** Null: plain HTTP. Paths are absolute. */
  readonly tls: WebTls | null;
  /** The bcrypt hash of each user's password; empty: everyone may read. */
  readonly users: ReadonlyMap<string, string>;
  /** For every answer; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Files and versions of TLS. */
interface WebTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Who signs the certificates that clients must have; null: they need none. */
  readonly clientCaFile: string | null;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
}

/** Versions by Node's names. */
const VERSIONS = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;
type TlsVersion = (typeof VERSIONS)[keyof typeof VERSIONS];

/** Keys of the exporter toolkit that we have no use for: nobody may believe that they work. */
const unsupported = (why: string): z.ZodType<unknown> => leaf(`no value: ${why}`, () => undefined).optional();
const inline = (instead: string): z.ZodType<unknown> => unsupported(`not supported; use ${instead}`);
const notHere = unsupported('not supported');

const fileName = text('a file path, relative to the folder of this file', (value) =>
  value !== '' && !value.includes('\0') ? value : undefined,
);
const version = oneOf('TLS12', 'TLS13');

const tls = section({
  cert_file: fileName,
  key_file: fileName,
  client_auth_type: oneOf('NoClientCert', 'RequireAndVerifyClientCert').optional(),
  client_ca_file: fileName.optional(),
  min_version: version.optional(),
  max_version: version.optional(),
  cert: inline('cert_file'),
  key: inline('key_file'),
  client_ca: inline('client_ca_file'),
  client_allowed_sans: notHere,
  cipher_suites: notHere,
  prefer_server_cipher_suites: notHere,
  curve_preferences: notHere,
});

/** Header values as RFC 9110 section 5.5 has them, in ASCII. */
const header = text('one line of ASCII text', (value) =>
  /^[\x20-\x7e]{1,1000}$/.test(value) ? value : undefined,
).optional();

const http = section({
  http2: leaf('false: HTTP/2 is not supported', (value) => (value === false ? value : undefined)).optional(),
  headers: section({
    'Content-Security-Policy': header,
    'X-Frame-Options': header,
    'X-Content-Type-Options': header,
    'X-XSS-Protection': header,
    'Strict-Transport-Security': header,
  }).optional(),
});

/** Costs of 4 to 18, beyond which one look at a password takes more than some seconds. */
const HASH = /^\$2[aby]\$(?:0[4-9]|1[0-8])\$[./A-Za-z0-9]{53}$/;

const users = z.record(
  z.string(),
  text('the bcrypt hash of a password, of cost 4 to 18, as `htpasswd -nBC 10 ""` writes it', (value) =>
    HASH.test(value) ? value : undefined,
  ),
  { error: 'a section with lines of USER: BCRYPT-HASH' },
);

const schema = section({
  tls_server_config: tls.nullish(),
  http_server_config: http.nullish(),
  basic_auth_users: users.nullish(),
  rate_limit: notHere,
});

type Raw = z.infer<typeof schema>;

/**
 * Reads a web configuration file, in the form of https://github.com/prometheus/exporter-toolkit. Keys that we do not
 * support are problems, not passed over.
 * @throws ConfigError with all problems, each in a line of its own; never with a hash in it
 */
export function readWebConfig(file: ConfigText): WebConfig {
  const yaml = readYaml(decodeText(file));
  const raw = yaml.raw ?? {};
  const parsed = schema.safeParse(raw);
  const problems = parsed.success
    ? [...lostUsers(raw, parsed.data), ...crossProblems(parsed.data)]
    : problemsOf(parsed.error, withoutSecrets(raw));
  // What the parser says of a text may quote it.
  const unreadable = 'not valid YAML, or an alias or a tag; quote the value';
  const found =
    yaml.problems.length > 0
      ? yaml.problems.map(({ line }) => ({ line, text: unreadable }))
      : problems.map((problem) => ({ line: yaml.lineOf(problem.path), text: problemText(problem) }));
  const lines = found.sort((a, b) => a.line - b.line);
  if (!parsed.success || lines.length > 0) {
    // Keys are shown; a colon without a blank behind it makes a hash a part of one.
    const shown = (text: string): string => text.replaceAll(/\$2[^\s"]*/g, HIDDEN);
    throw new ConfigError(...lines.map((each) => `${file.name}:${each.line}: ${shown(each.text)}`));
  }
  return finished(parsed.data, path.dirname(file.name));
}

const problemText = ({ path: at, text: what }: Problem): string => (at.length > 0 ? `${pathText(at)}: ${what}` : what);

/** Where no user is left, everyone may read: one that the schema's library passes over must be told of. */
function lostUsers(raw: unknown, { basic_auth_users: known }: Raw): Problem[] {
  const given = isSection(raw) && isSection(raw.basic_auth_users) ? Object.keys(raw.basic_auth_users) : [];
  return given
    .filter((user) => !Object.hasOwn(known ?? {}, user))
    .map((user) => ({ path: ['basic_auth_users', user], text: 'invalid user name' }));
}

function crossProblems({ tls_server_config: given }: Raw): Problem[] {
  if (!given) return [];
  const problems: Problem[] = [];
  const add = (key: string, what: string): void => void problems.push({ path: ['tls_server_config', key], text: what });
  const verifies = given.client_auth_type === 'RequireAndVerifyClientCert';
  if (verifies && given.client_ca_file === undefined)
    add('client_auth_type', 'client certificates need a client_ca_file');
  if (!verifies && given.client_ca_file !== undefined)
    add('client_ca_file', 'requires client_auth_type: RequireAndVerifyClientCert');
  if (given.min_version === 'TLS13' && given.max_version === 'TLS12') add('max_version', 'TLS12 is below min_version');
  return problems;
}

function finished(raw: Raw, folder: string): WebConfig {
  const { tls_server_config: given, http_server_config: server, basic_auth_users: known } = raw;
  const resolve = (file: string): string => path.resolve(folder, file);
  const headers = Object.entries(server?.headers ?? {}).flatMap(([name, value]) =>
    value ? [[name.toLowerCase(), value]] : [],
  );
  return {
    tls: given
      ? {
          certFile: resolve(given.cert_file),
          keyFile: resolve(given.key_file),
          clientCaFile: given.client_ca_file === undefined ? null : resolve(given.client_ca_file),
          minVersion: VERSIONS[given.min_version ?? 'TLS12'],
          maxVersion: VERSIONS[given.max_version ?? 'TLS13'],
        }
      : null,
    users: new Map(Object.entries(known ?? {})),
    headers: Object.fromEntries(headers) as Record<string, string>,
  };
}

/** What messages may show: no password that somebody wrote where its hash belongs, and no key. */
function withoutSecrets(raw: unknown): unknown {
  if (!isSection(raw)) return HIDDEN; // such as the file of htpasswd, where this one was meant
  const { basic_auth_users: known, tls_server_config: given, ...others } = raw;
  const hide = (section: object): object => Object.fromEntries(Object.keys(section).map((key) => [key, HIDDEN]));
  return {
    ...others,
    ...(known === undefined ? {} : { basic_auth_users: isSection(known) ? hide(known) : HIDDEN }),
    ...(given === undefined
      ? {}
      : { tls_server_config: isSection(given) && 'key' in given ? { ...given, key: HIDDEN } : given }),
  };
}

const HIDDEN = '(hidden)';
