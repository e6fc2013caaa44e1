/**
 * What stations say of themselves, put together by hand for tests: from the RFCs, sharing no code with the program.
 * Each gives a whole frame, 60 bytes at least.
 */
import { isIPv6 } from 'node:net';

/** A VLAN tag on the wire; the number of a VLAN stands for 802.1Q. */
export type SaidTag = number | { tpid: number; vid: number };

export interface Ends {
  src: string;
  dst?: string;
  tags?: readonly SaidTag[];
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const hex = (value: number, bytes: number): string => value.toString(16).padStart(2 * bytes, '0');
const plain = (mac: string): string => mac.replaceAll(':', '');
const v4 = (ip: string): string => Buffer.from(ip.split('.').map(Number)).toString('hex');

/** Sixteen bytes, by way of the URL standard's and then our own expansion of `::`. */
export function v6(ip: string): string {
  if (!isIPv6(ip)) throw new Error(`${ip} is no IPv6 address`);
  const [head = '', tail] = ip.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':')).map((g) => g.padStart(4, '0'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0000'), ...right].join('');
}

export function ethernet({ src, dst = BROADCAST, tags = [] }: Ends, type: number, payload: string): Buffer {
  const stack = tags.map((tag) => {
    const { tpid, vid } = typeof tag === 'number' ? { tpid: 0x8100, vid: tag } : tag;
    return hex(tpid, 2) + hex(vid, 2);
  });
  const bytes = Buffer.from(plain(dst) + plain(src) + stack.join('') + hex(type, 2) + payload, 'hex');
  return bytes.length >= 60 ? bytes : Buffer.concat([bytes, Buffer.alloc(60 - bytes.length)]);
}

/** RFC 826, section "Packet format". */
export function arp(ends: Ends, what: { op?: number; sha?: string; spa: string; tha?: string; tpa: string }): Buffer {
  const { op = 1, sha = ends.src, spa, tha = '00:00:00:00:00:00', tpa } = what;
  const payload = `000108000604${hex(op, 2)}${plain(sha)}${v4(spa)}${plain(tha)}${v4(tpa)}`;
  return ethernet(ends, 0x0806, payload);
}

/** RFC 903: who am I, says `src`. */
export function rarp(ends: Ends): Buffer {
  const mac = plain(ends.src);
  return ethernet(ends, 0x8035, `0001080006040003${mac}00000000${mac}00000000`);
}

/** RFC 1071. */
function checksum(odd: Buffer): number {
  const bytes = Buffer.concat([odd, Buffer.alloc(odd.length % 2)]);
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  while (sum >= 0x10000) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}

export interface Icmp6 {
  from: string;
  to?: string;
  hopLimit?: number;
  code?: number;
  /** Overrides the right one. */
  checksum?: number;
}

/** ICMPv6 in IPv6 (RFC 4443 section 2.1, RFC 8200): `body` in hexadecimal is what follows the checksum. */
export function icmp6(ends: Ends, type: number, ip: Icmp6, body: string): Buffer {
  const { from, to = 'ff02::1', hopLimit = 255, code = 0 } = ip;
  const [src, dst] = [v6(from), v6(to)];
  const length = 4 + body.length / 2;
  const head = hex(type, 1) + hex(code, 1);
  const right = checksum(Buffer.from(`${src}${dst}${hex(length, 4)}0000003a${head}0000${body}`, 'hex'));
  const message = `${head}${hex(ip.checksum ?? right, 2)}${body}`;
  const packet = `60000000${hex(length, 2)}3a${hex(hopLimit, 1)}${src}${dst}${message}`;
  return ethernet({ dst: '33:33:00:00:00:01', ...ends }, 0x86dd, packet);
}

const option = (type: number, mac: string | null): string => (mac === null ? '' : `${hex(type, 1)}01${plain(mac)}`);

/** A link-layer address for the option; null for none. */
export type About = Icmp6 & { target: string; lla?: string | null };

/** RFC 4861 section 4.3. */
export function ns(ends: Ends, ip: About): Buffer {
  return icmp6(ends, 135, ip, `00000000${v6(ip.target)}${option(1, ip.lla === undefined ? ends.src : ip.lla)}`);
}

/** RFC 4861 section 4.4; flags R 0x80, S 0x40, O 0x20. */
export function na(ends: Ends, ip: About & { flags?: number }): Buffer {
  const { flags = 0x20, target, lla = ends.src } = ip;
  return icmp6(ends, 136, ip, `${hex(flags, 1)}000000${v6(target)}${option(2, lla)}`);
}

/** RFC 4861 section 4.1. */
export function rs(ends: Ends, ip: Icmp6 & { lla?: string | null }): Buffer {
  return icmp6(ends, 133, ip, `00000000${option(1, ip.lla === undefined ? ends.src : ip.lla)}`);
}

/** RFC 4861 section 4.2. */
export function ra(ends: Ends, ip: Icmp6 & { lla?: string | null }): Buffer {
  return icmp6(ends, 134, ip, `4000070800000000${'00000000'}${option(1, ip.lla === undefined ? ends.src : ip.lla)}`);
}

export interface Udp4 {
  from: string;
  to?: string;
  dport?: number;
  /** The length of the IPv4 header in words of 4 bytes. */
  ihl?: number;
  fragment?: number;
}

/** UDP without a checksum in IPv4 (RFC 768, RFC 791). */
export function udp4(ends: Ends, ip: Udp4, data: string): Buffer {
  const { from, to = '255.255.255.255', dport = 67, ihl = 5, fragment = 0 } = ip;
  const length = 8 + data.length / 2;
  const first = `4${ihl.toString(16)}00${hex(4 * ihl + length, 2)}0000${hex(fragment, 2)}4011`;
  const rest = `${v4(from)}${v4(to)}${'00'.repeat(Math.max(0, 4 * ihl - 20))}`;
  // A bridge that hands packets to a firewall drops those with a wrong checksum.
  const sum = hex(checksum(Buffer.from(`${first}0000${rest}`, 'hex')), 2);
  return ethernet(ends, 0x0800, `${first}${sum}${rest}0044${hex(dport, 2)}${hex(length, 2)}0000${data}`);
}

export interface Dhcp extends Udp4 {
  /** 1 discover, 3 request, 4 decline, 7 release, 8 inform. */
  type: number;
  ciaddr?: string;
  giaddr?: string;
  chaddr?: string;
  requested?: string;
}

/** RFC 2131 section 2, with options 53 and 50. */
export function dhcp(ends: Ends, what: Dhcp): Buffer {
  const { type, ciaddr = '0.0.0.0', giaddr = '0.0.0.0', chaddr = ends.src, requested } = what;
  const head = `0101060012345678${'00000000'}${v4(ciaddr)}${'00'.repeat(8)}${v4(giaddr)}`;
  const names = `${plain(chaddr)}${'00'.repeat(10)}${'00'.repeat(192)}63825363`;
  const asked = requested === undefined ? '' : `3204${v4(requested)}`;
  return udp4(ends, what, `${head}${names}3501${hex(type, 1)}00${asked}ff`);
}

/** IPv4 for the link with Router Alert (RFC 2113): TTL 1, and whatever else Linux gives it. */
function linkLocal4(ends: Ends, from: string, to: string, message: string): Buffer {
  const first = `46c0${hex(24 + message.length / 2, 2)}000040000102`;
  const rest = `${v4(from)}${v4(to)}94040000`;
  const sum = hex(checksum(Buffer.from(`${first}0000${rest}`, 'hex')), 2);
  const group = hex(parseInt(v4(to).slice(2), 16) & 0x7fffff, 3);
  const dst = `01:00:5e:${group.replace(/..(?=.)/g, '$&:')}`;
  return ethernet({ dst, ...ends }, 0x0800, `${first}${sum}${rest}${message}`);
}

/** IGMP (RFC 3376 section 4): `body` in hexadecimal is what follows the checksum. */
export function igmp(
  ends: Ends,
  { type, code = 0, from, to, body }: { type: number; code?: number; from: string; to: string; body: string },
): Buffer {
  const head = hex(type, 1) + hex(code, 1);
  const sum = hex(checksum(Buffer.from(`${head}0000${body}`, 'hex')), 2);
  return linkLocal4(ends, from, to, `${head}${sum}${body}`);
}

/** ICMPv6 behind a hop-by-hop header with Router Alert (RFC 2711), hop limit 1, as MLD is sent (RFC 3810 section 5). */
export function mld(
  ends: Ends,
  { type, from, to, body }: { type: number; from: string; to: string; body: string },
): Buffer {
  const inner = icmp6({ ...ends, tags: [] }, type, { from, to }, body);
  const message = inner.toString('hex', 14 + 40, 14 + 40 + 4 + body.length / 2);
  const packet = `60000000${hex(8 + message.length / 2, 2)}0001${v6(from)}${v6(to)}3a00050200000100${message}`;
  return ethernet(
    {
      dst: `33:33:${v6(to)
        .slice(24)
        .replace(/..(?=.)/g, '$&:')}`,
      ...ends,
    },
    0x86dd,
    packet,
  );
}

/** A record of a report of IGMPv3 or MLDv2 (RFC 3376 section 4.2.4, RFC 3810 section 5.2.4). */
export function groupRecord(type: number, group: string, sources: readonly string[] = [], aux = ''): string {
  const bytes = group.includes(':') ? v6 : v4;
  return `${hex(type, 1)}${hex(aux.length / 8, 1)}${hex(sources.length, 2)}${[group, ...sources].map(bytes).join('')}${aux}`;
}

/** A report of several records. */
export function groupReport(ends: Ends, from: string, ...records: readonly string[]): Buffer {
  const body = `0000${hex(records.length, 2)}${records.join('')}`;
  if (from.includes(':')) return mld(ends, { type: 143, from, to: 'ff02::16', body });
  return igmp(ends, { type: 0x22, from, to: '224.0.0.22', body });
}

/**
 * A general query of IGMP or MLD in that version; hosts answer within a tenth of a second.
 * @param numbers of the latest version: robustness variable and query interval in seconds, as they are written
 */
export function groupQuery(ends: Ends, from: string, version: number, numbers = [2, 125]): Buffer {
  const tail = `${numbers.map((number) => hex(number, 1)).join('')}0000`;
  if (from.includes(':')) {
    const body = `0064${'0000'}${v6('::')}${version === 2 ? tail : ''}`;
    return mld(ends, { type: 130, from, to: 'ff02::1', body });
  }
  const body = `00000000${version === 3 ? tail : ''}`;
  return igmp(ends, { type: 0x11, code: version === 1 ? 0 : 1, from, to: '224.0.0.1', body });
}
