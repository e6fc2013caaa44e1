import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { runTasks, type Task, untilAborted } from '../../../src/tasks/task.js';
import { ListenError, UsageError } from '../../../src/errors.js';
import { Deferred } from '../../../src/tasks/deferred.js';

/** A task that does what it is told, and writes down what it went through. */
class FakeTask implements Task {
  readonly isReady = new Deferred();
  readonly failure = new Deferred();
  readonly log: string[] = [];

  constructor(readonly name: string) {}

  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.log.push('started');
    await Promise.race([untilAborted(signal), this.failure.promise]);
    await turn();
    this.log.push('ended');
  }
}

function three(): { tasks: FakeTask[]; stop: AbortController; ready: string[]; running: Promise<void> } {
  const tasks = ['one', 'two', 'three'].map((name) => new FakeTask(name));
  const stop = new AbortController();
  const ready: string[] = [];
  const running = runTasks(tasks, stop.signal, () => ready.push('ready'));
  return { tasks, stop, ready, running };
}

const logs = (tasks: FakeTask[]): string[][] => tasks.map(({ log }) => log);
const WHOLE_LIFE = ['started', 'ended'];

test('told to end, every task ends and the whole returns as if all were well', async () => {
  const { tasks, stop, running } = three();
  stop.abort();
  assert.equal(await running, undefined);
  assert.deepEqual(logs(tasks), [WHOLE_LIFE, WHOLE_LIFE, WHOLE_LIFE]);
});

test('told to end before it began, it begins and ends', async () => {
  const task = new FakeTask('late');
  await runTasks([task], AbortSignal.abort(), () => undefined);
  assert.deepEqual(task.log, WHOLE_LIFE);
});

test('when a task fails, the others are ended and its error is the one reported', async () => {
  const { tasks, running } = three();
  const failure = new ListenError('taken');
  tasks[1]?.failure.reject(failure);
  await assert.rejects(running, (error) => error === failure);
  assert.deepEqual(logs(tasks), [WHOLE_LIFE, ['started'], WHOLE_LIFE]);
});

test('of several failures the first is reported', async () => {
  const { tasks, running } = three();
  const failures = [new ListenError('first'), new UsageError('second')];
  tasks[2]?.failure.reject(failures[0] as Error);
  tasks[0]?.failure.reject(failures[1] as Error);
  await assert.rejects(running, (error) => error === failures[0]);
});

test('a task that fails while the others are being ended does not hide the first failure', async () => {
  const first = new ListenError('first');
  const brittle: Task = {
    name: 'brittle',
    ready: Promise.resolve(),
    async run(signal) {
      await untilAborted(signal);
      throw new UsageError('second');
    },
  };
  const failing: Task = { name: 'failing', ready: Promise.resolve(), run: () => Promise.reject(first) };
  await assert.rejects(
    runTasks([brittle, failing], new AbortController().signal, () => undefined),
    (error) => error === first,
  );
});

test('it is ready once every task is, and says so once', async () => {
  const { tasks, stop, ready, running } = three();
  for (const task of tasks) {
    assert.deepEqual(ready, []);
    task.isReady.resolve();
    await turn();
  }
  assert.deepEqual(ready, ['ready']);
  stop.abort();
  await running;
  assert.deepEqual(ready, ['ready']);
});

test('a task that cannot get ready keeps the whole from saying that it is', async () => {
  const { tasks, stop, ready, running } = three();
  tasks[0]?.isReady.reject(new UsageError('no'));
  tasks.slice(1).forEach((task) => task.isReady.resolve());
  await turn();
  assert.deepEqual(ready, []);
  stop.abort();
  await running;
});
