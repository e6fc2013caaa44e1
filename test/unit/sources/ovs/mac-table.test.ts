import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OFPORT_LOCAL } from '../../../../src/sources/ovs/config.js';
import { MacTableReader } from '../../../../src/sources/ovs/mac-table.js';
import { loadOvsRecording, messagesOf } from '../../../support/ovs-recording.js';

/** [port, VLAN, MAC, age] of each row, and how many lines were none. */
function read(text: string, lines = 1e9): { rows: unknown[][]; unreadable: number; slices: number } {
  const reader = new MacTableReader(text);
  let slices = 1;
  while (reader.read(lines)) slices++;
  const rows = reader.rows.map(({ ofport, vlan, mac, age }) => [ofport, vlan, mac, age]);
  return { rows, unreadable: reader.unreadable, slices };
}

const HEADER = ' port  VLAN  MAC                Age\n';

test('the table of a real bridge: ports, the bridge itself, VLANs, a static row', () => {
  const [part] = loadOvsRecording().tables;
  const [message] = part ? messagesOf(part) : [];
  assert.ok(message?.kind === 'response' && typeof message.result === 'string');
  const { rows, unreadable } = read(message.result);
  assert.equal(unreadable, 0);
  const seen = rows.map(([port, vlan, mac, age]) => [port, vlan, mac, age === null ? 'static' : 'learned']);
  assert.deepEqual(seen, [
    [8, 0, '52:54:00:00:00:01', 'learned'],
    [OFPORT_LOCAL, 0, '52:54:00:0a:00:01', 'learned'],
    [7, 7, '52:54:00:00:00:03', 'learned'],
    [9, 906, '52:54:00:00:00:02', 'learned'],
    [3, 4095, '52:54:00:00:00:05', 'learned'],
    [9, 906, '52:54:00:0a:00:02', 'static'],
  ]);
});

test('every form that a version prints is read', () => {
  const mac = '52:54:00:00:00:01';
  assert.deepEqual(read('').rows, []);
  assert.deepEqual(read(HEADER), { rows: [], unreadable: 0, slices: 1 });
  assert.equal(read(' Port  VLAN  MAC                Age\n').unreadable, 0, 'after 3.7');
  assert.deepEqual(read(`${HEADER}65279  4095  ${mac}  3600\n`).rows, [[65279, 4095, mac, 3600]], 'no space before');
  assert.deepEqual(read(`${HEADER}    1     0  ${mac}   -1`).rows, [[1, 0, mac, 0]], 'at the end of its time');
});

test('a line that is no row is counted, and costs no other one', () => {
  const good = '    7   905  52:54:00:00:00:01   12';
  const bad = [
    'NONE     0  52:54:00:00:00:02    1',
    'tap1     0  52:54:00:00:00:02    1',
    '    0     0  52:54:00:00:00:02    1',
    '65534     0  52:54:00:00:00:02    1',
    '65280     0  52:54:00:00:00:02    1',
    '    1  4096  52:54:00:00:00:02    1',
    '    1    -1  52:54:00:00:00:02    1',
    '    1     0  52:54:00:00:00       1',
    '    1     0  52-54-00-00-00-02    1',
    '    1     0  52:54:00:00:00:02',
    '    1     0  52:54:00:00:00:02  never',
    '    1     0  52:54:00:00:00:02    1  and more',
  ];
  for (const line of bad) {
    const { rows, unreadable } = read(`${HEADER}${good}\n${line}\n\n${good}\n`);
    assert.deepEqual([rows.length, unreadable], [2, 1], line);
  }
});

test('a table is read in slices, the same as in one go', () => {
  const text = HEADER + '    7   905  52:54:00:00:00:01   12\n'.repeat(50);
  assert.deepEqual(read(text, 10), { ...read(text), slices: 6 });
  assert.equal(read(text).rows.length, 50);
});

test('no text at all makes it stumble', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom('\n', ' ', 'LOCAL', '1', '905', '52:54:00:00:00:01', 'static'));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      const { rows, unreadable } = read(text, 3);
      assert.ok(rows.length + unreadable <= text.split('\n').length);
    }),
  );
});
