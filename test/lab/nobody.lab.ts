import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CONTROL_SOCKET } from '../../src/config/constants.js';
import type { ControlResults } from '../../src/control/messages.js';
import { domainStatus } from '../support/domain-status.js';
import { until } from '../support/until.js';
import { BONDHERALD, labWithDaemon, METRICS_PORT, runIn } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import { BOND, plainBridge } from './net/hypervisor.js';
import { STATE_FILE } from './net/state-folder.js';

const LIBVIRT = '/run/libvirt/qemu';

/** As the user `nobody`, without any group or capability of root's. */
const NOBODY = [
  'setpriv',
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
  '--inh-caps=-all',
  '--bounding-set=-all',
];

const PATHS = [
  ...['/', '/?bond=bond0', '/?guest=52:54', '/?guest=web', '/?after=00', '/?refresh=on', '//', '/index.html'],
  ...['/metrics', '/metrics?guest=web', '/metrics/', '/healthz', '/status', '/guests', '/%2e', '/.'],
];

/** Requests for each path, also with a password and by other names of the host. */
const REQUESTS = PATHS.flatMap((path) => [
  { method: 'GET', path, headers: {} },
  { method: 'HEAD', path, headers: {} },
  { method: 'POST', path, headers: {} },
  { method: 'GET', path, headers: { authorization: `Basic ${btoa('root:root')}`, accept: 'text/html' } },
  { method: 'GET', path, headers: { accept: 'application/openmetrics-text', host: 'localhost' } },
]);

interface Said {
  status: number;
  text: string;
}

/** What a process of the host that is nobody's is told: an answer for each request, and the errno for each thing it opens. */
async function toNobody(files: readonly string[]): Promise<{ answers: Said[]; refusals: string[] }> {
  const program = `
    const { request } = await import('node:http');
    const { connect } = await import('node:net');
    const { readFileSync } = await import('node:fs');
    const ask = ({ headers, ...what }) => new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: ${METRICS_PORT}, agent: false, headers, ...what }, async (answer) => {
        const body = (await answer.toArray()).join('');
        resolve({ status: answer.statusCode, text: answer.rawHeaders.join(' ') + ' ' + body });
      }).on('error', reject).end();
    });
    const answers = [];
    for (const each of ${JSON.stringify(REQUESTS)}) answers.push(await ask(each));
    const refusals = [await new Promise((resolve) => {
      const socket = connect(${JSON.stringify(CONTROL_SOCKET)}, () => resolve('open'));
      socket.on('error', ({ code }) => resolve(code));
    })];
    for (const file of ${JSON.stringify(files)}) try {
      readFileSync(file);
      refusals.push('open');
    } catch ({ code }) {
      refusals.push(code);
    }
    console.log(JSON.stringify({ uid: process.getuid(), answers, refusals }));
    process.exit();`;
  const { code, stdout, stderr } = await runIn([...NOBODY, process.execPath, '--input-type=module', '-e', program]);
  assert.deepEqual([code, stderr], [0, '']);
  const { uid, ...told } = JSON.parse(stdout) as { uid: number; answers: Said[]; refusals: string[] };
  assert.equal(uid, 65534);
  return told;
}

test('a process of nobody learns of no guest: no MAC, no address, no name, whatever it asks', async (t) => {
  mkdirSync(LIBVIRT, { recursive: true });
  t.after(() => rmSync('/run/libvirt', { recursive: true, force: true }));
  const { lab } = await labWithDaemon(t, { attach: plainBridge(3) });
  const guests = lab.guests.map(({ mac, port, device }, n) => ({
    ...{ mac, name: `secret-web-${n}`, address: `10.9.0.${n + 1}`, target: port ?? device },
  }));
  for (const { name, mac, target } of guests) {
    const text = domainStatus({ name, state: 'running', interfaces: [{ mac, target, type: 'bridge' }] });
    writeFileSync(`${LIBVIRT}/${name}.xml`, text);
  }
  for (const [n, guest] of lab.guests.entries())
    lab.inject(guest.netns, guest.device, arpFrom(guest.mac, guests[n]?.address ?? ''));
  const secrets = guests.flatMap(({ mac, name, address }) => [mac, name, address]);
  await until(
    async () => {
      const { stdout } = await runIn([BONDHERALD, 'guests', BOND, '--json']);
      const { bonds } = JSON.parse(stdout) as ControlResults['guests'];
      const known = JSON.stringify(bonds[0]?.guests ?? []);
      return secrets.every((each) => known.includes(`"${each}"`));
    },
    { what: 'root is told of MACs, addresses and names', timeout: 60_000 },
  );

  const page = await runIn([BONDHERALD, 'status', '--html']);
  for (const each of secrets) assert.ok(page.stdout.includes(each), `the page has ${each}`);
  const refused = await runIn([...NOBODY, BONDHERALD, 'status', '--html']);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(refused.stderr, /^bondherald: --html: the daemon makes the page, and cannot be asked: \S*: EACCES\n$/);

  const { answers, refusals } = await toNobody([STATE_FILE]);
  assert.deepEqual(refusals, ['EACCES', 'EACCES'], 'the control socket and the state file');
  const leaks = answers.flatMap(({ text }, n) => {
    const { method, path } = REQUESTS[n] ?? {};
    const found = secrets.filter((each) => text.toLowerCase().includes(each));
    const macs = text.match(/(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}/gi) ?? [];
    return found.length + macs.length > 0 ? [`${method} ${path}: ${[...found, ...macs].join(' ')}`] : [];
  });
  assert.deepEqual(leaks, []);
  const plain = (path: string) => answers[REQUESTS.findIndex((each) => each.path === path)];
  assert.deepEqual(
    ['/', '/metrics', '/healthz', '/status'].map((path) => plain(path)?.status),
    [200, 200, 200, 404],
  );
  assert.match(plain('/metrics')?.text ?? '', /^bondherald_guests\{bond="bond0",source="libvirt"\} 3$/m);
});
