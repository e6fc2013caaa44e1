import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AlreadyRunningError, ControlSocketError } from '../../../src/errors.js';
import { askUnix } from '../../../src/sys/unix/unix-client.js';
import { listenUnix, shareWithGroup } from '../../../src/sys/unix/unix-server.js';
import type { UnixServerLimits } from '../../../src/sys/unix/unix-clients.js';
import { until } from '../../support/until.js';

const ASK = { answerBytes: 1 << 20, silentSeconds: 5 };
const LIMITS: UnixServerLimits = {
  clients: 4,
  requestBytes: 100,
  unreadBytes: 1 << 30,
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

test('of 1,000 clients that never ask, the last stay, and whoever asks is answered', { timeout: 20_000 }, async (t) => {
  const file = socketFile(t);
  await echo(t, file, { ...LIMITS, requestSeconds: 20 });
  const idle = Array.from({ length: 1000 }, () => connection(t, file));
  let closed = 0;
  for (const one of idle) void one.closed.then(() => closed++);
  await until(() => closed >= 1000 - LIMITS.clients, { what: 'the first are turned out' });
  const answers = await Promise.all(['a\n', 'b\n', 'c\n'].map((line) => ask(file, line)));
  assert.deepEqual(answers, ['A', 'B', 'C']);
});

/** A server whose answers wait until they are let go. */
async function slow(t: TestContext, file: string): Promise<{ lines: string[]; letGo: () => void }> {
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  const answer = (line: Uint8Array): Promise<string> => {
    lines.push(Buffer.from(line).toString());
    return new Promise((resolve) => waiting.push(() => resolve('done\n')));
  };
  const server = await listenUnix(file, { ...LIMITS, requestSeconds: 20, signSeconds: 0.05 }, answer);
  t.after(() => server.close());
  return { lines, letGo: () => waiting.splice(0).forEach((go) => go()) };
}

test('who waits for an answer keeps its place; the next is turned away until there is room', async (t) => {
  const file = socketFile(t);
  const { lines, letGo } = await slow(t, file);
  const asking = Array.from({ length: LIMITS.clients }, (_, n) => ask(file, `${n}\n`));
  await until(() => lines.length === LIMITS.clients, { what: 'all are being served' });
  await assert.rejects(ask(file, 'one more\n'), ControlSocketError);
  letGo();
  assert.deepEqual(
    (await Promise.all(asking)).map((line) => line.trim()),
    asking.map(() => 'done'),
  );
  const late = ask(file, 'again\n');
  await until(() => lines.length === LIMITS.clients + 1, { what: 'there is room again' });
  letGo();
  assert.equal((await late).trim(), 'done');
});

test('clients that ask and go leave no more work behind than there may be clients', async (t) => {
  const file = socketFile(t);
  const { lines, letGo } = await slow(t, file);
  for (let n = 0; n < 3 * LIMITS.clients; n++) {
    const { socket, closed } = connection(t, file);
    socket.write(`${n}\n`);
    await until(() => socket.bytesRead > 0 || socket.closed, { what: 'it is served, or turned away' });
    socket.destroy();
    await closed;
  }
  assert.equal(lines.length, LIMITS.clients);
  letGo();
  const late = ask(file, 'again\n');
  await until(() => lines.length === LIMITS.clients + 1, { what: 'there is room again' });
  letGo();
  await late;
});

test('what a client sends behind its request is not read, however much it is', { timeout: 20_000 }, async (t) => {
  const file = socketFile(t);
  const { lines, letGo } = await slow(t, file);
  const { socket } = connection(t, file);
  socket.write('a\n');
  await until(() => lines.length === 1, { what: 'it is being served' });
  let written = false;
  socket.write(Buffer.alloc(4 << 20), () => (written = true));
  await sleep(500);
  assert.equal(written, false, 'it waits in the memory of its sender');
  letGo();
});

test('answers that nobody takes are held up to a limit; then the oldest goes', { timeout: 20_000 }, async (t) => {
  const file = socketFile(t);
  const [length, answerSeconds] = [4 << 20, 20];
  const limits = { ...LIMITS, answerSeconds, unreadBytes: 10 << 20 };
  let asked = 0;
  const server = await listenUnix(file, limits, () => Promise.resolve(`${++asked}${'x'.repeat(length)}\n`));
  t.after(() => server.close());
  const lazy = [1, 2, 3, 4].map(() => connection(t, file));
  for (const [index, { socket }] of lazy.entries()) {
    socket.pause();
    socket.write('a\n');
    await until(() => asked > index, { what: 'its answer is there' });
  }
  for (const { socket } of lazy) socket.resume();
  const lengths = (await Promise.all(lazy.map(({ closed }) => closed))).map((text) => text.length);
  assert.deepEqual(
    lengths.map((got) => got > length),
    [false, false, true, true],
  );
});

test('a server that is out of file descriptors gets over it', { timeout: 20_000 }, async (t) => {
  const file = socketFile(t);
  const script = `
    import fs from 'node:fs';
    import { listenUnix } from ${JSON.stringify(new URL('../../../src/sys/unix/unix-server.js', import.meta.url).href)};
    await listenUnix(${JSON.stringify(file)}, ${JSON.stringify(LIMITS)}, async () => 'here\\n');
    const held = [];
    try { for (;;) held.push(fs.openSync('/dev/null')); } catch {}
    process.stdout.write('out');
    process.stdin.once('data', () => { held.forEach((fd) => fs.closeSync(fd)); process.stdout.write('in'); });`;
  const inner = `ulimit -n 64; exec "$0" --input-type=module -e "$1"`;
  const child = spawn('sh', ['-c', inner, process.execPath, script], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await until(() => said === 'out', { what: 'it has no descriptor left' });
  const tries = Array.from({ length: 20 }, () => connection(t, file));
  for (const { socket } of tries) socket.write('a\n');
  await sleep(200);
  child.stdin.write('go on\n');
  await until(() => said === 'outin', { what: 'it has some again' });
  assert.equal(await ask(file, 'a\n'), 'here');
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
  await assert.rejects(echo(t, file), /cannot create the folder of the control socket .*: (ENOTDIR|EEXIST)/);
});

test('a socket can be shared with a group of the host; where there is none, nothing changes', (t) => {
  const file = path.join(path.dirname(path.dirname(socketFile(t))), 'file');
  const groups = `${file}.groups`;
  fs.writeFileSync(file, '', { mode: 0o660 });
  const own = process.getgid?.() ?? 0;
  fs.writeFileSync(groups, `root:x:0:\nbondheralds:x:77777:\nbondherald:x:${own}:someone\nbroken\nodd:x:-1:\n`);
  assert.equal(shareWithGroup(file, 'bondherald', groups), null);
  assert.deepEqual([fs.statSync(file).gid, fs.statSync(file).uid], [own, process.getuid?.()]);
  for (const group of ['nobodies', 'broken', 'odd', '', 'bond'])
    assert.equal(shareWithGroup(file, group, groups), 'no-group', group);
  assert.equal(shareWithGroup(file, 'bondherald', `${groups}.none`), 'ENOENT');
  fs.symlinkSync('/nowhere', `${file}.link`);
  assert.equal(shareWithGroup(`${file}.link`, 'bondherald', groups), null, 'a link is not followed');
});
