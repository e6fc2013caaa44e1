import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { StateKeeper } from '../../../src/daemon/state-keeper.js';
import { SyscallError } from '../../../src/errors.js';
import { decodeState } from '../../../src/state/decode.js';
import { applyJournal } from '../../../src/state/journal.js';
import type { StateFile } from '../../../src/sys/files/replaced-files.js';
import { Events } from '../../../src/tasks/events.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { FakeClock } from '../../support/fake-clock.js';
import { GUEST, Story } from '../../support/story.js';

const BOOT = 'this-boot';
const macOf = (n: number): string =>
  `52:54:00:01:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;

/** A keeper at work, and a file that tells what was written when. */
async function keeping(t: TestContext, { fails = (): boolean => false, guests: many = 0 } = {}) {
  const clock = new FakeClock();
  const story = new Story(undefined, { total: 10_000, perPort: 10_000 });
  for (let n = 0; n < many; n++) story.take(story.host.fdb(macOf(n), 'tap1'));
  const writes: { at: number; guests: string[] }[] = [];
  const slaves: (string | null | undefined)[] = [];
  const lines: string[] = [];
  let journal: Uint8Array[] = [];
  let document: Uint8Array = new Uint8Array();
  const file: StateFile = {
    path: 'state.json',
    read: () => Promise.resolve(null),
    setAside: () => Promise.reject(new Error('nothing is wrong with it')),
    readJournal: () => Promise.resolve(journal.length > 0 ? Buffer.concat(journal) : null),
    beginJournal: (head) => ((journal = head === null ? [] : [Buffer.from(head)]), Promise.resolve()),
    append: (parts) => {
      if (fails()) return Promise.reject(new SyscallError('write', 'ENOSPC', 'the journal'));
      journal.push(...parts);
      return Promise.resolve();
    },
    write: (parts) => {
      if (fails()) return Promise.reject(new SyscallError('write', 'ENOSPC', 'the state file'));
      const decoded = decodeState(Buffer.concat(parts), BOOT);
      assert.equal(decoded.reason, null);
      document = Buffer.concat(parts);
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
  /** What a daemon would know that starts now, in the same boot. */
  const recalled = (): Map<string, string | undefined> => {
    const read = decodeState(document, BOOT);
    if (read.reason !== null) assert.fail(read.reason);
    const head = { bootId: BOOT, savedAt: read.state.savedAt, bytes: document.length };
    const { state } = applyJournal(Buffer.concat(journal), head, read.state);
    return new Map(state.guests.map(({ mac, places }) => [mac, places.at(-1)?.device.name]));
  };
  const bytes = () => ({ document: document.length, journal: journal.reduce((sum, part) => sum + part.length, 0) });
  return { story, writes, slaves, lines, advance, end, keeper, parts, recalled, bytes, clock };
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

/** The same guest moves to and fro for so many seconds. */
async function moves({ story, advance }: Awaited<ReturnType<typeof keeping>>, seconds: number): Promise<void> {
  for (let second = 1; second <= seconds; second++) {
    story.learned(second % 2 === 1 ? 'tap1' : 'tap2');
    await advance(1);
  }
}

test('one guest that moves costs as many bytes among 4,000 guests as among 2,000, and is never more than 5 s behind', async (t) => {
  const cost = async (guests: number): Promise<number> => {
    const world = await keeping(t, { guests });
    await world.advance(5);
    assert.equal(world.writes.length, 1);
    const before = world.bytes();
    await moves(world, 20);
    assert.equal(world.writes.length, 1, 'the document is not written again');
    world.story.learned('tap1');
    await world.advance(5);
    assert.equal(world.recalled().get(GUEST), 'tap1');
    assert.equal(world.recalled().size, guests + 1);
    return world.bytes().journal - before.journal;
  };
  assert.equal(await cost(4000), await cost(2000));
});

test('a guest that is forgotten is in the journal as gone, and a change that concerns everybody writes all anew', async (t) => {
  const world = await keeping(t, { guests: 2000 });
  await world.advance(5);
  const { story } = world;
  story.take(story.host.change('tap2', { lowerUp: false }), story.host.fdb(macOf(7), 'tap1', { gone: true }));
  story.take(story.host.change('tap1', { lowerUp: false }), story.host.change('tap1', { lowerUp: true }));
  await world.advance(5);
  assert.deepEqual([world.writes.length, world.recalled().has(macOf(7)), world.recalled().size], [1, false, 1999]);
  story.take(story.host.change('bond0', { up: false }));
  await world.advance(5);
  assert.equal(world.writes.length, 2);
  assert.deepEqual([world.recalled().size, world.bytes().journal < 200], [1999, true]);
});

test('a journal that has grown, that cannot be written, or that is old makes place for a new document', async (t) => {
  let full = false;
  const world = await keeping(t, { guests: 2000, fails: () => full });
  await world.advance(5);
  await moves(world, 20);
  assert.equal(world.writes.length, 1);
  full = true;
  world.story.learned('tap2');
  await world.advance(5);
  full = false;
  await world.advance(5);
  assert.deepEqual([world.writes.length, world.recalled().get(GUEST)], [2, 'tap2']);
  for (let n = 0; n < 1200; n++) world.story.take(world.story.host.fdb(macOf(n), 'tap2'));
  await world.advance(5);
  assert.deepEqual([world.writes.length, world.recalled().get(macOf(0))], [2, 'tap2']);
  await moves(world, 5);
  assert.equal(world.writes.length, 3);
  await world.advance(610);
  assert.equal(world.writes.length, 4);
});
