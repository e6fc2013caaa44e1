import { parseIp } from '../addr/ip.js';

/** The names by which clients may ask for the metrics and the page. */
interface HostNames {
  /** What this host calls itself, with its domain or without. */
  readonly own: string;
  /** Those of the configuration, in lower case. */
  readonly names: readonly string[];
  /** Whether our certificate is for a name. */
  readonly isCertifiedFor: (name: string) => boolean;
}

/** `name`, `192.0.2.1`, `[2001:db8::1]`, each with a port or without (RFC 9110 section 7.2). */
const HEADER = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d{0,5})?$/;

const NAME = /^(?:[a-z0-9_-]+\.)*[a-z0-9_-]+$/;

/**
 * Whether a request is meant for us, by its Host header. A web page can have its own name lead to an address of ours, and
 * then read in a visitor's browser what we answer (DNS rebinding); the browser still sends that name. An IP address is no
 * name that anybody could lead elsewhere, and who sends no Host header is no browser.
 *
 * A host that knows its domain goes by its full and its short name. One that does not goes by its short name with any
 * domain: Prometheus asks by the full name.
 */
export function isForUs(header: string | undefined, { own, names, isCertifiedFor }: HostNames): boolean {
  if (header === undefined) return true;
  const [, inBrackets, plain = ''] = HEADER.exec(header) ?? [];
  if (inBrackets !== undefined) return parseIp(inBrackets.replace(/%.*/, ''))?.includes(':') ?? false; // a zone is of no account
  if (parseIp(plain) !== undefined) return true;
  const name = plain.toLowerCase().replace(/\.$/, '');
  if (!NAME.test(name)) return false;
  return name === 'localhost' || names.includes(name) || isOwn(name, own.toLowerCase()) || isCertifiedFor(name);
}

function isOwn(name: string, own: string): boolean {
  const [short = ''] = own.split('.');
  if (name === own || name === short) return true;
  return own === short && short !== '' && short !== 'localhost' && name.startsWith(`${short}.`);
}
