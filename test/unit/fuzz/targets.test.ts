import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from '../../fuzz/engine/fuzz.js';
import { TARGET_NAMES, type TargetName } from '../../fuzz/targets/index.js';

/** A few inputs over real sockets, or of many lines, take as long as thousands of frames. */
const FEW: Partial<Record<TargetName, number>> = {
  ...{ frames: 1500, ovsdb: 800, libvirt: 1500, config: 400, 'web-config': 1500 },
  ...{ 'control-socket': 1500, ask: 800, http: 600 },
};
const EXECUTIONS = 3000;

/** The same inputs each time: what is found by chance is for `make fuzz`. */
const SEED = 8;

for (const name of TARGET_NAMES) {
  test(`${name} survives spoilt and made-up inputs`, async () => {
    const { executions, crashers } = await fuzz(name, {
      seed: SEED,
      executions: FEW[name] ?? EXECUTIONS,
      seconds: 20,
    });
    for (const { input, error } of crashers) assert.fail(`${error}\non ${Buffer.from(input).toString('base64')}`);
    assert.ok(executions > 10, `only ${executions} inputs`);
  });
}
