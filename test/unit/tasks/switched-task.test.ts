import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SwitchedTask } from '../../../src/tasks/switched-task.js';
import { type Task, untilAborted } from '../../../src/tasks/task.js';
import { FrameError } from '../../../src/errors.js';
import { Deferred } from '../../../src/tasks/deferred.js';

const events: string[] = [];

class Work implements Task {
  readonly name = 'work';
  readonly failure = new Deferred();
  readonly ready = Promise.resolve();

  constructor(readonly setting: string) {}

  async run(signal: AbortSignal): Promise<void> {
    events.push(`begins ${this.setting}`);
    await Promise.race([this.failure.promise, untilAborted(signal)]);
    await Promise.resolve();
    events.push(`ends ${this.setting}`);
  }
}

function running(setting: string) {
  events.length = 0;
  const task = new SwitchedTask('work', setting, (wanted) => (wanted === '' ? null : new Work(wanted)));
  const stop = new AbortController();
  const run = task.run(stop.signal);
  run.catch(() => undefined);
  const current = (): string | undefined => task.task?.setting;
  return { task, stop, run, current };
}

test('a task is made, made anew and taken away as the setting says; the old one has ended before the new one is made', async () => {
  const { task, stop, run, current } = running('');
  await task.ready;
  assert.equal(current(), undefined);
  await task.configure('one', ({ setting }) => void events.push(`begun ${setting}`));
  await task.configure('two');
  assert.equal(current(), 'two');
  await task.configure('');
  assert.equal(current(), undefined);
  await task.configure('three');
  stop.abort();
  await run;
  assert.deepEqual(events, [
    ...['begins one', 'begun one', 'ends one'],
    ...['begins two', 'ends two', 'begins three', 'ends three'],
  ]);
  await task.configure('four');
  assert.equal(current(), undefined, 'nothing begins after the end');
});

test('its failure is a failure of the whole, and so is an end that nobody asked for', async () => {
  const { task, run } = running('one');
  await task.configure('two');
  task.task?.failure.reject(new FrameError('broken'));
  await assert.rejects(run, { message: 'broken' });
  const other = running('one');
  other.task.task?.failure.resolve();
  await assert.rejects(other.run, { code: 'TASK_ENDED' });
});
