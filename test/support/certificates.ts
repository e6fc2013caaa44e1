import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** Files of a certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes a certificate for 127.0.0.1, ::1 and some host names that signs itself; `name` is also that of its files. Needs
 * openssl.
 */
export function selfSigned(folder: string, name: string, ...hosts: readonly string[]): Certificate {
  const made = { cert: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) };
  const options = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${name}`;
  const subjects = ['IP:127.0.0.1', 'IP:::1', ...hosts.map((host) => `DNS:${host}`)].join(',');
  const names = ['-addext', `subjectAltName=${subjects}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
  execFileSync('openssl', [...options.split(' '), ...names, '-keyout', made.key, '-out', made.cert], { stdio: 'pipe' });
  return made;
}
