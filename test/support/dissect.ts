/**
 * Takes an Ethernet frame apart, for tests: written from IEEE 802.3/802.1Q, RFC 826 and RFC 903, and sharing no code
 * with the program, so that a mistake there cannot hide here.
 *
 *     0  destination 6 | source 6 | { TPID 2 (0x8100, 0x88a8) | PCP 3 bits, DEI 1, VID 12 } * | EtherType 2 | payload
 */

/** What a frame says. */
export interface Dissected {
  dst: string;
  src: string;
  /** Outermost first. */
  tags: { tpid: number; vid: number }[];
  /** The EtherType after the tags. */
  etherType: number;
  payload: Buffer;
  /** Set for ARP (0x0806) and RARP (0x8035) over Ethernet and IPv4. */
  arp?: ArpFields;
  /** The length of the whole frame in bytes, tags included, check sequence not. */
  length: number;
}

/** RFC 826's fields; hardware addresses like 52:54:00:00:00:01, protocol addresses like 10.0.0.1. */
export interface ArpFields {
  op: number;
  sha: string;
  spa: string;
  tha: string;
  tpa: string;
}

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, rarp: 0x8035, ipv6: 0x86dd } as const;

/** Takes a frame apart. Throws on one too short for what it claims to hold. */
export function dissect(bytes: Uint8Array): Dissected {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags: Dissected['tags'] = [];
  let at = 12;
  while ([0x8100, 0x88a8].includes(frame.readUInt16BE(at))) {
    tags.push({ tpid: frame.readUInt16BE(at), vid: frame.readUInt16BE(at + 2) & 0xfff });
    at += 4;
  }
  const etherType = frame.readUInt16BE(at);
  const payload = frame.subarray(at + 2);
  const arp = etherType === ETHERTYPE.arp || etherType === ETHERTYPE.rarp ? arpFields(payload) : undefined;
  const head = { dst: mac(frame, 0), src: mac(frame, 6), tags, etherType, payload, length: frame.length };
  return arp === undefined ? head : { ...head, arp };
}

/** One line in tcpdump's manner, without the time. */
export function describe(bytes: Uint8Array): string {
  const { dst, src, tags, etherType, arp, length } = dissect(bytes);
  const vlans = tags.map(({ tpid, vid }) => `${tpid === 0x88a8 ? '802.1ad' : 'vlan'} ${vid}, `).join('');
  return `${src} > ${dst}, ${vlans}${whatIs(etherType, arp)}, length ${length}`;
}

function whatIs(etherType: number, arp: ArpFields | undefined): string {
  const type = `0x${etherType.toString(16).padStart(4, '0')}`;
  if (arp === undefined) return `ethertype ${type}`;
  if (etherType === ETHERTYPE.rarp) return `RARP op ${arp.op} who-is ${arp.tha} tell ${arp.sha}`;
  return arp.op === 1 ? `ARP who-has ${arp.tpa} tell ${arp.spa}` : `ARP ${arp.spa} is-at ${arp.sha}`;
}

/**
 * RFC 826: hardware type 2 = 1 | protocol type 2 = 0x0800 | 6 | 4 | op 2 | sha 6 | spa 4 | tha 6 | tpa 4
 */
function arpFields(payload: Buffer): ArpFields | undefined {
  if (payload.readUInt16BE(0) !== 1 || payload.readUInt16BE(2) !== ETHERTYPE.ipv4) return undefined;
  if (payload.readUInt16BE(4) !== 0x0604) return undefined;
  return {
    op: payload.readUInt16BE(6),
    sha: mac(payload, 8),
    spa: ipv4(payload, 14),
    tha: mac(payload, 18),
    tpa: ipv4(payload, 24),
  };
}

function mac(bytes: Buffer, at: number): string {
  if (at + 6 > bytes.length) throw new RangeError(`no MAC at byte ${at} of ${bytes.length}`);
  return bytes
    .subarray(at, at + 6)
    .toString('hex')
    .replace(/..(?=.)/g, '$&:');
}

function ipv4(bytes: Buffer, at: number): string {
  if (at + 4 > bytes.length) throw new RangeError(`no address at byte ${at} of ${bytes.length}`);
  return bytes.subarray(at, at + 4).join('.');
}
