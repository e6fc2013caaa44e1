import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { domainStatus } from '../../support/domain-status.js';
import { until } from '../../support/until.js';
import { Capture } from '../net/capture.js';
import { chatter } from '../net/frames.js';
import { command, ip, mustRun } from '../net/ip.js';
import { FrameSender } from '../net/sockets.js';
import { hasExactly, NETWORK, READ_ANY, WRITE_ANY } from './capabilities.js';
import {
  buildHypervisor,
  built,
  files,
  journal,
  journalTime,
  said,
  show,
  UNIT,
  untilAnother,
  untilLogged,
  untilStatus,
} from './host.js';
import { step as test } from './step.js';

// The tests of this file are one story, in this order: a package comes, works, is hurt, and goes.

/** The rating of the unit is that or better. @param tenths 20 for 2.0 */
async function ratedAtMost(tenths: number): Promise<void> {
  const { code, stdout } = await command(['systemd-analyze', 'security', `--threshold=${tenths}`, '--no-pager', UNIT]);
  assert.equal(code, 0, stdout);
}

const GUEST = '52:54:00:00:00:01';
const CONFIG = '/etc/bondherald/bondherald.yaml';

let before: string[];

test('one command brings a service that is active, enabled, and says which guests it watches', async () => {
  await buildHypervisor();
  before = await files();
  const { code, stdout, stderr } = await command(['dpkg', '-i', built('.deb')]);
  assert.equal(code, 0, stdout + stderr);
  new FrameSender('g1').send('eth0', [chatter(GUEST)]);
  await untilStatus(/^[1-9]\d* guests? behind bond0 \(up1\)$/);
  assert.deepEqual(await show('ActiveState', 'SubState', 'Type', 'NRestarts', 'UnitFileState'), {
    ActiveState: 'active',
    SubState: 'running',
    Type: 'notify',
    NRestarts: '0',
    UnitFileState: 'enabled',
  });
  const lines = await journal();
  assert.deepEqual(
    lines.filter((line) => /^(warn|error)/.test(line)),
    [],
  );
  assert.match(await said('bondherald', 'guests'), new RegExp(`${GUEST}.* yes\\n`));
  assert.doesNotMatch(await said('bondherald', 'config', 'check', CONFIG), /[^:]*:\d/);
  assert.match(await said('systemd-analyze', 'verify', '--man=no', UNIT), /^exit 0$/);
});

test('it runs as its own user, with the capabilities that it needs and not one more', async () => {
  const { MainPID } = await show('MainPID');
  assert.equal((await mustRun(['ps', '-o', 'user:20=', '-p', MainPID])).trim(), 'bondherald');
  await hasExactly(NETWORK);
});

test('without more capabilities one thread still has its priority, and frames are locked in memory', async () => {
  const { MainPID } = await show('MainPID');
  const classes = (await mustRun(['ps', '-L', '-o', 'cls=,rtprio=', '-p', MainPID])).trim().split('\n');
  assert.deepEqual(
    classes.filter((line) => line.trim().startsWith('FF')).map((line) => line.trim().split(/\s+/)),
    [['FF', '1']],
  );
  assert.match(await mustRun(['grep', 'VmLck', `/proc/${MainPID}/status`]), /\s[1-9]\d* kB/);
});

test('systemd rates its exposure 2.0 or better', () => ratedAtMost(20));

test('a failover announces the guest on the new link', async () => {
  const far = new Capture('sw', 'p2', 'ether proto 0x8035');
  try {
    await ip('sw', ['link set p1 down']);
    const rarp = await far.waitFor(({ bytes }) => bytes.toString('hex', 6, 12) === GUEST.replaceAll(':', ''));
    assert.equal(rarp.bytes.toString('hex', 0, 6), 'ffffffffffff');
    await untilStatus(/ behind bond0 \(up2\)$/);
    assert.match(await said('bondherald', 'guests'), new RegExp(`${GUEST}.* yes\\n`));
  } finally {
    far.stop();
  }
});

test('the control socket is for root and the group, under the daemon as its owner', async () => {
  assert.equal(
    await said('stat', '-c', '%U %G %a', '/run/bondherald/control.sock'),
    'bondherald bondherald 660\nexit 0',
  );
  const asks = (...who: string[]): Promise<string> => said('setpriv', ...who, '--clear-groups', 'bondherald', 'status');
  assert.match(await asks('--reuid=nobody', '--regid=bondherald'), /^(?![^]*EACCES)[^]*bond0.*up2[^]*exit 0$/);
  assert.match(await asks('--reuid=nobody', '--regid=nogroup'), /control\.sock: EACCES/);
});

