import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Damping } from '../../../src/plan/limits.js';

const SETTINGS = { failovers: 4, within: 180, holdOff: 30 };

test('announcements that reached nobody take no room', () => {
  const damping = new Damping(SETTINGS);
  for (let at = 0; at < 20; at++) {
    assert.equal(damping.failover(at), null);
    damping.takeBack();
  }
  for (const at of [20, 21, 22, 23]) assert.equal(damping.failover(at), null);
  assert.equal(damping.failover(24), 200);
});

test('what a remake of the bond causes counts once: a slave is taken out, and another comes first', () => {
  const damping = new Damping(SETTINGS);
  for (const at of [0, 30, 60, 90]) {
    assert.equal(damping.failover(at), null, 'the active slave is let go');
    damping.remade(at + 0.1);
    damping.remade(at + 0.2);
    assert.equal(damping.failover(at + 1), null, 'another one comes first');
    assert.equal(damping.failover(at + 2), null, 'the primary is back');
  }
  assert.equal(damping.failover(120), 182, 'the fifth waits for the window of the first');
});

test('a remake that finds nobody, after one that was announced, counts when its guests are back', () => {
  const damping = new Damping(SETTINGS);
  for (const at of [0, 30, 60, 90]) {
    damping.failover(at);
    damping.remade(at + 0.1);
    damping.failover(at + 1);
    damping.takeBack();
    assert.equal(damping.failover(at + 5), null);
  }
  assert.equal(damping.failover(120), 185);
});

test('remakes that find nobody at first count once each, also when one follows the other at once', () => {
  const damping = new Damping(SETTINGS);
  for (const at of [0, 2, 4, 6]) {
    for (const step of [0, 0.2]) {
      assert.equal(damping.failover(at + step), null);
      damping.takeBack();
      damping.remade(at + step + 0.1);
    }
    assert.equal(damping.failover(at + 1), null, 'its guests are back');
  }
  assert.equal(damping.failover(100), 181);
});

test('remakes in quick succession count each, so that a service that does it in a loop is damped', () => {
  const damping = new Damping(SETTINGS);
  const remake = (at: number): (number | null)[] => {
    const letGo = damping.failover(at);
    damping.remade(at + 0.1);
    damping.remade(at + 0.2);
    return [letGo, damping.failover(at + 0.5)];
  };
  for (const at of [0, 1, 2, 3]) assert.deepEqual(remake(at), [null, null], `remake at ${at} s`);
  assert.deepEqual(remake(4), [null, 181.5], 'the way to the other slave took the place of the fifth');
});

test('so do remakes that let go of no active slave', () => {
  const damping = new Damping(SETTINGS);
  for (const at of [0, 1, 2, 3]) {
    damping.remade(at);
    assert.equal(damping.failover(at + 0.5), null);
  }
  damping.remade(4);
  assert.notEqual(damping.failover(4.5), null);
});

test('a link that flaps long before or after a remake counts for itself', () => {
  const damping = new Damping(SETTINGS);
  damping.failover(0);
  damping.remade(11);
  assert.equal(damping.failover(12), null);
  for (const at of [23, 24]) assert.equal(damping.failover(at), null);
  assert.equal(damping.failover(25), 180);
});
