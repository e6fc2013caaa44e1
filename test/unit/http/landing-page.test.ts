import assert from 'node:assert/strict';
import { request } from 'node:http';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { VERSION } from '../../../src/sys/program.js';
import { endpoint, NO_LISTENER, served, STATUS_PAGE } from '../../support/endpoint.js';
import { outline } from '../../support/outline.js';
import { freePort } from '../../support/ports.js';
import { webConfigFile } from '../../support/web-config-file.js';

const USERS = `basic_auth_users: {alice: ${hashSync('secret', 4)}}`;
const PASSWORD = { authorization: `Basic ${btoa('alice:secret')}` };

function ask(
  port: number,
  headers: Record<string, string> = {},
  where = '/',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: where, headers, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => (body += part));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    asked.once('error', reject).end();
  });
}

/** What is at `/`. */
async function pageAt(port: number, headers: Record<string, string> = {}): Promise<'landing' | 'status' | number> {
  const { status, body } = await ask(port, headers);
  if (status !== 200) return status;
  return body === STATUS_PAGE ? 'status' : 'landing';
}

test('the landing page has name, version, links and the way to more, and is a page that may do nothing', async (t) => {
  const port = await served(t);
  const answer = await fetch(`http://127.0.0.1:${port}/?guest=x`);
  const body = await answer.text();
  const { texts } = outline(body);
  const text = texts.join(' ');
  for (const wanted of ['bondherald', `Version ${VERSION}`, 'metrics.page: authenticated', 'bondherald status --html'])
    assert.ok(text.includes(wanted), wanted);
  const links = [...body.matchAll(/href="([^"]*)"/g)].map(([, to = '']) => to);
  assert.deepEqual(links, ['metrics', 'healthz']);
  for (const to of links) assert.equal((await fetch(`http://127.0.0.1:${port}/${to}`)).status, 200);
  assert.deepEqual(
    ['content-type', 'content-security-policy', 'x-frame-options'].map((name) => answer.headers.get(name)),
    [
      'text/html; charset=utf-8',
      "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
      'DENY',
    ],
  );
});

test('the status page is for who has logged in, where the configuration has it, and for nobody else', async (t) => {
  const { file } = webConfigFile(t, USERS);
  assert.equal(await pageAt(await served(t)), 'landing');
  assert.equal(await pageAt(await served(t, { page: 'authenticated' }), PASSWORD), 'landing', 'no web configuration');
  assert.equal(await pageAt(await served(t, { webConfig: file }), PASSWORD), 'landing', 'a password alone');
  const port = await served(t, { webConfig: file, page: 'authenticated' });
  assert.equal(await pageAt(port, PASSWORD), 'status');
  assert.equal(await pageAt(port), 401);
  assert.equal(await pageAt(port, { authorization: `Basic ${btoa('alice:wrong')}` }), 401);
});

test('a web configuration that loses its users loses the page', async (t) => {
  const { file, write } = webConfigFile(t, USERS);
  const port = await served(t, { webConfig: file, page: 'authenticated' });
  assert.equal(await pageAt(port, PASSWORD), 'status');
  write('basic_auth_users: {}');
  assert.equal(await pageAt(port, PASSWORD), 'landing');
  assert.equal(await pageAt(port), 'landing');
  write(USERS);
  assert.equal(await pageAt(port), 401);
  assert.equal(await pageAt(port, PASSWORD), 'status');
});

test('page and names follow the settings without a break in listening', async (t) => {
  const { file } = webConfigFile(t, USERS);
  const port = await freePort();
  const settings = { ...NO_LISTENER, listen: [{ host: '127.0.0.1', port }], webConfig: file };
  const { task } = endpoint(t, settings);
  await task.ready;
  assert.equal(await pageAt(port, PASSWORD), 'landing');
  await task.configure({ ...settings, page: 'authenticated', names: ['mgmt.example'] });
  assert.equal(await pageAt(port, PASSWORD), 'status');
  assert.equal(await pageAt(port, { ...PASSWORD, host: 'mgmt.example' }), 'status');
  await task.configure(settings);
  assert.equal(await pageAt(port, PASSWORD), 'landing');
  assert.equal(await pageAt(port, { ...PASSWORD, host: 'mgmt.example' }), 421);
});

test('by a name that is not ours nothing is answered, before any password is looked at', async (t) => {
  const { file } = webConfigFile(t, USERS);
  const open = await served(t);
  const guarded = await served(t, { webConfig: file, page: 'authenticated' });
  for (const where of ['/', '/metrics', '/healthz', '/nothing'])
    for (const port of [open, guarded])
      assert.deepEqual(await ask(port, { ...PASSWORD, host: 'evil.example' }, where), {
        status: 421,
        body: 'not a name of this host: ask by its address, by its own name or by one that metrics.names lists\n',
      });
  for (const host of ['127.0.0.1', `localhost:${open}`, '[::1]:9871', hostname()])
    assert.equal((await ask(open, { host }, '/metrics')).status, 200, host);
});