test('a changed configuration is applied by a reload, in the same process, with the guests it knows', async () => {
  const { MainPID } = await show('MainPID');
  writeFileSync(CONFIG, 'bonds: auto\nannounce: {kinds: [rarp]}\n');
  assert.equal(await said('systemctl', 'reload', UNIT), 'exit 0');
  await untilLogged(/configuration reloaded .*announce\.kinds: \[rarp, garp, na, mcast\] -> \[rarp\]/);
  await untilStatus(/^[1-9]\d* guests? behind bond0 \(up2\)$/);
  assert.deepEqual(await show('MainPID', 'NRestarts'), { MainPID, NRestarts: '0' });
  assert.match(await said('bondherald', 'guests'), new RegExp(`${GUEST}.* yes\\n`));
});

test('a wrong one is refused by a reload: journal and status say so, and the daemon goes on', async () => {
  const { MainPID } = await show('MainPID');
  writeFileSync(CONFIG, 'bonds: auto\nguest: 3\n');
  assert.equal(await said('systemctl', 'reload', UNIT), 'exit 0');
  await untilStatus(/ behind bond0 \(up2\); the last reload failed, .*log$/);
  await untilLogged(/^error: .*bondherald\.yaml:2: guest: .*guests/);
  await untilLogged(/^warn: keeping the current configuration$/);
  assert.deepEqual(await show('MainPID', 'NRestarts'), { MainPID, NRestarts: '0' });
  writeFileSync(CONFIG, 'bonds: auto\n');
  assert.equal(await said('systemctl', 'reload', UNIT), 'exit 0');
  await untilStatus(/ behind bond0 \(up2\)$/);
});

test('killed, it is back in a moment, and still knows its guests', async () => {
  const { MainPID } = await show('MainPID');
  process.kill(Number(MainPID), 'SIGKILL');
  const took = await untilAnother(MainPID, 60_000);
  assert.equal((await show('NRestarts')).NRestarts, '1');
  await untilStatus(/^[1-9]\d* guests? behind bond0 \(up2\)$/);
  console.log(`back after ${Math.round(took)} ms`);
});

test('hung, it is ended and started again within the time of the watchdog', async () => {
  const { MainPID, WatchdogUSec } = await show('MainPID', 'WatchdogUSec');
  assert.equal(WatchdogUSec, '10s');
  const stopped = Number(process.hrtime.bigint() / 1000n);
  process.kill(Number(MainPID), 'SIGSTOP');
  const took = await untilAnother(MainPID, 60_000); // with the time that a start takes here
  const noticed = await journalTime(/Watchdog timeout/);
  assert.ok(noticed - stopped < 12e6, `systemd noticed after ${(noticed - stopped) / 1e6} s`);
  assert.equal((await show('NRestarts')).NRestarts, '2');
  await untilStatus(/ behind bond0 \(up2\)$/);
  console.log(`back after ${Math.round(took)} ms`);
});

test('told to stop, it ends in good order and at once', async () => {
  await mustRun(['systemctl', 'stop', UNIT]);
  const { ActiveState, Result, ExecMainStatus } = await show('ActiveState', 'Result', 'ExecMainStatus');
  assert.deepEqual([ActiveState, Result, ExecMainStatus], ['inactive', 'success', '0']);
});

test('a wrong configuration is said in the journal, and is not tried again and again', async () => {
  writeFileSync(CONFIG, 'bonds: auto\nguest: 3\n');
  assert.notEqual((await command(['systemctl', 'start', UNIT])).code, 0);
  const { ActiveState, SubState, ExecMainStatus } = await show('ActiveState', 'SubState', 'ExecMainStatus');
  assert.deepEqual([ActiveState, SubState, ExecMainStatus], ['failed', 'failed', '2']);
  assert.ok((await journal()).some((line) => /bondherald\.yaml:2: guest: .*guests/.test(line)));
  writeFileSync(CONFIG, 'bonds: auto\n');
  await mustRun(['systemctl', 'start', UNIT]);
});

