import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { StateKeeper } from '../../../src/daemon/state-keeper.js';
import { SyscallError } from '../../../src/errors.js';
import { decodeState } from '../../../src/state/decode.js';
import type { StateFile } from '../../../src/sys/files/replaced-files.js';
import { Events } from '../../../src/tasks/events.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { FakeClock } from '../../support/fake-clock.js';
import { GUEST, Story } from '../../support/story.js';

const BOOT = 'this-boot';

/** A keeper at work, and a file that tells what was written when. */
async function keeping(t: TestContext, { fails = (): boolean => false } = {}) {
  const clock = new FakeClock();
  const story = new Story();
  const writes: { at: number; guests: string[] }[] = [];
  const slaves: (string | null | undefined)[] = [];
  const lines: string[] = [];
  const file: StateFile = {
    path: 'state.json',
    read: () => Promise.resolve(null),
    setAside: () => Promise.reject(new Error('nothing is wrong with it')),
    write: (parts) => {
      if (fails()) return Promise.reject(new SyscallError('write', 'ENOSPC', 'the state file'));
      const decoded = decodeState(Buffer.concat(parts), BOOT);
      assert.equal(decoded.reason, null);
      const guests = decoded.reason === null ? decoded.state.guests.map(({ mac }): string => mac) : [];
      writes.push({ at: clock.now - start, guests });
      if (decoded.reason === null) slaves.push(decoded.state.bonds[0]?.activeSlave?.name ?? null);
      return Promise.resolve();
    },
  };
  const say = (level: string) => (text: string) => void lines.push(`${level}: ${text}`);
  const log = { info: say('info'), warn: say('warn'), error: say('error') };
  const known = (): Promise<void> => Promise.resolve();
  const parts = { hostKnown: known, announcerReady: known, isAnnounced: () => true };
  const tools = { clock, log, events: new Events<DaemonEvents>() };
  const keeper = new StateKeeper(story.state, file, () => Promise.resolve(BOOT), tools, parts);
  const stop = new AbortController();
  const ended = keeper.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    for (let turns = 0; turns < 20; turns++) await advance(0);
    await ended;
  };
  t.after(end);
  const start = clock.now;
  /** Second by second, each with time for what it sets off. */
  const advance = async (seconds: number): Promise<void> => {
    for (let left = seconds; left >= 0; left--) {
      clock.advance(Math.min(left, 1));
      for (let turns = 0; turns < 5; turns++) {
        await turn();
        clock.advance(0);
      }
    }
  };
  await keeper.ready;
  return { story, writes, slaves, lines, advance, end, keeper, parts };
}

test('a change is in the file within seconds, also when nothing had changed for long before', async (t) => {
  const { story, writes, advance } = await keeping(t);
  await advance(60);
  assert.deepEqual(writes, [{ at: 1, guests: [] }]);
  story.learned('tap1');
  await advance(1);
  assert.deepEqual(writes.slice(1), [{ at: 61, guests: [GUEST] }]);
});

test('changes without end are saved every four seconds, and the last when the daemon ends', async (t) => {
  const { story, writes, advance, end } = await keeping(t);
  for (let second = 1; second <= 20; second++) {
    if (second % 2 === 1) story.learned('tap1');
    else story.learned('tap2');
    await advance(1);
  }
  assert.deepEqual(
    writes.map(({ at }) => at),
    [1, 5, 9, 13, 17],
  );
  await end();
  assert.equal(writes.length, 6);
});

test('what cannot be written is tried again, and told once', async (t) => {
  let full = true;
  const { writes, lines, advance } = await keeping(t, { fails: () => full });
  await advance(30);
  assert.deepEqual(writes, []);
  assert.deepEqual(lines, ['warn: cannot write the state file; will keep trying']);
  full = false;
  await advance(5);
  assert.equal(writes.length, 1);
  assert.deepEqual(lines.slice(1), ['info: writing the state file works again']);
});

test('a failover is saved at once, and until it is announced to its end as one that nobody knows of', async (t) => {
  const { writes, slaves, advance, end, keeper, parts } = await keeping(t);
  await advance(2);
  parts.isAnnounced = () => false;
  keeper.failover();
  await advance(0);
  keeper.failover();
  await advance(0);
  assert.deepEqual(
    writes.map(({ at }) => at),
    [1, 2],
    'and once',
  );
  parts.isAnnounced = () => true;
  await advance(5);
  await end();
  assert.deepEqual(slaves, ['up1', null, 'up1']);
});
