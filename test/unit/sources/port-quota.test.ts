import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mac } from '../../../src/addr/mac.js';
import { PortQuota } from '../../../src/sources/port-quota.js';

const mac = (n: number): Mac => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}` as Mac;
const everyone = (): boolean => true;

test('a guest that invents addresses is turned away at the limit of its port, and the others are not', () => {
  const quota = new PortQuota({ total: 10, perPort: 2 });
  assert.equal(quota.admit(mac(1), 5, everyone), null);
  assert.equal(quota.admit(mac(2), 5, everyone), null);
  assert.deepEqual(quota.admit(mac(3), 5, everyone), { reason: 'per-port', port: 5, mac: mac(3), limit: 2 });
  assert.equal(quota.admit(mac(2), 5, everyone), null, 'who is in stays in');
  assert.equal(quota.admit(mac(3), 6, everyone), null);
});

test('at the limit of a port an address that fell silent makes room', () => {
  const quota = new PortQuota({ total: 10, perPort: 2 });
  quota.admit(mac(1), 5, everyone);
  quota.admit(mac(2), 5, everyone);
  const eviction = quota.admit(mac(3), 5, (each) => each !== mac(2));
  assert.deepEqual(eviction, { reason: 'per-port', port: 5, mac: mac(2), limit: 2 });
  assert.deepEqual(quota.admit(mac(4), 5, everyone), { reason: 'per-port', port: 5, mac: mac(4), limit: 2 });
});

test('at the limit of all, the newest address of the greediest port goes, unless the newcomer is greedier', () => {
  const quota = new PortQuota({ total: 4, perPort: 4 });
  for (const n of [1, 2, 3]) quota.admit(mac(n), 5, everyone);
  quota.admit(mac(4), 6, everyone);
  assert.deepEqual(quota.admit(mac(5), 5, everyone), { reason: 'total', port: 5, mac: mac(5), limit: 4 });
  assert.deepEqual(quota.admit(mac(6), 6, everyone), { reason: 'total', port: 5, mac: mac(3), limit: 4 });
  assert.deepEqual(quota.admit(mac(7), 6, everyone), { reason: 'total', port: 6, mac: mac(7), limit: 4 });
});

test('an address that leaves one of its two ports makes no room at the limit of all', () => {
  const quota = new PortQuota({ total: 2, perPort: 2 });
  for (const [n, port] of [
    [1, 5],
    [1, 6],
    [2, 5],
  ] as const)
    quota.admit(mac(n), port, everyone);
  const turnedAway = { reason: 'total', port: 5, mac: mac(3), limit: 2 };
  assert.deepEqual(
    quota.admit(mac(3), 5, (each) => each !== mac(1)),
    turnedAway,
  );
  assert.deepEqual(
    quota.admit(mac(3), 5, (each) => each !== mac(2)),
    { reason: 'per-port', port: 5, mac: mac(2), limit: 2 },
  );
});

test('an address that is gone leaves its room to another', () => {
  const quota = new PortQuota({ total: 1, perPort: 1 });
  quota.admit(mac(1), 5, everyone);
  quota.keep(mac(1), new Set([5]));
  assert.notEqual(quota.admit(mac(2), 5, everyone), null);
  quota.keep(mac(1), new Set());
  assert.equal(quota.admit(mac(2), 5, everyone), null);
});

test('whatever is learned, no port and no host holds more than its limit', () => {
  const step = fc.record({
    n: fc.integer({ min: 1, max: 12 }),
    port: fc.integer({ min: 1, max: 3 }),
    leave: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const limits = { total: 5, perPort: 3 };
      const quota = new PortQuota(limits);
      const held: { mac: Mac; port: number }[] = [];
      for (const { n, port, leave } of steps) {
        if (leave) {
          quota.keep(mac(n), new Set());
          held.splice(0, held.length, ...held.filter((each) => each.mac !== mac(n)));
          continue;
        }
        const out = quota.admit(mac(n), port, everyone);
        if (out?.mac !== mac(n) && !held.some((each) => each.mac === mac(n) && each.port === port)) {
          held.push({ mac: mac(n), port });
        }
        if (out) held.splice(0, held.length, ...held.filter((each) => each.mac !== out.mac || each.port !== out.port));
        for (const each of [1, 2, 3]) assert.ok(held.filter((row) => row.port === each).length <= limits.perPort);
        assert.ok(new Set(held.map((row) => row.mac)).size <= limits.total);
      }
    }),
  );
});
