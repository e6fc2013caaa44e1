import { paint, type Look } from './look.js';

const PICTURE = `
  client ──── sw2 ───────── sw1
               │             ╳      this link is cut while the bond sends by it
               │ up2     up1 │
               └─── bond0 ───┘      active-backup, miimon 100
                      │
                     br0
              ┌───────┼───────┐
              g1      g2      g3    three guests that never speak;
          untagged VLAN 10 VLAN 20    the client sends to each, all the time
`;

const TO_ASCII: Readonly<Record<string, string>> = { '─': '-', '│': '|', '╳': 'x' };

/** The picture of who is connected to whom. */
export function topology(look: Look): string[] {
  const lines = PICTURE.slice(1, -1).split('\n');
  return lines
    .map((line) => (look.unicode ? line : line.replace(/[^\x20-\x7e]/g, (glyph) => TO_ASCII[glyph] ?? '+')))
    .map((line) => line.replace(/ [╳x](?= )/, (cut) => paint(look, 'red', cut)));
}
