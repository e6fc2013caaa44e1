import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { WebAccess, webConfigProblems } from '../../../src/http/web-access.js';
import type { LogFields } from '../../../src/sys/log.js';
import { selfSigned } from '../../support/certificates.js';
import { served } from '../../support/endpoint.js';
import { webConfigFile } from '../../support/web-config-file.js';

const HASH = hashSync('secret', 4);

function open(t: TestContext, config: string) {
  const lines: string[] = [];
  const line = (text: string, fields: LogFields = {}): void => void lines.push(`${text} ${JSON.stringify(fields)}`);
  return { ...webConfigFile(t, config), lines, log: { info: line, warn: line, error: line } };
}

const basic = (user: string, password: string): string => `Basic ${btoa(`${user}:${password}`)}`;

const servedBy = (t: TestContext, { file, log }: ReturnType<typeof open>): Promise<number> =>
  served(t, { webConfig: file, names: ['x'] }, { log });

/** The name in the certificate that a server shows, and the first line of its answer. */
async function visit(port: number, options: ConnectionOptions, host = 'x'): Promise<[name: unknown, status: string]> {
  const socket = connect({ host: '127.0.0.1', port, ...options });
  await once(socket, 'secureConnect');
  const name = socket.getPeerCertificate().subject.CN;
  socket.write(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  let text = '';
  for await (const part of socket) text += String(part);
  if (text === '') throw new Error('no answer'); // in TLS 1.3 the client is told late that it is not wanted
  return [name, text.split('\r\n')[0] ?? ''];
}

test('only the right password of a user that there is opens', async (t) => {
  const { file, log } = open(t, `basic_auth_users: {alice: ${HASH}, "": ${hashSync('', 4)}}`);
  const access = new WebAccess(file, log);
  for (const good of [basic('alice', 'secret'), basic('alice', 'secret').replace('Basic', 'bAsIc'), basic('', '')]) {
    assert.equal(await access.admits(good), true);
    assert.equal(await access.admits(good), true, 'also when it is remembered');
  }
  for (const bad of [
    undefined,
    '',
    'Basic',
    'Basic !',
    'Bearer secret',
    `Basic ${btoa('alice')}`,
    basic('alice', ''),
    basic('alice', 'Secret'),
    basic('bob', 'secret'),
    basic('__proto__', 'secret'),
  ]) {
    assert.equal(await access.admits(bad), false, bad);
    assert.equal(await access.admits(bad), false, bad);
  }
});

test('looking at passwords holds nobody else up, and too many at once are turned away', async (t) => {
  const { file, log } = open(t, `basic_auth_users: {alice: ${hashSync('secret', 10)}}`);
  const access = new WebAccess(file, log);
  const answers = Array.from({ length: 30 }, (_, n) => access.admits(basic('alice', `wrong ${n}`)));
  const all = Promise.all(answers);
  let longest = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const results = await all;
  clearInterval(watch);
  assert.deepEqual(
    [results.filter((each) => each === 'busy').length, results.filter((each) => each === false).length],
    [13, 17],
  );
  t.diagnostic(`the longest turn of the event loop: ${longest.toFixed(1)} ms`);
});

test('users that change are asked from the next request on; a slip leaves the old ones in force', async (t) => {
  const { file, write, log, lines } = open(t, `basic_auth_users: {alice: ${HASH}}`);
  const access = new WebAccess(file, log);
  write('basic_auth_users: {alice: secret}');
  for (let n = 0; n < 3; n++) access.refresh();
  assert.equal(await access.admits(basic('alice', 'secret')), true);
  assert.equal(lines.length, 1, 'told once');
  assert.match(lines[0] ?? '', /keeping the previous one .*web\.yml:1: basic_auth_users\.alice: .*\(hidden\)/);
  write(`basic_auth_users: {bob: ${HASH}}`);
  access.refresh();
  assert.equal(await access.admits(basic('alice', 'secret')), false);
  assert.equal(await access.admits(basic('bob', 'secret')), true);
  rmSync(file);
  access.refresh();
  assert.equal(await access.admits(undefined), false, 'without its file the door stays shut');
});

test('a renewed certificate is shown from the next connection on, and one that does not fit its key never', async (t) => {
  const opened = open(t, 'tls_server_config: {cert_file: one.crt, key_file: one.key}');
  const [one, two] = ['one', 'two'].map((name) => selfSigned(opened.folder, name));
  assert.ok(one && two);
  const ca = [one.cert, two.cert].map((file) => readFileSync(file));
  const port = await servedBy(t, opened);
  assert.deepEqual(await visit(port, { ca }), ['one', 'HTTP/1.1 200 OK']);
  renameSync(two.cert, one.cert);
  assert.deepEqual(await visit(port, { ca }), ['one', 'HTTP/1.1 200 OK']);
  renameSync(two.key, one.key);
  assert.deepEqual(await visit(port, { ca }), ['two', 'HTTP/1.1 200 OK']);
  assert.match(opened.lines.join('\n'), /cannot use the certificates: [^]*web configuration reloaded/);
});

test('a name that the certificate is for is one of ours, and no other one', async (t) => {
  const opened = open(t, 'tls_server_config: {cert_file: one.crt, key_file: one.key}');
  const ca = readFileSync(selfSigned(opened.folder, 'one', 'hv12-mgmt.example.net', '*.scrape.example').cert);
  const port = await servedBy(t, opened);
  for (const host of ['hv12-mgmt.example.net:9871', 'HV12-mgmt.example.net', 'hv12.scrape.example', 'x', '127.0.0.1'])
    assert.deepEqual(await visit(port, { ca }, host), ['one', 'HTTP/1.1 200 OK'], host);
  for (const host of ['one', 'hv13-mgmt.example.net', 'a.b.scrape.example', 'scrape.example', 'evil.example'])
    assert.deepEqual(await visit(port, { ca }, host), ['one', 'HTTP/1.1 421 Misdirected Request'], host);
});

test('clients need a certificate where one is asked for, and TLS 1.2 does not do where 1.3 is', async (t) => {
  const opened = open(
    t,
    `tls_server_config:
  {cert_file: one.crt, key_file: one.key, client_ca_file: client.crt,
   client_auth_type: RequireAndVerifyClientCert, min_version: TLS13}`,
  );
  const [one, client, other] = ['one', 'client', 'other'].map((name) => selfSigned(opened.folder, name));
  assert.ok(one && client && other);
  const ca = readFileSync(one.cert);
  const pair = ({ cert, key }: typeof one) => ({ cert: readFileSync(cert), key: readFileSync(key) });
  const port = await servedBy(t, opened);
  assert.deepEqual(await visit(port, { ca, ...pair(client) }), ['one', 'HTTP/1.1 200 OK']);
  await assert.rejects(visit(port, { ca }));
  await assert.rejects(visit(port, { ca, ...pair(other) }));
  await assert.rejects(visit(port, { ca, ...pair(client), maxVersion: 'TLSv1.2' }));
});

test('over HTTP who may not read gets 401 and how to ask', async (t) => {
  const opened = open(t, `basic_auth_users: {alice: ${HASH}}\nhttp_server_config: {headers: {X-Frame-Options: deny}}`);
  const url = `http://127.0.0.1:${await servedBy(t, opened)}`;
  for (const page of ['/', '/metrics', '/healthz', '/nothing']) {
    const answer = await fetch(`${url}${page}`);
    assert.deepEqual([answer.status, await answer.text()], [401, 'unauthorized\n']);
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic realm=/);
    assert.equal(answer.headers.get('x-frame-options'), 'deny');
  }
  const { status } = await fetch(`${url}/metrics`, { headers: { authorization: basic('alice', 'secret') } });
  assert.equal(status, 200);
});

