import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { type Cut, Cuts, MAX_COUNTED } from '../../../src/guests/cuts.js';

const mac = (n: number): Mac => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}` as Mac;
const cut = (n: number, port = 7): Omit<Cut, 'count'> => ({ reason: 'per-port', port, mac: mac(n), limit: 2 });
const [full, roomy] = [(): boolean => false, (): boolean => true];

test('a limit that is met is told once, with whom it concerns and how many', () => {
  const cuts = new Cuts();
  assert.deepEqual([cuts.note(cut(1), 'a'), cuts.note(cut(2), 'b'), cuts.note(cut(2), 'b')], [true, true, false]);
  cuts.note(cut(3, 8), 'a');
  const told = [
    { ...cut(2), count: 2 },
    { ...cut(3, 8), count: 1 },
  ];
  assert.deepEqual(cuts.all(), [told[0], told[1]]);
  assert.deepEqual(cuts.look(full, 0), { begun: told, over: [] });
  cuts.note(cut(4), 'c');
  assert.deepEqual(cuts.look(full, 1), { begun: [], over: [] });
});

test('it is over when there is room, and nobody has met it for ten minutes', () => {
  const cuts = new Cuts();
  cuts.note(cut(1), 'a');
  cuts.look(full, 0);
  cuts.note(cut(2), 'b');
  assert.deepEqual(cuts.look(roomy, 50).over, []);
  cuts.note(cut(2), 'b'); // nothing new, but it lasts
  assert.deepEqual(cuts.look(roomy, 100).over, []);
  assert.deepEqual(cuts.look(roomy, 699).over, []);
  assert.deepEqual(cuts.look(full, 700).over, []);
  assert.deepEqual(cuts.look(roomy, 701).over, [{ ...cut(2), count: 2 }]);
  assert.deepEqual(cuts.all(), []);
});

test('a MAC in too many VLANs is one, whichever its port', () => {
  const cuts = new Cuts();
  const vlans = (n: number, port: number): Omit<Cut, 'count'> => ({ ...cut(n, port), reason: 'vlans' });
  for (const [n, port, what] of [[1, 7, 'a'], [1, 8, 'b'], [2, 7, 'a']] as const) cuts.note(vlans(n, port), what); // prettier-ignore
  assert.deepEqual(
    cuts.all().map(({ mac: whose, count }) => [whose, count]),
    [
      [mac(1), 2],
      [mac(2), 1],
    ],
  );
});

test('however many meet limits, what is held of them is bounded', () => {
  const cuts = new Cuts();
  for (let n = 0; n < MAX_COUNTED + 10; n++) cuts.note(cut(1), `${n}`);
  assert.equal(cuts.all()[0]?.count, MAX_COUNTED);
  for (let port = 0; port < 1000; port++) cuts.note(cut(1, port), 'a');
  assert.equal(cuts.all().length, 64);
});
