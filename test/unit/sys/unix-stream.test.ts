import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { SyscallError } from '../../../src/errors.js';
import { openUnixStream, type UnixStream } from '../../../src/sys/unix/unix-stream.js';
import { until } from '../../support/until.js';

/** A socket that somebody serves, and its end of the latest connection. */
async function served(t: TestContext): Promise<{ file: string; peer: () => net.Socket; server: net.Server }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bondherald-'));
  const file = path.join(folder, 's');
  let latest: net.Socket | null = null;
  const server = net.createServer((socket) => (latest = socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(file, resolve));
  t.after(() => {
    latest?.destroy();
    server.close();
    fs.rmSync(folder, { recursive: true });
  });
  return { file, server, peer: () => latest ?? assert.fail('nobody has connected') };
}

/** Connects, and keeps what it is told. */
async function connected(
  file: string,
  unsentBytes?: number,
): Promise<{ stream: UnixStream; heard: () => string; closed: (SyscallError | null)[] }> {
  const pieces: Uint8Array[] = [];
  const closed: (SyscallError | null)[] = [];
  const listener = {
    data: (bytes: Uint8Array) => pieces.push(bytes),
    closed: (error: SyscallError | null) => closed.push(error),
  };
  const stream = await openUnixStream(file, listener, unsentBytes);
  return { stream, closed, heard: () => Buffer.concat(pieces).toString() };
}

const refused = (errno: string) => (error: unknown) =>
  error instanceof SyscallError && error.errno === errno && error.syscall === 'connect';

test('texts go out, bytes come in, and the end is told once', async (t) => {
  const { file, peer } = await served(t);
  const { stream, heard, closed } = await connected(file);
  stream.write('frage');
  await until(() => peer().read() as Buffer | null, { what: 'the text arrives' });
  peer().write('ant');
  peer().end('wort');
  await until(() => closed.length > 0, { what: 'the end' });
  assert.deepEqual([heard(), closed], ['antwort', [null]]);
  stream.close();
  stream.write('too late');
  assert.equal(closed.length, 1);
});

test('what is closed by us is told nothing more', async (t) => {
  const { file, peer } = await served(t);
  const { stream, heard, closed } = await connected(file);
  const gone = new Promise((resolve) => peer().on('close', resolve));
  peer().resume().write('on its way');
  stream.close();
  await gone;
  assert.deepEqual([heard(), closed], ['', []]);
});

test('a socket that is not there, that nobody serves, or that is no socket is refused with the errno', async (t) => {
  const { file, server } = await served(t);
  await assert.rejects(connected(`${file}.other`), refused('ENOENT'));
  const stale = `${file}.stale`;
  fs.writeFileSync(stale, '');
  await assert.rejects(connected(stale), refused('ECONNREFUSED'));
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(connected(file), refused('ENOENT'));
});

test('one who does not read loses the connection', async (t) => {
  const { file, peer } = await served(t);
  const { stream, closed } = await connected(file, 100_000);
  peer().pause();
  for (let n = 0; n < 100 && closed.length === 0; n++) stream.write('x'.repeat(50_000));
  await until(() => closed.length > 0, { what: 'the end' });
  assert.equal(closed[0]?.errno, 'ENOBUFS');
});
