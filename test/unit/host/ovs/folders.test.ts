import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ovsIn } from '../../../../src/host/ovs/connection.js';
import { SyscallError } from '../../../../src/errors.js';
import type { StreamListener, UnixStream } from '../../../../src/sys/unix/unix-stream.js';
import { openFolder } from '../../../../src/sys/files/watch-folder.js';

/** Sockets by their paths: open, or the errno that connecting to them fails with. */
function ovs(sockets: Readonly<Record<string, string>>, ...folders: string[]) {
  const tried: string[] = [];
  const listeners: StreamListener[] = [];
  const openUnixStream = (file: string, listener: StreamListener): Promise<UnixStream> => {
    tried.push(file);
    const answer = sockets[file] ?? 'ENOENT';
    if (answer === 'open') {
      listeners.push(listener);
      return Promise.resolve({ write: () => undefined, close: () => undefined });
    }
    const error = new SyscallError('connect', answer, file);
    listener.closed(error); // as a socket that closes tells
    return Promise.reject(error);
  };
  return { host: ovsIn(folders, { openFolder, openUnixStream }), tried, listeners };
}

const ignore = (): StreamListener => ({ data: () => undefined, closed: () => assert.fail('told of another attempt') });

test('the database is looked for in each folder, in order, and all else where it was found', async () => {
  const { host, tried } = ovs({ '/b/db.sock': 'open', '/c/db.sock': 'open', '/b/x.ctl': 'open' }, '/a', '/b', '/c');
  assert.equal(host.folder.path, '/a');
  await host.connect('db.sock', ignore());
  assert.equal(host.folder.path, '/b');
  await host.connect('x.ctl', ignore());
  assert.deepEqual(tried, ['/a/db.sock', '/b/db.sock', '/b/x.ctl']);
});

test('one that does not answer says more than those that are not there', async () => {
  const sockets = { '/b/db.sock': 'ECONNREFUSED' };
  await assert.rejects(ovs(sockets, '/a', '/b', '/c').host.connect('db.sock', ignore()), { errno: 'ECONNREFUSED' });
  await assert.rejects(ovs({}, '/a', '/b').host.connect('db.sock', ignore()), { errno: 'ENOENT' });
});

test('a connection that came about is told of when it ends', async () => {
  const { host, listeners } = ovs({ '/b/db.sock': 'open' }, '/a', '/b');
  const told: unknown[] = [];
  await host.connect('db.sock', { data: (bytes) => told.push(bytes.length), closed: (error) => told.push(error) });
  listeners[0]?.data(new Uint8Array(3));
  listeners[0]?.closed(null);
  assert.deepEqual(told, [3, null]);
});
