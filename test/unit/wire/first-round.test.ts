import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rate } from '../../../src/config/config.js';
import { SyscallError } from '../../../src/errors.js';
import { controlWords, EPOCH } from '../../../src/wire/batch-memory.js';
import { BatchWriter } from '../../../src/wire/batch-writer.js';
import { readLoss } from '../../../src/wire/failover-watch.js';
import { ReadyFirstRound } from '../../../src/wire/first-round.js';
import type { RoundOutcome } from '../../../src/wire/thread-messages.js';
import { AddressSpace } from '../../support/batch-memory.js';
import { FakeHost } from '../../support/host.js';

const DAMPING = { failovers: 4, within: 180, holdOff: 30 };

function open(frames: number, rate: Rate | null) {
  const batch = new BatchWriter(100);
  for (let n = 0; n < frames; n++) batch.put(`${n}`, new Uint8Array(60).fill(n));
  batch.publish();
  const space = new AddressSpace(batch.memory);
  const sent: number[] = [];
  const sender = {
    send(messages: bigint, count: number): number {
      sent.push(...space.frames(messages, count).map((bytes) => bytes[0] ?? NaN));
      return count;
    },
    close: () => undefined,
  };
  const round = new ReadyFirstRound(() => sender, { memory: batch.memory, capacity: 100, rate, damping: DAMPING });
  const at = (now: number) => ({ now, sinceArrival: () => 0.5, pause: assert.fail });
  const burst = (act: () => RoundOutcome | null): [number[], RoundOutcome | null] => {
    sent.length = 0;
    const outcome = act();
    return [[...sent], outcome];
  };
  return { batch, round, at, burst, epoch: () => Atomics.load(controlWords(batch.memory), EPOCH) };
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);

test('without a limit the first burst is everyone, each time', () => {
  const { round, at, burst } = open(10, 'unlimited');
  for (const now of [0, 1, 2]) {
    const [sent, outcome] = burst(() => round.failover(at(now)));
    assert.deepEqual(sent, upTo(0, 10));
    assert.deepEqual([outcome?.sent, outcome?.damped, outcome?.portion?.turns], [10, null, 10]);
  }
});

test('the first burst is as large as the tokens allow, and the next failover begins where it ended', () => {
  const { batch, round, at, burst } = open(10, { rate: 1, burst: 7 });
  const [first, outcome] = burst(() => round.failover(at(100)));
  assert.deepEqual(first, upTo(0, 7));
  assert.deepEqual(
    upTo(0, 10).map((n) => outcome?.portion && batch.wasIn(outcome.portion, `${n}`)),
    upTo(0, 10).map((n) => n < 7),
  );
  const [second, next] = burst(() => round.failover(at(105)));
  assert.deepEqual(second, [7, 8, 9, 0, 1]);
  assert.deepEqual(
    upTo(0, 10).filter((n) => next?.portion && batch.wasIn(next.portion, `${n}`)),
    [0, 1, 7, 8, 9],
  );
});

test('the next failover begins with whom the main thread says', () => {
  const { batch, round, at, burst } = open(10, { rate: 1, burst: 3 });
  round.failover(at(100));
  batch.startWith('8');
  assert.deepEqual(burst(() => round.failover(at(110)))[0], [8, 9, 0]);
});

test('when RARP is not wanted, none is sent, and the failover is told all the same', () => {
  const { round, at, burst } = open(10, null);
  const [sent, outcome] = burst(() => round.failover(at(0)));
  assert.deepEqual([sent, outcome?.portion?.turns, outcome?.damped], [[], 0, null]);
});

test('each failover, held back or not, ends the run before it', () => {
  const { round, at, burst, epoch } = open(2, 'unlimited');
  for (const now of [0, 1, 2, 3]) assert.equal(round.failover(at(now)).epoch, epoch());
  const [sent, damped] = burst(() => round.failover(at(4)));
  assert.deepEqual([sent, damped?.damped, damped?.portion, epoch()], [[], 180, null, 5]);
});

test('what is held back is announced by order when it may be, and not before, and once', () => {
  const { round, at, burst } = open(2, 'unlimited');
  for (const now of [0, 1, 2, 3, 4]) round.failover(at(now));
  assert.equal(round.release(at(179)), null);
  assert.deepEqual(burst(() => round.release(at(180)))[0], [0, 1]);
  assert.equal(round.release(at(181)), null);
});

test('a bond that loses its links ends the run that may last, and is told once', () => {
  const { round, at, epoch } = open(2, 'unlimited');
  assert.equal(round.lost('no-active-slave'), false, 'nothing was announced');
  round.failover(at(0));
  assert.equal(round.lost('no-active-slave'), true);
  assert.equal(epoch(), 2);
  assert.equal(round.lost('no-active-slave'), false);
});

