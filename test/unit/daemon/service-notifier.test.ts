import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceNotifier } from '../../../src/daemon/service-notifier.js';
import type { ServiceManager } from '../../../src/sys/process/sd-notify.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A part of the daemon that lives as long as it is told to. */
class Part {
  alive = true;
  constructor(readonly name: string) {}

  turned(): boolean {
    return this.alive;
  }
}

function service(watchdog: number | null = 10) {
  const clock = new FakeClock();
  const told: string[] = [];
  const warnings: unknown[] = [];
  const manager = {
    watchdog,
    errno: null as string | null,
    notify(...assignments: string[]) {
      if (this.errno === null) told.push(assignments.join(' '));
      return this.errno;
    },
  } satisfies ServiceManager & { errno: string | null };
  const log = { info: () => undefined, warn: (...line: unknown[]) => void warnings.push(line), error: assert.fail };
  const parts = [new Part('kernel-watch'), new Part('announcer')] as const;
  const state = { guests: 3 };
  const notifier = new ServiceNotifier(
    { clock, log, openServiceManager: () => manager },
    () => `${state.guests} guests`,
    parts,
  );
  const stop = new AbortController();
  const running = notifier.run(stop.signal);
  const take = (): string[] => told.splice(0);
  return { clock, manager, warnings, parts, state, notifier, stop, running, take };
}

test('ready, reloading, ready again and stopping are told, each with what we do', async () => {
  const { clock, notifier, stop, running, take } = service(null);
  notifier.becomeReady();
  assert.deepEqual(take(), ['READY=1 STATUS=3 guests']);
  clock.advance(0.5);
  notifier.reloading();
  notifier.becomeReady();
  const reload = 'RELOADING=1 MONOTONIC_USEC=1000500000 STATUS=reloading the configuration';
  assert.deepEqual(take(), [reload, 'READY=1 STATUS=3 guests']);
  stop.abort();
  await running;
  assert.deepEqual(take(), ['STOPPING=1 STATUS=stopping']);
  assert.equal(clock.waiting, 0);
});

test('what became of a reload stands in the status until the next one', () => {
  const { clock, state, notifier, take } = service(null);
  notifier.becomeReady();
  notifier.reloading();
  notifier.becomeReady('refused');
  state.guests = 4;
  notifier.changed();
  clock.advance(3);
  notifier.reloading();
  notifier.becomeReady();
  const told = take().filter((line) => !line.startsWith('RELOADING'));
  assert.deepEqual(told.slice(1), [
    'READY=1 STATUS=3 guests; refused',
    'STATUS=4 guests; refused',
    'READY=1 STATUS=4 guests',
  ]);
});

test('a status is told when it is another one, at most every three seconds', () => {
  const { clock, state, notifier, take } = service(null);
  notifier.changed();
  notifier.becomeReady();
  take();
  for (let n = 0; n < 60; n++) {
    state.guests++;
    notifier.changed();
    clock.advance(0.1);
  }
  assert.deepEqual(take(), ['STATUS=33 guests', 'STATUS=63 guests']);
  notifier.changed();
  clock.advance(10);
  assert.deepEqual(take(), []);
});

test('the watchdog is fed at half its time while every part turns', () => {
  const { clock, notifier, take } = service();
  notifier.becomeReady();
  clock.advance(14.9);
  assert.deepEqual(take(), ['READY=1 STATUS=3 guests', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
});

for (const index of [0, 1] as const) {
  test(`the watchdog is not fed while one part of two hangs (${index}), and the log names it`, () => {
    const { clock, parts, warnings, notifier, take } = service();
    notifier.becomeReady();
    take();
    parts[index].alive = false;
    clock.advance(60);
    assert.deepEqual(take(), []);
    assert.deepEqual(
      [...new Set(warnings.map((warning) => JSON.stringify((warning as unknown[])[1])))],
      [`{"part":"${parts[index].name}"}`],
    );
    parts[index].alive = true;
    clock.advance(1.25);
    assert.deepEqual(take(), ['WATCHDOG=1']);
  });
}

test('a sign that comes a little late is waited for, not for another half of the time', () => {
  const { clock, parts, notifier, take } = service();
  notifier.becomeReady();
  take();
  parts[0].alive = false;
  clock.advance(5.5);
  parts[0].alive = true;
  clock.advance(1);
  assert.deepEqual(take(), ['WATCHDOG=1']);
});

test('a manager that does not listen is told again that we are ready, and the log says once that it did not', () => {
  const { clock, manager, warnings, notifier, take } = service();
  manager.errno = 'EAGAIN';
  notifier.becomeReady();
  clock.advance(5);
  assert.equal(warnings.length, 1);
  manager.errno = null;
  clock.advance(1);
  assert.deepEqual(take(), ['READY=1 STATUS=3 guests', 'WATCHDOG=1']);
});

test('at the end nothing is told any more', async () => {
  const { clock, notifier, stop, running, take } = service();
  notifier.becomeReady();
  notifier.changed();
  stop.abort();
  await running;
  take();
  notifier.changed();
  notifier.reloading();
  notifier.becomeReady();
  clock.advance(60);
  assert.deepEqual(take(), []);
});

test('without a service manager there is nothing to do', async () => {
  const clock = new FakeClock();
  const log = { info: assert.fail, warn: assert.fail, error: assert.fail };
  const notifier = new ServiceNotifier({ clock, log, openServiceManager: () => null }, () => '', []);
  const stop = new AbortController();
  const running = notifier.run(stop.signal);
  notifier.becomeReady();
  notifier.changed();
  stop.abort();
  await running;
  assert.equal(clock.waiting, 0);
});
