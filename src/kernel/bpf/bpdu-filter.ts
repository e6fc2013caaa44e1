import { assemble, type Instruction, jump, label, type Line, load, pass } from './assembler.js';

/*
 * Spanning tree speaks in 802.3 frames, whose two bytes behind the addresses are a length:
 *
 *    IEEE 802.1D   to 01:80:c2:00:00:00   14 LLC 42 42 03
 *    PVST+         to 01:00:0c:cc:cc:cd   14 LLC aa aa 03   17 SNAP 00 00 0c 01 0b
 *
 * The kernel takes the outermost VLAN tag, which PVST+ may have, out of a frame before any socket sees it.
 */
const LENGTH_AT = 12;
const LLC_AT = 14;
const SNAP_PROTOCOL_AT = 20;
const LONGEST_802_3 = 1500;

/** The groups that spanning tree speaks to: six bytes each. */
export const BPDU_GROUPS: readonly Uint8Array[] = [
  Uint8Array.of(0x01, 0x80, 0xc2, 0x00, 0x00, 0x00),
  Uint8Array.of(0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd),
];

const at = (offset: number, value: number, no: string): Line[] => [load.half(offset), jump.equal(value, { no })];

/** The filter of a socket that hears spanning tree and nothing else. */
export function bpduFilter(): Instruction[] {
  return assemble([
    load.x(0),
    load.half(LENGTH_AT),
    jump.greater(LONGEST_802_3, { yes: 'drop' }),
    ...at(0, 0x0180, 'PVST+'),
    ...at(2, 0xc200, 'drop'),
    ...at(4, 0x0000, 'drop'),
    ...at(LLC_AT, 0x4242, 'drop'),
    pass(64),
    label('PVST+'),
    ...at(0, 0x0100, 'drop'),
    ...at(2, 0x0ccc, 'drop'),
    ...at(4, 0xcccd, 'drop'),
    ...at(SNAP_PROTOCOL_AT, 0x010b, 'drop'),
    pass(64),
    label('drop'),
    pass(0),
  ]);
}