test('a frame that came to its slot after the burst was not in it', () => {
  const { batch, round, at } = open(3, 'unlimited');
  const { portion } = round.failover(at(0));
  assert.ok(portion);
  batch.remove('0'); // the last takes its slot
  batch.put('9', new Uint8Array(60).fill(9));
  assert.deepEqual(
    ['1', '2', '9', 'nobody'].map((key) => batch.wasIn(portion, key)),
    [true, false, false, false],
  );
});

test('a bond cannot be sent on without a slave that works, when it is gone or of another mode, and only then', () => {
  const host = new FakeHost();
  const bond = host.index('bond0');
  const { details } = host.get('bond0');
  const up = { type: 'bond', mode: 1, activeSlave: 1, arpInterval: 0 } as const;
  assert.equal(details.type, 'bond');
  assert.equal(readLoss(host.change('bond0', { details: up, lowerUp: true })), null);
  const down = { bond, reason: 'no-active-slave' };
  assert.deepEqual(readLoss(host.change('bond0', { lowerUp: false })), down);
  assert.deepEqual(readLoss(host.change('bond0', { lowerUp: true, details: { ...up, activeSlave: null } })), down);
  assert.deepEqual(readLoss(host.change('bond0', { details: { ...up, mode: 0 } })), { bond, reason: 'bond-gone' });
  const lacp = { ...up, mode: 4, activeSlave: null };
  assert.equal(readLoss(host.change('bond0', { details: lacp })), null, 'of its links another may be in use');
  assert.deepEqual(readLoss(host.change('bond0', { details: lacp, lowerUp: false })), down);
  host.change('bond0', { details: up, lowerUp: true });
  assert.equal(readLoss(host.change('up1', { lowerUp: false })), null, 'that is for the bond to say');
  assert.deepEqual(readLoss(host.remove('bond0')), { bond, reason: 'bond-gone' });
});

test('another rate and other damping hold from the next failover on, with the tokens and the history there are', () => {
  const { round, at, burst } = open(10, { rate: 1, burst: 8 });
  burst(() => round.failover(at(100)));
  round.configure({ rate: { rate: 1, burst: 20 }, damping: { failovers: 2, within: 180, holdOff: 30 } }, 100);
  assert.equal(burst(() => round.failover(at(103)))[0].length, 3, 'none were left, three came');
  assert.equal(burst(() => round.failover(at(104)))[1]?.damped, 280, 'two were announced');
  round.configure({ rate: null, damping: DAMPING }, 300);
  assert.deepEqual(burst(() => round.release(at(300)))[0], []);
  round.configure({ rate: 'unlimited', damping: DAMPING }, 301);
  assert.equal(burst(() => round.failover(at(302)))[0].length, 10);
});

test('a bond that is made again with the ifindex of one that was deleted is sent on by a socket of its own', () => {
  const batch = new BatchWriter(100);
  batch.put('0', new Uint8Array(60));
  batch.publish();
  const used: string[] = [];
  let opened = 0;
  let failing = false;
  const openSender = () => {
    if (failing) throw new SyscallError('bind', 'ENODEV', 'a packet socket');
    const name = `socket ${++opened}`;
    return {
      send: (_: bigint, count: number) => {
        used.push(name);
        return count;
      },
      close: () => void used.push(`${name} closed`),
    };
  };
  const settings = { memory: batch.memory, capacity: 100, rate: 'unlimited' as const, damping: DAMPING };
  const round = new ReadyFirstRound(openSender, settings);
  const at = (now: number) => ({ now, sinceArrival: () => 0.5, pause: assert.fail });
  round.failover(at(0));
  round.lost('no-active-slave');
  round.failover(at(1));
  round.lost('bond-gone');
  failing = true;
  round.failover(at(2));
  failing = false;
  round.failover(at(3));
  assert.deepEqual(used, ['socket 1', 'socket 1', 'socket 1', 'socket 1 closed', 'socket 2']);
});

test('a first round that finds nobody takes no room in the window of the damping', () => {
  const { batch, round, at } = open(1, 'unlimited');
  batch.remove('0');
  batch.publish();
  for (let now = 0; now < 10; now++) assert.equal(round.failover(at(now)).damped, null);
  batch.put('0', new Uint8Array(60));
  batch.publish();
  for (let now = 10; now < 14; now++) assert.equal(round.failover(at(now)).damped, null);
  assert.equal(round.failover(at(14)).damped, 190);
});

test('frames that may not be right any more are left to the main thread, all of them, until they are known to be', () => {
  const { batch, round, at, burst } = open(10, { rate: 100, burst: 100 });
  batch.withhold(true);
  const [none, outcome] = burst(() => round.failover(at(0)));
  assert.deepEqual([none, outcome?.sent, outcome?.portion?.count, outcome?.portion?.turns], [[], 0, 10, 0]);
  assert.ok(upTo(0, 10).every((n) => outcome?.portion && !batch.wasIn(outcome.portion, `${n}`)));
  batch.withhold(false);
  assert.deepEqual(burst(() => round.failover(at(0)))[0], upTo(0, 10));
});
