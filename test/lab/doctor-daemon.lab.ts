import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon, labWithDaemon, runIn, SCRATCH, writeConfig } from './net/daemon.js';
import { cure, cureThatStays, doctor, found, putInOrder } from './net/doctor.js';
import { arpFrom, chatter } from './net/frames.js';
import { BOND } from './net/hypervisor.js';
import { bridge, command, ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';

const NOBODY = 65_534;

/** A line for setpriv: root without these capabilities. */
function without(...names: string[]): string[] {
  const list = names.map((name) => `-${name}`).join(',');
  return ['setpriv', '--bounding-set', list, '--inh-caps', list];
}

/** A line for setpriv: nobody with these capabilities alone, as a unit gives them. */
function nobodyWith(...names: string[]): string[] {
  const list = names.map((name) => `+${name}`).join(',');
  const who = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups'];
  return ['setpriv', ...who, ...(names.length > 0 ? ['--inh-caps', list, '--ambient-caps', list] : [])];
}

/** A lab in good order whose daemon was started by another program. */
async function labWithRestrained(t: TestContext, by: readonly string[]): Promise<Lab> {
  const lab = await labFor(t);
  await putInOrder(lab);
  const folders = ['/run/bondherald', `${SCRATCH}/state`];
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    chownSync(folder, NOBODY, NOBODY);
  }
  t.after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  const config = writeConfig(t, `stateDir: ${SCRATCH}/state`);
  await Daemon.start(lab, [...by, BONDHERALD, 'run', '--config', config]);
  return lab;
}

