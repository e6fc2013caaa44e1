import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ConfigError, ListenError } from '../../../src/errors.js';
import { Health } from '../../../src/http/health.js';
import { systemClock } from '../../../src/sys/clock.js';
import { endpoint, NO_LISTENER, served } from '../../support/endpoint.js';
import { freePort } from '../../support/ports.js';
import { until } from '../../support/until.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

const get = async (address: string): Promise<number> => (await fetch(`http://${address}/metrics`)).status;

function ask(port: number, options: RequestOptions): Promise<{ status: number; headers: object; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, agent: false, ...options }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => (body += part));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    asked.once('error', reject).end();
  });
}

test('metrics are served at each address, and at none any more after the end', async (t) => {
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const { task, run, stop } = endpoint(t, {
    listen: [
      { host: '127.0.0.1', port: ports[0] },
      { host: '', port: ports[1] },
      { host: '::1', port: ports[2] },
    ],
  });
  await task.ready;
  assert.equal(await get(`127.0.0.1:${ports[0]}`), 200);
  assert.equal(await get(`127.0.0.2:${ports[1]}`), 200);
  assert.equal(await get(`[::1]:${ports[1]}`), 200);
  assert.equal(await get(`[::1]:${ports[2]}`), 200);
  await assert.rejects(get(`127.0.0.2:${ports[0]}`), 'one address is that address alone');
  await assert.rejects(get(`127.0.0.1:${ports[2]}`));
  stop.abort();
  await run;
  for (const port of ports) await assert.rejects(get(`127.0.0.1:${port}`));
});

test('without an address nobody listens, and the task is ready all the same', async (t) => {
  const { task, run, stop } = endpoint(t, { listen: [] });
  await task.ready;
  stop.abort();
  await run;
});

test('where one address cannot be had, the others are given back, and the line says why', async (t) => {
  const port = await freePort();
  const address = { host: '127.0.0.1', port };
  const { run } = endpoint(t, { listen: [address, address] });
  await assert.rejects(run, { code: 'LISTEN', message: new RegExp(`127\\.0\\.0\\.1:${port} .*EADDRINUSE`) });
  await assert.rejects(get(`127.0.0.1:${port}`));
  const elsewhere = endpoint(t, { listen: [{ host: '2001:db8::1', port }] });
  await assert.rejects(elsewhere.run, {
    message: `cannot listen on [2001:db8::1]:${port} for metrics: EADDRNOTAVAIL; this host does not have that address (yet)`,
  });
});

test('HEAD has the headers of GET and no body; other paths and methods get one line', async (t) => {
  const port = await served(t);
  const whole = await ask(port, { path: '/metrics?x=1' });
  assert.match(whole.body, /^# HELP bondherald_build_info /);
  const head = await ask(port, { path: '/metrics', method: 'HEAD' });
  const length = (headers: object): unknown => (headers as Record<string, unknown>)['content-length'];
  assert.deepEqual([head.status, head.body, length(head.headers)], [200, '', length(whole.headers)]);
  for (const [method, path, status] of [
    ['GET', '/nothing', 404],
    ['POST', '/metrics', 405],
    ['OPTIONS', '*', 405],
    ['GET', '/healthz', 200],
  ] as const) {
    const answer = await ask(port, { method, path });
    assert.equal(answer.status, status);
    assert.match(answer.body, /^[^\n]+\n$/);
  }
});

test('/healthz names the sockets over which the kernel does not answer', async (t) => {
  const clock = { ...systemClock, after: (_: number, task: () => void) => (setImmediate(task), () => undefined) };
  const health = new Health(clock, {
    'main thread': () => Promise.resolve(),
    'failover thread': () => new Promise(() => undefined),
  });
  const port = await served(t, {}, { health });
  const { status, body } = await ask(port, { path: '/healthz' });
  assert.deepEqual(
    [status, body],
    [503, 'unhealthy: no answer from the kernel on the netlink socket of the failover thread\n'],
  );
});

test('a page that fails is one line to the client, and one in the log', async (t) => {
  const lines: string[] = [];
  const log = { ...quiet, error: (text: string) => void lines.push(text) };
  const refresh = (): void => {
    throw new Error('no gauge');
  };
  const port = await served(t, {}, { log, refresh });
  const { status, body } = await ask(port, { path: '/metrics' });
  assert.deepEqual([status, body, lines], [500, 'internal error\n', ['an HTTP request failed']]);
});

test('large headers are refused, and who says nothing is shown the door', { timeout: 20_000 }, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const port = await served(t);
  const { status } = await ask(port, { path: '/metrics', headers: { 'x-large': 'x'.repeat(10_000) } });
  assert.equal(status, 431);
  const slow = connect(port, '127.0.0.1');
  await once(slow, 'connect');
  const closed = new Promise((resolve) => slow.on('error', () => undefined).once('close', resolve));
  slow.write('GET /metrics HTTP/1.1\r\nHost: x\r\n');
  await ask(port, { path: '/' }); // the server has taken the connection before this one
  t.mock.timers.tick(9_000);
  slow.write('X-More: 1\r\n');
  t.mock.timers.tick(2_000);
  await closed;
});

