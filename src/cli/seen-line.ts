import type { Tag } from '../frames/ethernet.js';
import type { SeenFrame } from './seen-frame.js';
import { printable } from './table.js';

/** Where and when a frame was seen. */
export interface Sighted {
  /** Seconds since 1970-01-01 00:00 UTC. */
  readonly time: number;
  readonly link: string;
  readonly direction: 'in' | 'out';
  /** Whether we have sent it; null: it may be ours, and nobody can tell. */
  readonly ours: boolean | null;
}

/** IEEE 802.1ad; tags of 802.1Q are the usual ones. */
const SERVICE_TAG = 0x88a8;

/**
 * What people read of a frame: time (UTC), link, direction, kind, MAC, VLANs, ours or not, addresses.
 * @param linkWidth of the longest name of a link
 */
export function seenLine(frame: SeenFrame, { time, link, direction, ours }: Sighted, linkWidth: number): string {
  const cells = [
    clock(time),
    link.padEnd(linkWidth),
    direction.padEnd(3),
    frame.kind.padEnd(11),
    frame.mac,
    vlanWords(frame.tags).padEnd(7),
    (ours === null ? 'ours?' : ours ? 'ours' : 'not ours').padEnd(8),
    addressWords(frame),
  ];
  return printable(cells.join('  ').trimEnd());
}

/** The same for programs; `vlan` is the outermost tag's. */
export function seenDocument(frame: SeenFrame, { time, link, direction, ours }: Sighted): object {
  const { kind, mac, destination, tags, address, target, hardware, flags, problem } = frame;
  return {
    time: Math.round(time * 1e6) / 1e6,
    ...{ link, direction, kind, mac, destination },
    vlan: tags[0]?.vid ?? null,
    tags: tags.map(({ tpid, vid }) => ({ tpid: `0x${tpid.toString(16)}`, vid })),
    ...{ address, target, hardware, flags, ours, problem },
  };
}

/** Of the day, to the microsecond. */
function clock(time: number): string {
  const micros = Math.round(time * 1e6);
  const second = new Date(Math.floor(micros / 1e6) * 1000).toISOString().slice(11, 19);
  return `${second}.${String(micros % 1e6).padStart(6, '0')}`;
}

function vlanWords(tags: readonly Tag[]): string {
  return tags.map(({ tpid, vid }) => (tpid === SERVICE_TAG ? `${vid}(ad)` : String(vid))).join('/') || '-';
}

function addressWords(frame: SeenFrame): string {
  const { kind, mac, address, target, hardware, flags, problem } = frame;
  if (problem !== null) return problem;
  const words = [address ?? '-'];
  if (target !== null) words.push(`${kind === 'arp-reply' || kind === 'na' ? 'to' : 'asks for'} ${target}`);
  if (hardware !== null && hardware !== mac) words.push(`${kind === 'rarp' ? 'about' : 'is at'} ${hardware}`);
  return [...words, ...flags].join(' ');
}
