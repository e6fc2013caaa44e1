import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health } from '../../../src/http/health.js';
import { Echoes } from '../../../src/wire/echoes.js';
import { FakeClock } from '../../support/fake-clock.js';

test('all is well when the kernel has answered over each socket, and no timer is left', async () => {
  const clock = new FakeClock();
  const health = new Health(clock, { one: () => Promise.resolve(), two: () => Promise.resolve() });
  assert.deepEqual(await health.look(), []);
  assert.equal(clock.waiting, 0);
});

test('a socket that stays silent, or whose thread has ended, is named after two seconds', async () => {
  const clock = new FakeClock();
  const health = new Health(clock, {
    one: () => Promise.resolve(),
    two: () => new Promise(() => undefined),
    three: () => Promise.reject(new Error('gone')),
  });
  const look = health.look();
  clock.advance(2);
  assert.deepEqual(await look, ['two', 'three']);
});

test('many who ask at once are one question', async () => {
  let asked = 0;
  const echoes = new Echoes(() => void asked++);
  const health = new Health(new FakeClock(), { one: () => echoes.next() });
  const looks = Array.from({ length: 50 }, () => health.look());
  echoes.arrived();
  for (const look of looks) assert.deepEqual(await look, []);
  assert.equal(asked, 1);
});

test('an answer that comes late is an answer to whoever asks then', async () => {
  const echoes = new Echoes(() => undefined);
  void echoes.next();
  const second = echoes.next();
  echoes.arrived();
  await second;
  echoes.arrived(); // one that nobody waits for
});
