/**
 * Runs in the lab's world: a daemon whose host has a device called `"><script>`, its status page before and after a
 * failover, and told on stdout, for a browser on the machine outside.
 *
 *     inside.js SCHEDULE    the rounds of an announcement, as the configuration has them; `default` for the default
 */
import { writeSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { hashSync } from 'bcryptjs';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon, METRICS_PORT, runIn, SCRATCH } from '../lab/net/daemon.js';
import { arpFrom } from '../lab/net/frames.js';
import { plainBridge } from '../lab/net/hypervisor.js';
import { Lab } from '../lab/net/lab.js';
import { HOSTILE, type SavedPage, savedLines } from './saved-page.js';

/** For a machine that has other things to do. */
const PATIENT = { timeout: 120_000 };

const [schedule = 'default'] = process.argv.slice(2);

const LOGIN = { authorization: `Basic ${btoa('operator:secret')}` };

/** A page of the daemon, with its headers, read in its namespace. */
async function save(name: SavedPage['name'], headers: object = LOGIN): Promise<void> {
  const program = `
    const { get } = await import('node:http');
    get('http://127.0.0.1:${METRICS_PORT}/', { headers: ${JSON.stringify(headers)} }, async (answer) => {
      const body = (await answer.toArray()).join('');
      console.log(JSON.stringify({ status: answer.statusCode, headers: answer.headers, body }));
    });`;
  const { stdout, stderr } = await runIn([process.execPath, '--input-type=module', '-e', program]);
  const page = JSON.parse(stdout || '{}') as Omit<SavedPage, 'name'>;
  if (page.status !== 200) throw new Error(`${STATUS_CODES[page.status] ?? ''} ${stderr}`);
  for (const line of savedLines({ name, ...page })) writeSync(1, line);
}

// User Mode Linux comes up without a name.
if (hostname() === '(none)') writeFileSync('/proc/sys/kernel/hostname', 'hv1');
const lab = await Lab.build({ attach: plainBridge(6) });
try {
  const port = lab.guests[2]?.port ?? '';
  for (const words of [`${port} down`, `${port} name ${HOSTILE}`, `${HOSTILE} up`]) {
    const { code, stderr } = await runIn(['ip', 'link', 'set', ...words.split(' ')]);
    if (code !== 0) throw new Error(stderr);
  }
  mkdirSync(SCRATCH, { recursive: true });
  const file = path.join(SCRATCH, 'browser.yaml');
  const webConfig = path.join(SCRATCH, 'browser-web.yml');
  writeFileSync(webConfig, `basic_auth_users: {operator: "${hashSync('secret', 4)}"}\n`);
  const announce = schedule === 'default' ? '' : `announce: {schedule: ${schedule}}\n`;
  writeFileSync(file, `${announce}metrics: {page: authenticated, webConfig: ${webConfig}}\n`);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', file], PATIENT);
  for (const [n, guest] of lab.guests.entries())
    lab.inject(guest.netns, guest.device, arpFrom(guest.mac, `10.9.0.${n + 1}`));
  await until(async () => (await daemon.get('/', METRICS_PORT, LOGIN)).includes('10.9.0.6'), {
    what: 'the page has the addresses',
    ...PATIENT,
  });
  await save('before');
  await lab.cutLink(1);
  await daemon.logs(/failover announced/, PATIENT);
  const over = 'bondherald_announcements_total{bond="bond0",result="completed"}';
  await until(async () => (await daemon.metric(over, LOGIN)) === 1, { what: 'the announcement is over', ...PATIENT });
  await save('after');
  const { stdout: body } = await runIn([BONDHERALD, 'status', '--html']);
  for (const line of savedLines({ name: 'file', status: 200, headers: {}, body })) writeSync(1, line);
  const served = daemon.logs(/web configuration reloaded/);
  writeFileSync(webConfig, '{}\n');
  await save('landing', {});
  await served;
  await daemon.stop();
} finally {
  await lab.destroy();
}
process.exit();