test('on a host with libvirt its files are read, with one capability more', async () => {
  writeFileSync('/usr/sbin/libvirtd', '#!/bin/sh\n', { mode: 0o755 });
  mkdirSync('/run/libvirt/qemu', { recursive: true, mode: 0o755 });
  const file = '/run/libvirt/qemu/silent.xml';
  writeFileSync(file, domainStatus({ name: 'silent', interfaces: [{ mac: '52:54:00:00:00:02', target: 'tap1' }] }));
  chmodSync(file, 0o600);
  assert.equal(await said('dpkg-trigger', '--no-await', '--by-package=libvirt-daemon', '/usr/sbin/libvirtd'), 'exit 0');
  await mustRun(['dpkg', '--triggers-only', 'bondherald']);
  await until(async () => /52:54:00:00:00:02.*silent.* yes\n/.test(await said('bondherald', 'guests')), {
    what: 'a guest that libvirt alone knows is announced',
    every: 300,
  });
  await hasExactly(NETWORK | READ_ANY);
  await ratedAtMost(21);
});

test('on a host with Open vSwitch its sockets can be used, with one capability more', async () => {
  rmSync('/usr/sbin/libvirtd');
  writeFileSync('/usr/sbin/ovs-vswitchd', '#!/bin/sh\n', { mode: 0o755 });
  await mustRun(['/usr/lib/bondherald/systemd/host-access', '/usr/lib/bondherald/systemd']);
  await mustRun(['systemctl', 'daemon-reload']);
  await mustRun(['systemctl', 'restart', UNIT]);
  await hasExactly(NETWORK | WRITE_ANY);
  await ratedAtMost(21);
  rmSync('/usr/sbin/ovs-vswitchd');
  rmSync('/run/libvirt', { recursive: true });
});

test('removed, it is gone; the configuration stays', async () => {
  const { code, stdout, stderr } = await command(['dpkg', '-r', 'bondherald']);
  assert.equal(code, 0, stdout + stderr);
  assert.ok(existsSync(CONFIG));
  assert.ok(!existsSync('/usr/lib/bondherald'));
  assert.equal((await show('ActiveState')).ActiveState, 'inactive');
});

test('installed again and purged, it leaves nothing', async () => {
  await mustRun(['dpkg', '--force-confold', '-i', built('.deb')]);
  await untilStatus(/ behind bond0 \(up2\)$/);
  // It is not told to end: killed in the end, it takes nothing away itself.
  mkdirSync('/run/systemd/system/bondherald.service.d', { recursive: true });
  writeFileSync(
    '/run/systemd/system/bondherald.service.d/deaf.conf',
    '[Service]\nKillSignal=SIGCONT\nTimeoutStopSec=25s\n',
  );
  await mustRun(['systemctl', 'daemon-reload']);
  assert.match(await mustRun(['ip', '-o', 'link']), /bh-/);
  await mustRun(['systemctl', 'stop', UNIT]);
  assert.equal((await show('Result')).Result, 'timeout');
  assert.doesNotMatch(await mustRun(['ip', '-o', 'link']), /bh-/);
  assert.equal(await mustRun(['tc', 'filter', 'show', 'dev', 'bond0', 'egress']), '');
  // What a daemon left of which no unit knows, of a bond that is gone.
  await mustRun(['sh', '-c', 'ip link add bh-99 type dummy && ip link set bh-99 address 02:62:6f:6e:64:00']);
  const { code, stdout, stderr } = await command(['dpkg', '-P', 'bondherald']);
  assert.equal(code, 0, stdout + stderr);
  // Debian 12's systemd has that folder under its other name, /lib, so that dpkg takes it for ours alone.
  const told = (stdout + stderr).replace(/^.*'\/usr\/lib\/systemd\/network' not empty.*\n/m, '');
  assert.doesNotMatch(told, /warning|not empty|cannot/i);
  assert.deepEqual(await files(), before);
  for (const folder of ['/etc/bondherald', '/var/lib/bondherald', '/run/bondherald', '/usr/lib/bondherald'])
    assert.ok(!existsSync(folder), folder);
  assert.match(await said('getent', 'passwd', 'bondherald'), /^exit 2$/);
  assert.match(await said('getent', 'group', 'bondherald'), /^exit 2$/);
  assert.equal(await mustRun(['sh', '-c', 'ps -eo args | grep "[b]ondherald run" || true']), '');
  assert.doesNotMatch(await mustRun(['ip', '-o', 'link']), /bh-/);
  assert.match(await mustRun(['systemctl', 'show', '-p', 'LoadState', UNIT]), /not-found/);
});
