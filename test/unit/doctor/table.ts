/**
 * The rows of docs/doctor.md, made from what the doctor says of hosts that have each fault.
 * `node build/test/unit/doctor/table.js` writes them anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { diagnose } from '../../../src/doctor/diagnose.js';
import type { FindingId } from '../../../src/doctor/finding.js';
import { SPECIMENS } from './host.js';

export const DOCUMENT = new URL('../../../../docs/doctor.md', import.meta.url);

/** When the level is another than that of the row's example. */
const OTHER_LEVELS: Partial<Record<FindingId, string>> = {
  'bond-slow-detection': 'advice below 1 s, or with `failover.onCarrierLoss`',
  'bond-updelay': 'advice if no `primary` makes the bond fail back',
  'bond-no-grat-arp': 'advice if the host has no address there',
  'bond-mode': 'advice for `balance-rr`, `balance-xor` and `broadcast`',
};

/** [id, level, finding, meaning, cure] of each finding, as its row has them. */
export function rows(): string[][] {
  return (Object.keys(SPECIMENS) as FindingId[]).map((id) => {
    const found = diagnose(SPECIMENS[id]).find((finding) => finding.id === id);
    if (!found) throw new Error(`the doctor does not find ${id}`);
    const other = OTHER_LEVELS[id];
    const level = other === undefined ? found.level : `${found.level}; ${other}`;
    return [`\`${id}\``, level, `${found.subject}: ${found.finding}`, found.meaning, `\`${found.cure}\``].map(escape);
  });
}

/** The same as the document has them. */
export function documentedRows(): string[][] {
  return readFileSync(DOCUMENT, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

const escape = (text: string): string => text.replaceAll('|', '\\|');

function write(): void {
  const lines = readFileSync(DOCUMENT, 'utf8').split('\n');
  const first = lines.findIndex((line) => /^\| -+ \|/.test(line)) + 1;
  const after = lines.findIndex((line, at) => at >= first && !line.startsWith('|'));
  const made = rows().map((cells) => `| ${cells.join(' | ')} |`);
  writeFileSync(DOCUMENT, [...lines.slice(0, first), ...made, ...lines.slice(after)].join('\n'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) write();
