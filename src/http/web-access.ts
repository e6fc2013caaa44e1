import type { Config } from '../config/config.js';
import { readWebConfig, type WebConfig } from '../config/web-config.js';
import { BondheraldError, ConfigError, oneLine, SyscallError } from '../errors.js';
import { checkTls, isCertifiedFor, type TlsMaterial } from '../sys/http-server.js';
import type { Log } from '../sys/log.js';
import { PasswordChecker } from '../sys/password.js';
import { readSmallFile, stampOf } from '../sys/files/read-files.js';

/** What a server without certificates speaks. */
const PLAIN_HTTP = 'plain HTTP';

/** A web configuration with the files that it names. */
interface Loaded {
  readonly config: WebConfig;
  readonly tls: TlsMaterial | null;
  /** Of all its files, when they were read. */
  readonly stamp: string;
}

/**
 * Who may read the metrics, and the certificates: a web configuration file and what it names, read again when any of
 * them has changed. What is wrong with a changed file is told once, and what was read before goes on to hold: a slip
 * must neither open the door nor shut Prometheus out.
 */
export class WebAccess {
  private readonly passwords = new PasswordChecker();
  private loaded: Loaded;

  /** @throws ConfigError with all that is wrong with the file, or with the files that it names */
  constructor(
    private readonly file: string,
    private readonly log: Log,
  ) {
    this.loaded = load(file);
  }

  /** The certificates as they were last read; null: plain HTTP. */
  get tls(): TlsMaterial | null {
    return this.loaded.tls;
  }

  /** What a client has to speak: a server that speaks the one does not speak the other. */
  get kind(): string {
    return kindOf(this.loaded);
  }

  /** Whether anybody has to log in: without a user everyone may read. */
  get hasUsers(): boolean {
    return this.loaded.config.users.size > 0;
  }

  /** Whether the certificate is for a host name. */
  isCertifiedFor(name: string): boolean {
    return this.loaded.tls !== null && isCertifiedFor(this.loaded.tls, name);
  }

  /** For every answer. */
  get headers(): Readonly<Record<string, string>> {
    return this.loaded.config.headers;
  }

  /**
   * Reads again what has changed.
   * @returns the certificates, when anything has; else null
   */
  refresh(): TlsMaterial | null {
    const stamp = stampOf(filesOf(this.file, this.loaded.config));
    if (stamp === this.loaded.stamp) return null;
    try {
      const fresh = load(this.file);
      refuseOtherKind(this.file, this.loaded, fresh);
      const hadUsers = this.hasUsers;
      this.loaded = fresh;
      this.log.info('web configuration reloaded', { file: this.file });
      if (hadUsers && !this.hasUsers) this.log.warn('the web configuration has no users any more', { file: this.file });
      return fresh.tls;
    } catch (error) {
      if (!(error instanceof BondheraldError)) throw error;
      this.loaded = { ...this.loaded, stamp };
      this.log.warn('cannot use the changed web configuration; keeping the previous one', {
        reason: oneLine(error),
      });
      return null;
    }
  }

  /**
   * Whether a request may be answered.
   * @param authorization its header
   * @returns 'busy' when too many passwords wait to be looked at
   */
  async admits(authorization: string | undefined): Promise<boolean | 'busy'> {
    const { users } = this.loaded.config;
    const [anyHash] = users.values();
    if (anyHash === undefined) return true;
    const { user, password } = readBasic(authorization) ?? {};
    if (user === undefined || password === undefined) return false;
    const hash = users.get(user);
    // A user that there is not takes as long as one that there is.
    const found = await this.passwords.check({ user, password, hash: hash ?? anyHash });
    return found === true && hash === undefined ? false : found;
  }
}

/**
 * Looks through a web configuration file and the files that it names.
 * @param page what is to be served by it
 * @returns a line for each thing that is wrong with them, or that the status page would be for users and there are none
 */
export function webConfigProblems(file: string, page: Config['metrics']['page']): readonly string[] {
  try {
    const { config } = load(file);
    return page === 'authenticated' && config.users.size === 0 ? [`${file}: ${NO_USERS}`] : [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const NO_USERS =
  'basic_auth_users: none, and metrics.page: authenticated needs one; add a user, or set the page to off';

/** What RFC 7617 section 2 makes of a user and a password. */
function readBasic(header: string | undefined): { user: string; password: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function load(name: string): Loaded {
  const config = readWebConfig({ name, bytes: read(name, name) });
  // Before the files are read: one that changes meanwhile is read again.
  const stamp = stampOf(filesOf(name, config));
  const { tls } = config;
  if (!tls) return { config, tls: null, stamp };
  const { certFile, keyFile, clientCaFile, minVersion, maxVersion } = tls;
  const problems: string[] = [];
  const contents = [certFile, keyFile, clientCaFile].map((file) => {
    try {
      return file === null ? undefined : read(file, name);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  });
  const [cert, key, ca] = contents;
  if (problems.length > 0 || !cert || !key) throw new ConfigError(...problems);
  const material = { cert, key, ca, minVersion, maxVersion };
  checkTls(material, name);
  return { config, tls: material, stamp };
}

function read(file: string, name: string): Buffer {
  try {
    return readSmallFile(file);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new ConfigError(`${file === name ? name : `${name}: ${file}`}: cannot be read: ${error.errno}`);
  }
}

function filesOf(file: string, { tls }: WebConfig): string[] {
  const named = tls ? [tls.certFile, tls.keyFile, tls.clientCaFile] : [];
  return [file, ...named.filter((each) => each !== null)];
}

function refuseOtherKind(file: string, before: Loaded, now: Loaded): void {
  if (kindOf(before) === kindOf(now)) return;
  throw new ConfigError(`${file}: changing from ${kindOf(before)} to ${kindOf(now)} needs a restart`);
}

function kindOf({ tls }: Loaded): string {
  return tls ? (tls.ca ? 'TLS with client certificates' : 'TLS') : PLAIN_HTTP;
}
