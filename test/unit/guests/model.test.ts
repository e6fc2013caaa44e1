import { test } from 'node:test';
import { fuzzHostState } from '../../fuzz/host-state.js';

// Always the same histories: who changes the program is not to fail by chance. The long run looks for new ones.
test('after any history of a host, everyone is announced whom the rules name, and nobody else', () => {
  fuzzHostState(500, 11);
});
