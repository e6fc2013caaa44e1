import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tcxEgressPrograms } from '../../../src/sys/bpf.js';

const LOOPBACK = 1;
const NOBODY = 0x7fffffff;

// A kernel without tcx, a user without the right, a filter of system calls: each is an answer, and none an error.
test('whatever kernel and user: the programs of a device, or a symbolic errno', () => {
  for (const device of [LOOPBACK, NOBODY]) {
    const answer = tcxEgressPrograms(device);
    if (typeof answer === 'string') assert.match(answer, /^(E[A-Z]+|errno \d+)$/);
    else assert.deepEqual([device, answer], [LOOPBACK, []]);
  }
});