test('beside a daemon: a second one in another mount namespace, and a MAC that came in by the bond as well', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  await putInOrder(lab);
  // With a mirror of its own it would take the first one's, and that would be a finding too, until it is back.
  const alone = "metrics: {listen: 'off'}, guests: {sources: {snoop: socket}}";
  const config = writeConfig(t, `{stateDir: ${SCRATCH}/second, ${alone}}`);
  const script = `mount -t tmpfs none /run/bondherald && exec ${BONDHERALD} run --config ${config}`;
  const second = await Daemon.start(lab, ['unshare', '-m', 'sh', '-c', script]);
  const announcer = (await found(['second-announcer'])).get('second-announcer');
  assert.equal(announcer?.subject, `process ${second.pid}`);
  assert.match(announcer.finding, /on bond0 as the daemon does: .* run --config/);
  const hidden = `mount -t tmpfs none /run/bondherald && ${BONDHERALD} status`; // as from outside of a container
  const { stdout: status, stderr: note } = await runIn(['unshare', '-m', 'sh', '-c', hidden]);
  assert.doesNotMatch(status, /no daemon is running/);
  assert.match(note, /^bondherald: cannot ask the daemon, so the last failovers are missing: .*ENOENT\n$/);
  await cure(announcer);
  assert.equal(await second.ended, 0);

  const [guest] = lab.guests;
  assert.ok(guest);
  lab.inject('client2', 'eth0', chatter(guest.mac));
  await until(async () => (await lab.learned('hv')).get(guest.mac) === BOND, { what: 'its bridge has it outside' });
  const moved = (await found(['seen-on-uplink'])).get('seen-on-uplink');
  assert.match(moved?.finding ?? '', new RegExp(`${guest.mac}, here on ${guest.port}`));
  assert.match(await cure(moved), new RegExp(`${guest.mac} dev ${BOND}`), 'no command can tell: it shows where it is');
  lab.inject(guest.netns, guest.device, arpFrom(guest.mac, '10.78.1.1'));
  const isBack = async (): Promise<boolean> => {
    const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
    return !stdout.includes('seen-on-uplink');
  };
  await until(isBack, { what: 'the daemon has heard the guest' }).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${daemon.stderr}\n${(await runIn([BONDHERALD, 'guests', '--json'])).stdout}`);
  });
  await found([]);
});

test('a daemon that lacks CAP_NET_ADMIN: found, restarted by the cure with all that it needs', async (t) => {
  const lab = await labWithRestrained(t, without('net_admin', 'sys_nice', 'ipc_lock'));
  const { code, findings } = await doctor();
  assert.deepEqual(
    findings.map(({ id, level }) => `${level} ${id}`),
    ['warning daemon-capabilities', 'advice daemon-privileges'],
  );
  assert.equal(code, 3);
  const [needed, useful] = findings;
  assert.ok(needed && needed.cure === useful?.cure);
  await cureThatStays(lab, needed);
  await found([]);
});

test("a daemon that may not read libvirt's guests: found, restarted by the cure as one that may", async (t) => {
  mkdirSync('/run/libvirt/qemu', { recursive: true });
  writeFileSync('/run/libvirt/qemu/1-web.xml', '<domstatus/>', { mode: 0o600 });
  t.after(() => rmSync('/run/libvirt', { recursive: true }));
  const lab = await labWithRestrained(t, nobodyWith('net_raw', 'net_admin', 'sys_nice', 'ipc_lock'));
  const finding = (await found(['libvirt-unreadable'])).get('libvirt-unreadable');
  assert.match(finding?.finding ?? '', /1-web\.xml/);
  assert.ok(finding);
  await cureThatStays(lab, finding);
  await found([]);
});

test('somebody without rights, where no daemon runs: what a daemon of his would lack; a daemon of root has it', async (t) => {
  const lab = await labFor(t);
  await putInOrder(lab);
  const by = nobodyWith();
  const { code, findings, stderr } = await doctor({ by });
  assert.deepEqual(
    findings.map(({ id, cure: command }) => `${id}: ${command}`),
    ['daemon-capabilities: bondherald run', 'daemon-privileges: bondherald run'],
  );
  assert.equal(code, 3);
  // Some kernels show the limit in their first network namespace only: one line, and no finding.
  assert.match(stderr, /^(bondherald: not checked, because it cannot be read: \/proc\/sys\/net\/core\/rmem_max\n)?$/);
  assert.ok(findings[0]);
  await cureThatStays(lab, findings[0]);
  await found([]);
});

test('receive buffers too small for the guests of a host, where CAP_NET_ADMIN is missing: found, cured', async (t) => {
  const GUESTS = 150;
  await ip(null, [
    'link add bond9 type bond mode active-backup miimon 10 updelay 31000',
    ...['d1', 'd2'].flatMap((name) => [`link add ${name} type dummy`, `link set ${name} master bond9`]),
    'link add br9 address 02:00:00:00:09:09 type bridge ageing_time 60000',
    'link add tap9 type veth peer name tap9p',
    ...['bond9', 'tap9'].map((name) => `link set ${name} master br9`),
    ...['d1', 'd2', 'bond9', 'br9', 'tap9', 'tap9p'].map((name) => `link set ${name} up`),
  ]);
  t.after(() =>
    ip(
      null,
      ['bond9', 'd1', 'd2', 'br9', 'tap9'].map((name) => `link del ${name}`),
    ),
  );
  const macs = Array.from({ length: GUESTS }, (_, n) => `52:54:00:09:00:${n.toString(16).padStart(2, '0')}`);
  await bridge(
    null,
    macs.map((mac) => `fdb add ${mac} dev tap9 master static`),
  );
  await limitBuffers(t);
  const call = { netns: null, by: without('net_admin') };
  const finding = (await found(['daemon-capabilities', 'receive-buffer'], call)).get('receive-buffer');
  assert.match(finding?.finding ?? '', /^it is 212992, but 15\d guests/);
  await cure(finding, null);
  await found(['daemon-capabilities'], call);
});

/** The limit of receive buffers, in bytes, that Linux has by default up to 7.1; 7.2 has 4 MiB. */
const LIMIT = '212992\n';

/**
 * Sets net.core.rmem_max for a test. A kernel that shows it in its first network namespace only has none in a world of
 * namespaces: there a file stands in.
 */
async function limitBuffers(t: TestContext): Promise<void> {
  const folder = '/proc/sys/net/core';
  const file = `${folder}/rmem_max`;
  if (existsSync(file)) {
    const before = readFileSync(file, 'utf8');
    t.after(() => writeFileSync(file, before));
  } else {
    await command(['mount', '-t', 'tmpfs', 'none', folder]);
    t.after(() => command(['umount', folder]));
  }
  writeFileSync(file, LIMIT);
}
