import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseMac } from '../../../src/addr/mac.js';
import type { OvsMacRow } from '../../../src/sources/ovs/config.js';
import { MacTableReader } from '../../../src/sources/ovs/mac-table.js';
import { loadOvsRecording, messagesOf } from '../../support/ovs-recording.js';
import { bytesOf, type Target } from '../engine/target.js';

function read(text: string, lines: number): { rows: readonly OvsMacRow[]; unreadable: number } {
  const reader = new MacTableReader(text);
  while (reader.read(lines));
  const { rows, unreadable } = reader;
  return { rows, unreadable };
}

/** A row as ovs-vswitchd writes it. */
function written({ ofport, vlan, mac, age }: OvsMacRow): string {
  const port = ofport === 0xfffe ? 'LOCAL' : String(ofport);
  return `${port.padStart(5)}  ${String(vlan).padStart(4)}  ${mac}  ${age === null ? 'static' : String(age).padStart(3)}`;
}

function run(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString();
  const all = read(text, 256);
  assert.deepEqual(read(text, 1), all, 'it matters how many lines are read at a time');
  assert.ok(all.rows.length + all.unreadable <= text.split('\n').length);
  for (const { ofport, vlan, mac, age } of all.rows) {
    assert.ok((ofport > 0 && ofport < 0xff00) || ofport === 0xfffe);
    assert.ok(vlan >= 0 && vlan <= 4095);
    assert.equal(parseMac(mac), mac);
    assert.ok(age === null || (Number.isInteger(age) && age >= 0));
  }
  const again = read(all.rows.map(written).join('\n'), 256);
  assert.deepEqual(again, { rows: all.rows, unreadable: 0 }, 'rows that are written are read back');
}

function corpus(): string[] {
  const messages = loadOvsRecording().tables.flatMap(messagesOf);
  return messages.flatMap((message) =>
    message.kind === 'response' && typeof message.result === 'string' ? [message.result] : [],
  );
}

const row = fc
  .tuple(
    fc.constantFrom('LOCAL', '1', '65279', '65280', '0'),
    fc.nat(5000),
    fc.constantFrom('static', '0', '299', '-1'),
  )
  .map(([port, vlan, age]) => ` ${port}  ${vlan}  52:54:00:00:00:01  ${age}`);

export const target = (): Target => ({
  corpus: corpus().map(bytesOf),
  generated: fc.array(row).map((lines) => bytesOf(lines.join('\n'))),
  tokens: [
    'LOCAL',
    'static',
    '\n',
    '\r\n',
    '     ',
    '52:54:00:00:00:01',
    ' port  VLAN  MAC                Age',
    '-',
    '99999999999',
  ],
  maxBytes: 32 << 10,
  run,
});
