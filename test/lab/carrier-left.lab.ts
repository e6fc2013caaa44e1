import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Finding } from '../../src/doctor/finding.js';
import { until } from '../support/until.js';
import { GATEWAY_IP } from './net/build.js';
import { BONDHERALD, Daemon, ONE_BURST, runIn, writeConfig } from './net/daemon.js';
import { cure } from './net/doctor.js';
import { BOND, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';

/* When the active slave is not changed at the loss of carrier: whose wish that is, who says so, and that nothing is lost. */

const ON = `${ONE_BURST}\nfailover: {onCarrierLoss: true}\n`;
const SWITCHING = 'info: the active slave is changed at the loss of its carrier bond=bond0';
const LEFT = 'warn: failovers at the loss of carrier are left to the kernel bond=bond0 reason=';

/** What the log says of who changes the active slave, and the failovers that we have made of those announced. */
function told({ stderr }: Daemon): string[] {
  return stderr.match(/^.*(?:loss of its carrier|loss of carrier|the active slave; miimon).*$/gm) ?? [];
}

const announced = ({ stderr }: Daemon): string[] => stderr.match(/^.*failover announced.*$/gm) ?? [];

/** Fails over to the other link. @returns whether that was the daemon's doing */
async function failsOver(lab: Lab, daemon: Daemon): Promise<boolean> {
  const before = announced(daemon).length;
  const [cut, other] = lab.activeSlave() === 'up1' ? ([1, 'up2'] as const) : ([2, 'up1'] as const);
  await lab.cutLink(cut);
  await lab.untilActive(other);
  await until(() => announced(daemon).length > before, { what: 'the failover is announced' });
  await until(() => !lab.slaveUp(`up${cut}`), { what: 'the bond has missed the link' });
  await lab.mendLink(cut);
  await lab.untilUp(`up${cut}`);
  assert.equal(announced(daemon).length, before + 1);
  return announced(daemon).at(-1)?.includes('at_carrier_loss=true') ?? false;
}

test('off by default; a reload switches it on for one bond; what is left to the kernel, log, doctor and config check say', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(2), gateway: { behind: 2, hostDevice: 'br0' } });
  const off = `${ONE_BURST}\n`;
  const config = writeConfig(t, off);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', config]);
  const bond = (options: string): Promise<void> => ip('hv', [`link set ${BOND} type bond ${options}`]);
  const says = (lines: number): Promise<boolean> =>
    until(() => told(daemon).length >= lines, { what: `${lines} lines about it` });
  const reload = (text: string): void => {
    writeFileSync(config, text);
    daemon.signal('SIGHUP');
  };
  assert.equal(await failsOver(lab, daemon), false);
  reload(`${off}failover: {onCarrierLoss: [bond0]}\n`);
  await says(1);
  assert.equal(await failsOver(lab, daemon), true);

  await bond('miimon 10 downdelay 100');
  await says(2);
  assert.equal(await failsOver(lab, daemon), false);
  const check = await runIn([BONDHERALD, 'config', 'check', config]);
  assert.deepEqual([check.code, check.stdout], [0, `${config}: OK\n`]);
  assert.equal(check.stderr, 'bondherald: failover.onCarrierLoss: bond0 is left to the kernel: downdelay is 100\n');
  const { stdout } = await runIn([BONDHERALD, 'doctor', '--json', '--config', config]);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  const finding = findings.find(({ id }) => id === 'bond-carrier-loss');
  assert.equal(finding?.finding, 'failover.onCarrierLoss does not hold for it: downdelay is 100');
  await cure(finding);
  await says(3);
  assert.equal(await failsOver(lab, daemon), true);

  await bond(`arp_interval 100 arp_ip_target ${GATEWAY_IP}`);
  await says(4);
  await bond('arp_interval 0');
  await says(5);
  await bond('miimon 100');
  await says(6);
  reload(`${off}failover: {onCarrierLoss: [bond7]}\n`);
  await daemon.logs(/configuration reloaded changed="failover\.onCarrierLoss: \[bond0\] -> \[bond7\]"/);
  assert.equal(await failsOver(lab, daemon), false);
  assert.deepEqual(told(daemon), [
    SWITCHING,
    `${LEFT}"downdelay is 100"`,
    SWITCHING,
    `${LEFT}"arp_interval is 100"`,
    `${LEFT}"miimon is 0"`,
    SWITCHING,
  ]);
  await daemon.stop();
});

test('without CAP_NET_ADMIN the log has one line, and miimon does it as without the setting', async (t) => {
  const lab = await labFor(t);
  const config = writeConfig(t, ON);
  const list = '-net_admin';
  const by = ['setpriv', '--bounding-set', list, '--inh-caps', list];
  const daemon = await Daemon.start(lab, [...by, BONDHERALD, 'run', '--config', config]);
  for (let n = 0; n < 2; n++) assert.equal(await failsOver(lab, daemon), false);
  assert.deepEqual(told(daemon), [`${LEFT}"EPERM: CAP_NET_ADMIN is missing"`]);
  await daemon.stop();
});
