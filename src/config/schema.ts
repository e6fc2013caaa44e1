import path from 'node:path';
import type * as z from 'zod';
import { isStationIp, parseIp } from '../addr/ip.js';
import { type MacPrefix, parseMac, parseMacPrefix, parseStationMac } from '../addr/mac.js';
import { type Config, FRAME_KINDS, GARP_FORMS, type ListenAddress } from './config.js';
import { duration, flag, leaf, list, number, oneOf, orWord, section, text, whole } from './leaves.js';

/** What the kernel takes for the name of a device (net/core/dev.c: dev_valid_name). */
function isDeviceName(name: string): boolean {
  return name !== '.' && name !== '..' && /^[^\s/:\0]+$/.test(name) && Buffer.byteLength(name) <= 15;
}

/** Whether every `[` of a glob is closed and has something in it, and no range in it runs backwards. */
function isGlob(glob: string): boolean {
  if (glob.length > 64 || !/^(?:[^\s/[\]]|\[(?!!\])[^\s/[\]]+\])+$/.test(glob)) return false;
  const sets = [...glob.matchAll(/\[!?([^\]]+)\]/g)].map(([, set = '']) => set);
  const ranges = sets.flatMap((set) => [...set.matchAll(/([^])-([^])/gu)]);
  return ranges.every(([, first = '', last = '']) => (first.codePointAt(0) ?? 0) <= (last.codePointAt(0) ?? 0));
}

/** Without a length the address must be whole: a short one is more likely a slip than a prefix. */
function macPrefix(value: string): MacPrefix | undefined {
  return parseMacPrefix(value.includes('/') ? value : (parseMac(value) ?? ''));
}

const bondName = text("a bond's name, at most 15 characters", (name) => (isDeviceName(name) ? name : undefined));

const vlan = whole(1, 4094);

/** More frames a second than any link of a hypervisor carries, and more at once than there are guests. */
const rate = orWord(
  'unlimited',
  section({ rate: number(0.1, 1_000_000, ' frames a second'), burst: whole(1, 1_000_000, ' frames') }),
);

/** Switches forget a MAC after 300 s by default: what has been said for ten minutes has been heard or is moot. */
const schedule = list(duration('0s', '10m'), {
  of: 'durations in ascending order, the first 0s',
  min: 1,
  max: 16,
}).refine(
  (offsets) => offsets[0] === 0 && offsets.every((offset, n) => n === 0 || offset > (offsets[n - 1] ?? 0)),
  'durations in ascending order, the first 0s',
);

/** A broadcast of each guest every second is more than any switch needs. YAML 1.1 reads a bare `off` as false. */
export const refresh = leaf('off, or a duration from 1s to 1d, such as 200s', (value): number | null | undefined =>
  value === false || value === 'off' ? null : duration('1s', '1d').safeParse(value).data,
);

const announce = section({
  kinds: list(oneOf(...FRAME_KINDS), {
    of: `of ${FRAME_KINDS.join(', ')}`,
    min: 1,
    max: FRAME_KINDS.length,
  }),
  garp: oneOf(...GARP_FORMS),
  schedule,
  jitter: number(0, 1),
  refresh,
  rate: section({ rarp: rate, arp: rate, na: rate, mcast: rate }),
  damping: section({
    failovers: whole(1, 1000, ' failovers'),
    within: duration('1s', '1d'),
    holdOff: duration('0s', '1h'),
  }),
});

const staticGuest = section({
  mac: text("a guest's MAC address, such as 52:54:00:12:34:56", parseStationMac),
  vlan: leaf('null for untagged frames, or a VLAN from 1 to 4094', (value) =>
    value === null ? null : vlan.safeParse(value).data,
  ).prefault(null),
  bond: bondName,
  addresses: list(
    text('an IPv4 or IPv6 address that a guest can have', (value) => {
      const ip = parseIp(value);
      return ip !== undefined && isStationIp(ip) ? ip : undefined;
    }),
    { of: 'addresses', max: 1024 },
  ).prefault([]),
});

/** As many guests as the state file holds; as many addresses as anyone has given one interface. */
export const limits = section({
  total: whole(1, 262_144, ' guests'),
  perPort: whole(1, 262_144, ' guests'),
  addressesPerGuest: whole(1, 1024, ' addresses'),
});

