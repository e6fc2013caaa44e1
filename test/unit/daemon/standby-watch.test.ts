import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandbyWatch } from '../../../src/daemon/standby-watch.js';
import type { StandbyBond, StandbyVlan } from '../../../src/standby/report.js';
import { FakeClock } from '../../support/fake-clock.js';

type State = StandbyVlan['state'];

const row = (vid: number, state: State): StandbyVlan => ({
  ...{ vlans: [vid], guests: 1, state, reason: null, proven: null, missed: 0, arrivesWith: null },
});
const bond = (...states: State[]): StandbyBond => {
  const vlans = states.map((state, n) => row(10 * (n + 1), state));
  return { bond: 'bond0', activeSlave: 'up1', links: [{ link: 'up2', deaf: null, vlans }] };
};

test('one line when VLANs begin to be missing, one for each change, and one when all are carried', async () => {
  const clock = new FakeClock();
  const lines: unknown[] = [];
  let now = bond('carried', 'unknown');
  let looks = 0;
  const log = {
    info: (message: string) => void lines.push(message),
    warn: (message: string, fields: { vlans?: unknown } = {}) => void lines.push([message, fields.vlans]),
    error: assert.fail,
  };
  const stop = new AbortController();
  const run = new StandbyWatch(
    () => [now],
    { clock, log },
    () => looks++,
  ).run(stop.signal);
  const see = (...states: State[]): unknown[] => {
    now = bond(...states);
    for (let n = 0; n < 3; n++) clock.advance(5);
    return lines.splice(0);
  };
  const missing = 'a link that is not active does not carry VLANs of guests';
  assert.deepEqual(see('carried', 'unknown'), []);
  assert.deepEqual(see('carried', 'missing'), [[missing, 'VLAN 20']]);
  assert.deepEqual(see('missing', 'missing'), [[missing, 'VLAN 10, VLAN 20']]);
  assert.deepEqual(see('unknown', 'unknown'), [], 'nobody knows for a while');
  assert.deepEqual(see('missing', 'missing'), []);
  assert.deepEqual(see('carried', 'carried'), [
    'a link that is not active carries all VLANs of guests that it was heard of',
  ]);
  assert.equal(looks, 18);
  stop.abort();
  await run;
});