test('more than 64 connections at once are not taken', async (t) => {
  const port = await served(t);
  const sockets = Array.from({ length: 65 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.any(sockets.map((socket) => once(socket.resume(), 'close')));
  assert.equal(sockets.filter((socket) => socket.closed).length, 1);
  for (const socket of sockets) socket.destroy();
});

test('it listens elsewhere when it is told to: what stays is not interrupted, what goes is given back', async (t) => {
  const [one, two, three] = [await freePort(), await freePort(), await freePort()];
  const at = (port: number, host = '127.0.0.1') => ({ host, port });
  const { task } = endpoint(t, { listen: [at(one), at(two)] });
  await task.ready;
  const open = connect(one, '127.0.0.1').on('error', () => undefined);
  await once(open, 'connect');
  await task.configure({ ...NO_LISTENER, listen: [at(one), at(three)] });
  assert.deepEqual([await get(`127.0.0.1:${one}`), await get(`127.0.0.1:${three}`)], [200, 200]);
  await assert.rejects(get(`127.0.0.1:${two}`));
  assert.ok(!open.destroyed, 'a connection to what stays goes on');
  open.destroy();
  await task.configure({ ...NO_LISTENER, listen: [at(three, '')] });
  assert.equal(await get(`127.0.0.2:${three}`), 200, 'the same port at every address');
  await task.configure(NO_LISTENER);
  await assert.rejects(get(`127.0.0.1:${three}`));
});

test('where it cannot listen, or the web configuration is wrong, it listens as before', async (t) => {
  const [one, taken] = [await freePort(), await freePort()];
  const other = endpoint(t, { listen: [{ host: '127.0.0.1', port: taken }] });
  const { task } = endpoint(t, { listen: [{ host: '127.0.0.1', port: one }] });
  await Promise.all([task.ready, other.task.ready]);
  const listen = [
    { host: '', port: one },
    { host: '127.0.0.1', port: taken },
  ];
  await assert.rejects(task.configure({ ...NO_LISTENER, listen }), ListenError);
  assert.equal(await get(`127.0.0.1:${one}`), 200);
  await assert.rejects(get(`127.0.0.2:${one}`));
  await assert.rejects(task.configure({ ...NO_LISTENER, webConfig: '/nowhere.yaml' }), ConfigError);
  assert.equal(await get(`127.0.0.1:${one}`), 200);
});

/** What comes back for these bytes until the connection ends. */
function said(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (some) => (got += some.toString())).on('error', () => undefined);
    socket.once('close', () => resolve(got)).end(bytes);
  });
}

test('crasher: of requests sent in one go the first is answered, and no other one costs anything', async (t) => {
  let asked = 0;
  const port = await served(t, {}, { refresh: () => void asked++ });
  const got = await said(port, 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(1000));
  const [, length, body = ''] =
    /^HTTP\/1\.1 200 OK\r\n[^]*content-length: (\d+)\r\n[^]*?\r\n\r\n([^]*)$/.exec(got) ?? [];
  assert.deepEqual([asked, Buffer.byteLength(body)], [1, Number(length)]);
});

test('crasher: what a client expects is passed over, and its connection serves one request', async (t) => {
  const port = await served(t);
  const got = await said(port, 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: much\r\n\r\n'.repeat(2));
  assert.deepEqual(got.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200']);
});

test('a flood of slow clients keeps nobody out once it is over', async (t) => {
  const port = await served(t);
  const slow = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await Promise.all(
    slow.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
  );
  for (const socket of slow) socket.write('GET /metrics HTTP/1.1\r\nX: ');
  const huge = await said(port, `GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`);
  assert.match(huge, /^$|^HTTP\/1\.1 431 /);
  for (const socket of slow) socket.destroy();
  await until(() => get(`127.0.0.1:${port}`).catch(() => null), { what: 'an answer' });
});
