import type { FirstRound } from '../results.js';
import { count, duration } from './table.js';

/** The picture's sizes, in its own units. */
const WIDTH = 860;
const LEFT = 210;
const RIGHT = 130;
const BAR = 16;
const GAP = 6;
const HEAD = 34;

const COLOURS: Readonly<Record<string, string>> = {
  bondherald: '#0b7a75',
  'C program': '#7a8b99',
  'C program, told to send': '#b6c1ca',
  'pcap’s inject, told to send': '#c9a227',
  'Open vSwitch': '#b0413e',
  'shell script': '#6d4c91',
};

/** From the first to the last frame of a first round, a bar each, on a logarithmic scale. An SVG document. */
export function chart(rows: readonly FirstRound[]): string {
  const drawn = rows.filter(({ firstToLast }) => firstToLast !== null);
  const times = drawn.map(({ firstToLast }) => firstToLast?.median ?? 1);
  const scale = scaleFor(times);
  const parts: string[] = [];
  let y = HEAD;
  for (const macs of [...new Set(drawn.map((row) => row.macs))]) {
    parts.push(text(12, y + BAR, `${count(macs)} MAC${macs === 1 ? '' : 's'}`, 'bold'));
    y += BAR + GAP;
    for (const row of drawn.filter((each) => each.macs === macs)) {
      parts.push(...bar(row, y, scale));
      y += BAR + GAP;
    }
    y += GAP;
  }
  const title = text(12, 20, 'First to last frame of the first round, logarithmic scale', 'bold');
  return document(y, [title, ...parts]);
}

/** From µs to a length. */
function scaleFor(times: readonly number[]): (us: number) => number {
  const low = Math.log10(Math.min(...times)) - 0.3;
  const high = Math.log10(Math.max(...times));
  return (us) => ((Math.log10(us) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
}

function bar({ contestant, firstToLast }: FirstRound, y: number, scale: (us: number) => number): string[] {
  const us = firstToLast?.median ?? 1;
  const length = Math.max(1, scale(us)).toFixed(1);
  const colour = COLOURS[contestant] ?? '#888888';
  return [
    text(LEFT - 8, y + BAR - 4, contestant, 'end'),
    `<rect x="${LEFT}" y="${y}" width="${length}" height="${BAR}" fill="${colour}"/>`,
    text(LEFT + Number(length) + 6, y + BAR - 4, duration(us)),
  ];
}

function text(x: number, y: number, words: string, how: 'start' | 'end' | 'bold' = 'start'): string {
  const attributes = how === 'bold' ? ' font-weight="bold"' : how === 'end' ? ' text-anchor="end"' : '';
  return `<text x="${x}" y="${y}"${attributes}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}

function document(height: number, parts: readonly string[]): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  return [
    `${open} font-family="sans-serif" font-size="13" fill="#222222">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