test('a page for users needs one: that is told, and when the last one goes', async (t) => {
  const { file, write, log, lines } = open(t, `basic_auth_users: {alice: ${HASH}}`);
  assert.deepEqual(webConfigProblems(file, 'authenticated'), []);
  const access = new WebAccess(file, log);
  assert.equal(access.hasUsers, true);
  for (const text of ['', 'basic_auth_users:', 'basic_auth_users: {}', 'http_server_config: {http2: false}']) {
    write(text);
    assert.deepEqual(webConfigProblems(file, 'off'), []);
    assert.deepEqual(webConfigProblems(file, 'authenticated'), [
      `${file}: basic_auth_users: none, and metrics.page: authenticated needs one; add a user, or set the page to off`,
    ]);
  }
  access.refresh();
  assert.equal(access.hasUsers, false);
  assert.match(lines.join('\n'), /web configuration reloaded [^]*has no users any more/);
});

test('all that is wrong with the files that are named is told at once', (t) => {
  const { folder, file, write } = open(t, 'tls_server_config: {cert_file: a.crt, key_file: .}');
  const told = (): readonly string[] => webConfigProblems(file, 'off').map((each) => each.replaceAll(folder, 'F'));
  assert.deepEqual(told(), ['F/web.yml: F/a.crt: cannot be read: ENOENT', 'F/web.yml: F: cannot be read: EISDIR']);
  writeFileSync(path.join(folder, 'junk'), 'junk');
  write('tls_server_config: {cert_file: junk, key_file: junk}');
  assert.match(told().join('\n'), /^F\/web\.yml: cannot use the certificates: [^\n]+$/);
  rmSync(file);
  assert.deepEqual(told(), ['F/web.yml: cannot be read: ENOENT']);
});