const exclude = section({
  macs: list(text('a MAC address, or a prefix with its length in bits, such as 02:bf/16', macPrefix), {
    of: 'MAC addresses',
    max: 1024,
    key: ({ value, bits }) => `${value}/${bits}`,
  }),
  vlans: list(vlan, { of: 'VLANs', max: 4094 }),
  ports: list(
    text('a pattern for port names, with *, ? and [...]', (value) => (isGlob(value) ? value : undefined)),
    { of: 'patterns', max: 256 },
  ),
});

/** As many as a file has room for. Repetitions are found by cross-checks.ts. */
export const staticGuests = list(staticGuest, { of: 'guests', max: 1024, key: () => null });

const source = oneOf(true, false, 'auto');

const snoop = oneOf(true, false, 'socket');

const guests = section({
  sources: section({
    ...{ fdb: flag, neighbour: flag, hostAddresses: flag, snoop },
    ...{ libvirt: source, proxmox: source, ovs: source },
  }),
  remember: duration('0s', '365d'),
  heardFor: duration('0s', '365d'),
  limits,
  exclude,
  virtualRouterMacs: flag,
  static: staticGuests,
});

const LISTEN = 'an address and port, such as "127.0.0.1:9871", "[::1]:9871" or ":9871" for all addresses';
const address = text(LISTEN, parseListenAddress);
const addresses = list(address, {
  of: 'addresses with ports',
  min: 1,
  max: 16,
  key: ({ host, port }) => `${host} ${port}`,
});

const listen = leaf(`off, ${LISTEN}, or a list of 1 to 16 of these`, (value) => {
  if (value === 'off') return [];
  return addresses.safeParse(Array.isArray(value) ? value : [value]).data;
});

/** YAML 1.1 reads a bare `off` as false, and so do tools that write our file. */
const page = leaf('off or authenticated', (value): Config['metrics']['page'] | undefined =>
  value === false || value === 'off' ? 'off' : value === 'authenticated' ? value : undefined,
);

/** RFC 1123 section 2.1, and the underscore that many networks use; the last label of a name is no number. */
function hostName(value: string): string | undefined {
  const isName = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!\d+$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
  return value.length <= 253 && isName.test(value) ? value.toLowerCase() : undefined;
}

/** Four thousand bytes are the kernel's limit for a path (PATH_MAX), with room for the file's own name. */
function absolutePath(value: unknown): string | undefined {
  if (typeof value !== 'string' || !path.isAbsolute(value)) return undefined;
  return Buffer.byteLength(value) <= 4000 && !/[\p{Cc}\p{Zl}\p{Zp}\ufeff]/u.test(value) ? value : undefined;
}

/** A file that need not be named. */
function file(what: string, isRight: (name: string) => boolean = () => true): z.ZodType<string | null> {
  return leaf(`null, or ${what}`, (value) => {
    const name = absolutePath(value);
    if (value === null) return null;
    return name !== undefined && isRight(name) ? name : undefined;
  });
}

export const metrics = section({
  listen,
  webConfig: file('the absolute path of a web configuration file'),
  page,
  names: list(text("a host's name, such as hv12.example.net", hostName), { of: 'names of this host', max: 64 }),
  // The node exporter reads what is called so, and nothing else.
  textfile: file('the absolute path of a file that ends in .prom', (name) => /[^/]\.prom$/.test(name)),
});

const bondList = list(bondName, { of: 'bonds', min: 1, max: 256 });

export const bonds = orWord('auto', bondList);

export const onCarrierLoss = leaf('true, false, or a list of 1 to 256 bonds', (value) =>
  typeof value === 'boolean' ? value : bondList.safeParse(value).data,
);

const folders = list(leaf('the absolute path of a folder', absolutePath), { of: 'folders', min: 1, max: 16 });

/** A whole file, its defaults filled in, to the finished configuration. */
export const schema: z.ZodType<Config> = section({
  bonds,
  announce,
  failover: section({ onCarrierLoss }),
  guests,
  standby: section({ watch: flag }),
  metrics,
  paths: section({ ovs: folders, libvirt: folders }),
  stateDir: leaf('the absolute path of a folder', absolutePath),
});

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
