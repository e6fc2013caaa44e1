import { parseIp } from '../addr/ip.js';
import type { ListenAddress } from './config.js';

/**
 * Reads `127.0.0.1:9871`, `[::1]:9871`, or `:9871` for every address of this host.
 * @returns undefined when the text is none of them; names are none, because they may change what they mean
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, inBrackets, plain = '', digits = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  if (inBrackets === undefined && plain === '') return { host: '', port };
  const host = parseIp(inBrackets ?? plain);
  const isIpv6 = host?.includes(':') ?? false;
  return host === undefined || isIpv6 !== (inBrackets !== undefined) ? undefined : { host, port };
}
