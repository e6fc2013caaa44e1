import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AlreadyRunningError, ControlSocketError } from '../../../src/errors.js';
import { askUnix } from '../../../src/sys/unix-client.js';
import { listenUnix, type UnixServerLimits } from '../../../src/sys/unix-server.js';
import { until } from '../../support/until.js';

const ASK = { answerBytes: 1 << 20, silentSeconds: 5 };
const LIMITS: UnixServerLimits = {
  clients: 4,
  requestBytes: 100,
  requestSeconds: 0.3,
  answerSeconds: 0.6,
  signSeconds: 20,
};

function socketFile(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bondherald-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, 'run', 'control.sock');
}

/** A server that sends back what it is told, in capitals. */
async function echo(t: TestContext, file: string, limits = LIMITS): Promise<() => void> {
  const server = await listenUnix(file, limits, async (line) => {
    await sleep(20); // the server looks things up
    return `${Buffer.from(line).toString().toUpperCase()}\n`;
  });
  t.after(() => server.close());
  return () => server.close();
}

async function ask(file: string, line: string): Promise<string> {
  return Buffer.from(await askUnix(file, line, ASK)).toString();
}

/** A connection that does as it is told, and what it got until it was closed. */
function connection(t: TestContext, file: string): { socket: net.Socket; closed: Promise<string> } {
  const socket = net.connect({ path: file });
  t.after(() => socket.destroy());
  let got = '';
  socket.on('data', (bytes) => (got += bytes.toString())).on('error', () => undefined);
  return { socket, closed: new Promise((resolve) => socket.on('close', () => resolve(got))) };
}

test('a line goes in and a line comes out; the file is for owner and group, and goes with the server', async (t) => {
  const file = socketFile(t);
  const close = await echo(t, file);
  assert.equal(fs.statSync(file).mode & 0o777, 0o660);
  assert.equal(fs.statSync(path.dirname(file)).mode & 0o777, 0o755);
  assert.deepEqual(await Promise.all(['a\n', 'b\n', 'c\n'].map((line) => ask(file, line))), ['A', 'B', 'C']);
  close();
  assert.ok(!fs.existsSync(file));
  await assert.rejects(ask(file, 'a\n'), (error) => error instanceof ControlSocketError && error.errno === 'ENOENT');
});

test('a request may come in pieces, and its sender may close its side at once', async (t) => {
  const file = socketFile(t);
  await echo(t, file);
  const { socket, closed } = connection(t, file);
  socket.write('he');
  setTimeout(() => socket.end('llo\nignored'), 50);
  assert.equal(await closed, 'HELLO\n');
});

test(
  'a client that says nothing, drips, or does not end its line is dropped, and the others are served',
  { timeout: 20_000 },
  async (t) => {
    const file = socketFile(t);
    await echo(t, file);
    const mute = connection(t, file);
    const dripping = connection(t, file);
    const drip = setInterval(() => dripping.socket.write('x'), 20);
    t.after(() => clearInterval(drip));
    const leaving = connection(t, file);
    leaving.socket.end('half a line');
    assert.equal(await ask(file, 'still there\n'), 'STILL THERE');
    assert.deepEqual(await Promise.all([mute.closed, dripping.closed, leaving.closed]), ['', '', '']);
    assert.equal(await ask(file, 'still there\n'), 'STILL THERE');
  },
);

test('a line that is too long is handed on cut, at about its limit', async (t) => {
  const file = socketFile(t);
  const lengths: number[] = [];
  const server = await listenUnix(file, LIMITS, (line) => {
    lengths.push(line.length);
    return Promise.resolve('too long\n');
  });
  t.after(() => server.close());
  const { socket, closed } = connection(t, file);
  socket.write('x'.repeat(150));
  assert.equal(await closed, 'too long\n');
  assert.deepEqual(lengths, [150]);
});

test('a client that does not take its answer is dropped', { timeout: 20_000 }, async (t) => {
  const file = socketFile(t);
  const server = await listenUnix(file, LIMITS, () => Promise.resolve(`${'x'.repeat(16 << 20)}\n`));
  t.after(() => server.close());
  const { socket, closed } = connection(t, file);
  socket.pause();
  socket.write('a\n');
  await sleep(LIMITS.answerSeconds * 1000 + 500);
  socket.resume();
  assert.ok((await closed).length < 16 << 20, 'the rest of the answer is not kept for it');
});

test('what the server cannot answer ends the connection, which the client calls a failure', async (t) => {
  const file = socketFile(t);
  const server = await listenUnix(file, LIMITS, () => Promise.reject(new Error('no')));
  t.after(() => server.close());
  await assert.rejects(
    ask(file, 'a\n'),
    (error) => error instanceof ControlSocketError && error.errno === 'ECONNRESET',
  );
});

test('beyond the number of clients the next are turned away, until one goes', async (t) => {
  const file = socketFile(t);
  await echo(t, file, { ...LIMITS, requestSeconds: 20 });
  const held = Array.from({ length: LIMITS.clients }, () => connection(t, file));
  await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
  await assert.rejects(ask(file, 'a\n'), ControlSocketError);
  held[0]?.socket.destroy();
  const served = (): Promise<boolean> =>
    ask(file, 'a\n').then(
      (line) => line === 'A',
      () => false,
    );
  await until(served, { what: 'there is room again' });
});

test('a server that hangs is given up in time', async (t) => {
  const file = socketFile(t);
  const server = await listenUnix(file, { ...LIMITS, answerSeconds: 20 }, () => new Promise(() => undefined));
  t.after(() => server.close());
  await assert.rejects(
    askUnix(file, 'a\n', { ...ASK, silentSeconds: 0.2 }),
    (error) => error instanceof ControlSocketError && error.errno === 'ETIMEDOUT',
  );
});

test('a server that is long at work says so, and its answer is waited for', async (t) => {
  const file = socketFile(t);
  const answer = (): Promise<string> => sleep(1500).then(() => '{}\n');
  const server = await listenUnix(file, { ...LIMITS, signSeconds: 0.05 }, answer);
  t.after(() => server.close());
  const line = await askUnix(file, 'a\n', { ...ASK, silentSeconds: 1 });
  assert.match(Buffer.from(line).toString(), /^ +\{\}$/);
});

test('the socket of a server that was killed is replaced; that of one that lives is not', async (t) => {
  const file = socketFile(t);
  fs.mkdirSync(path.dirname(file));
  const script = `require('net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok(fs.lstatSync(file).isSocket(), 'the killed one leaves its socket behind');
  await echo(t, file);
  assert.equal(await ask(file, 'a\n'), 'A');
  await assert.rejects(echo(t, file), (error) => error instanceof AlreadyRunningError && error.message.includes(file));
  assert.equal(await ask(file, 'a\n'), 'A', 'the first one is not disturbed');
});

test('a file that is no socket is left alone', async (t) => {
  const file = socketFile(t);
  fs.mkdirSync(path.dirname(file));
  fs.writeFileSync(file, 'precious');
  await assert.rejects(echo(t, file), ControlSocketError);
  assert.equal(fs.readFileSync(file, 'utf8'), 'precious');
});

test('where the folder cannot be made, the error says so', async (t) => {
  const file = path.join(path.dirname(socketFile(t)), 'x', 'control.sock');
  fs.writeFileSync(path.dirname(path.dirname(file)), 'in the way');
  await assert.rejects(echo(t, file), /cannot make the folder of the control socket .*: (ENOTDIR|EEXIST)/);
});
