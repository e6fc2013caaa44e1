import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OvsAnswerError } from '../../../../src/errors.js';
import { OvsDatabase } from '../../../../src/sources/ovs/database.js';

test('rows of any shape are either read or refused', () => {
  const [names] = [['Open_vSwitch', 'Bridge', 'Port', 'Interface']];
  const columns = [
    ...['bridges', 'name', 'ports', 'controller', 'other_config', 'interfaces', 'tag', 'trunks', 'vlan_mode'],
    ...['bond_mode', 'bond_active_slave', 'mac_in_use', 'options', 'type', 'ofport', '__proto__'],
  ];
  const atom = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.constant(['uuid', 'a']),
    fc.constant(['uuid', 'b']),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const value = fc.oneof(
    atom,
    fc.array(atom).map((atoms) => ['set', atoms]),
    fc.array(fc.tuple(fc.constantFrom('peer', 'mac-aging-time'), atom)).map((pairs) => ['map', pairs]),
  );
  const row = fc.dictionary(fc.constantFrom(...columns), value);
  const change = fc.oneof(
    { weight: 9, arbitrary: fc.record({ new: row }) },
    fc.constant({ old: {} }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const tables = fc.dictionary(
    fc.constantFrom(...names),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), change),
  );
  fc.assert(
    fc.property(fc.array(tables), (updates) => {
      const database = new OvsDatabase();
      for (const update of updates) {
        try {
          database.load(update);
          database.update([null, update]);
        } catch (error) {
          assert.ok(error instanceof OvsAnswerError, String(error));
        }
        assert.ok(Array.isArray(database.config().bridges));
      }
    }),
  );
});
