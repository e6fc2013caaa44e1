import { dissect, ETHERTYPE } from '../../support/dissect.js';
import { v6 } from '../../support/say.js';
import { until } from '../../support/until.js';
import type { Capture } from './capture.js';
import { BONDHERALD, runIn } from './daemon.js';

/** Everything that an announcement may consist of, tagged or not. */
export const WORDS_FILTER = ['', 'vlan and ', 'vlan and vlan and ']
  .map((tags) => `(${tags}(rarp or arp or (icmp6 and ip6[40] == 136)))`)
  .join(' or ');

/**
 * The announcements among a capture's frames as words: `rarp MAC [vids]`, `garp MAC IP [vids]`,
 * `na MAC IP R|- [vids]`, `mcast MAC [vids]` for a report of groups over IPv6; anything else as `other ...`. Each word once, sorted.
 */
export function words({ frames }: Capture): string[] {
  return [...new Set(frames.map(({ bytes }) => word(bytes)))].sort();
}

/** How often a word was said. */
export function timesSaid({ frames }: Capture, wanted: string): number {
  return frames.filter(({ bytes }) => word(bytes) === wanted).length;
}

function word(bytes: Buffer): string {
  const { src, tags, etherType, arp, payload } = dissect(bytes);
  const stack = `[${tags.map(({ vid }) => vid).join(' ')}]`;
  if (etherType === ETHERTYPE.rarp && arp?.sha === src && arp.tha === src) return `rarp ${src} ${stack}`;
  if (etherType === ETHERTYPE.arp && arp?.op === 1 && arp.sha === src && arp.spa === arp.tpa) {
    return `garp ${src} ${arp.spa} ${stack}`;
  }
  if (etherType === ETHERTYPE.ipv6 && payload[40] === 136) return `na ${src} ${naWord(payload)} ${stack}`;
  if (etherType === ETHERTYPE.ipv6 && payload[6] === 0 && payload[40] === 58) return `mcast ${src} ${stack}`;
  return `other ${bytes.toString('hex')}`;
}

/** RFC 4861 section 4.4: flags at 4, target at 8 of the message, which begins behind 40 bytes of IPv6. */
function naWord(packet: Buffer): string {
  const target = packet.toString('hex', 48, 64);
  const flags = packet[44] ?? 0;
  return `${NAMES.get(target) ?? target} ${flags & 0x80 ? 'R' : '-'}${flags & 0x60 ? '' : ' without override'}`;
}

/** IPv6 addresses that tests use, as they write them. */
const NAMES = new Map<string, string>();

/** Makes an IPv6 address appear in words as it is written here. */
export function named(ip: string): string {
  NAMES.set(v6(ip), ip);
  return ip;
}

/** Waits until the daemon lists exactly these addresses of a MAC, in all VLANs together. */
export async function untilAddresses(mac: string, addresses: readonly string[]): Promise<void> {
  let listed: string[] = [];
  const look = async (): Promise<boolean> => {
    const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
    const { bonds } = JSON.parse(stdout) as { bonds: { guests: { mac: string; addresses: string[] }[] }[] };
    listed = bonds.flatMap(({ guests }) => guests.filter((guest) => guest.mac === mac).flatMap((g) => g.addresses));
    return [...listed].sort().join() === [...addresses].sort().join();
  };
  await until(look, { what: `${mac} has ${addresses.join()}`, every: 50 }).catch((error: unknown) => {
    throw new Error(`${String(error)}; it has ${listed.join() || 'none'}`);
  });
}
