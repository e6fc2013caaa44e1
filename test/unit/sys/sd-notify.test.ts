import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SyscallError } from '../../../src/errors.js';
import { openServiceManager } from '../../../src/sys/process/sd-notify.js';
import { listenForDatagrams } from '../../support/datagrams.js';

for (const kind of ['path', 'abstract'] as const) {
  test(`what is told arrives as one datagram a call, at a socket with ${kind} name`, (t) => {
    const socket = listenForDatagrams(t, kind);
    const manager = openServiceManager({ NOTIFY_SOCKET: socket.name });
    assert.equal(manager?.notify('READY=1', 'STATUS=37 guests behind bond0 (enp1s0) – all well'), null);
    assert.equal(manager.notify('WATCHDOG=1'), null);
    assert.deepEqual(socket.received(), ['READY=1\nSTATUS=37 guests behind bond0 (enp1s0) – all well', 'WATCHDOG=1']);
  });
}

test('without a service manager there is none', () => {
  assert.equal(openServiceManager({}), null);
  assert.equal(openServiceManager({ NOTIFY_SOCKET: '' }), null);
});

test('an address that is none is said at once', () => {
  for (const name of ['notify', 'vsock:2:1234', '/', '@', `/${'x'.repeat(107)}`]) {
    assert.throws(
      () => openServiceManager({ NOTIFY_SOCKET: name }),
      (error) => error instanceof SyscallError && error.message.includes(`NOTIFY_SOCKET=${name}`),
      name,
    );
  }
});

test('a manager that is gone or does not read is told nothing, and the errno says so', (t) => {
  assert.equal(openServiceManager({ NOTIFY_SOCKET: '/nowhere/notify' })?.notify('READY=1'), 'ENOENT');
  const socket = listenForDatagrams(t, 'path');
  const manager = openServiceManager({ NOTIFY_SOCKET: socket.name });
  let answer: string | null | undefined = null;
  for (let n = 0; n < 10_000 && answer === null; n++) answer = manager?.notify(`STATUS=${'x'.repeat(1000)}`);
  assert.equal(answer, 'EAGAIN');
  const received = socket.received();
  assert.notDeepEqual(received, []);
  assert.deepEqual([...new Set(received)], [`STATUS=${'x'.repeat(1000)}`]);
  assert.equal(manager?.notify('STATUS=again'), null);
});

test('the watchdog counts for this process only, and only when its time is one', (t) => {
  const NOTIFY_SOCKET = listenForDatagrams(t, 'path').name;
  const watchdog = (more: NodeJS.ProcessEnv): number | null | undefined =>
    openServiceManager({ NOTIFY_SOCKET, ...more }, 42)?.watchdog;
  assert.equal(watchdog({}), null);
  assert.equal(watchdog({ WATCHDOG_USEC: '10000000' }), 10);
  assert.equal(watchdog({ WATCHDOG_USEC: '500000', WATCHDOG_PID: '42' }), 0.5);
  assert.equal(watchdog({ WATCHDOG_USEC: '500000', WATCHDOG_PID: '43' }), null);
  for (const nonsense of ['', '0', '-1', 'ten', '1e999']) assert.equal(watchdog({ WATCHDOG_USEC: nonsense }), null);
});
