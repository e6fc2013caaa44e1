import assert from 'node:assert/strict';

/** What everything inherits from. */
const PROTOTYPES = [Object, Array, Function, String, Number, Boolean, Map, Set, Uint8Array, Error, Promise, RegExp].map(
  ({ name, prototype }) => ({ name, prototype: prototype as object, keys: Reflect.ownKeys(prototype).length }),
);

/** Whether an input got something into a prototype that was not there when this module was loaded. */
export function assertPrototypesUntouched(): void {
  for (const { name, prototype, keys } of PROTOTYPES) {
    const now = Reflect.ownKeys(prototype);
    assert.equal(now.length, keys, `${name}.prototype now has ${now.slice(keys).map(String).join(', ')}`);
  }
}
