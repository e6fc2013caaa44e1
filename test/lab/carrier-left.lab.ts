import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { GATEWAY_IP } from './net/build.js';
import { BONDHERALD, Daemon, labWithDaemon, ONE_BURST, runIn, writeConfig } from './net/daemon.js';
import { cure, found, putInOrder } from './net/doctor.js';
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

test('a downdelay, ARP monitoring and no monitoring are left to the kernel: log, doctor and config check say so', async (t) => {
  const bond = { miimon: 1000, downdelay: 1000 };
  const lab = await labFor(t, { bond, attach: plainBridge(2), gateway: { behind: 2, hostDevice: 'br0' } });
  await putInOrder(lab);
  await ip('hv', [`link set ${BOND} type bond miimon 10 updelay 0 downdelay 100`]);
  const config = writeConfig(t, ON);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', config]);
  await daemon.logs(/left to the kernel/);
  const check = await runIn([BONDHERALD, 'config', 'check', config]);
  assert.deepEqual([check.code, check.stdout], [0, `${config}: OK\n`]);
  assert.equal(check.stderr, 'bondherald: failover.onCarrierLoss: bond0 is left to the kernel: downdelay is 100\n');
  assert.equal(await failsOver(lab, daemon), false);

  const { findings } = JSON.parse((await runIn([BONDHERALD, 'doctor', '--json', '--config', config])).stdout) as {
    findings: { id: string; finding: string; cure: string }[];
  };
  const finding = findings.find(({ id }) => id === 'bond-carrier-loss');
  assert.equal(finding?.finding, 'failover.onCarrierLoss does not hold for it: downdelay is 100');
  await ip('hv', [finding.cure.replace(/^ip /, '')]);
  await until(() => told(daemon).length >= 2, { what: 'the daemon has seen the cure' });
  assert.equal(await failsOver(lab, daemon), true);

  await ip('hv', [`link set ${BOND} type bond arp_interval 100 arp_ip_target ${GATEWAY_IP}`]);
  await until(() => told(daemon).length >= 3, { what: 'the daemon has seen ARP monitoring' });
  await ip('hv', [`link set ${BOND} type bond arp_interval 0`]);
  await until(() => told(daemon).length >= 4, { what: 'the daemon has seen the end of it' });
  assert.deepEqual(told(daemon), [
    `${LEFT}"downdelay is 100"`,
    SWITCHING,
    `${LEFT}"arp_interval is 100"`,
    `${LEFT}"miimon is 0"`,
  ]);
});

test('without CAP_NET_ADMIN the log has one line, and miimon does it as without the setting', async (t) => {
  const lab = await labFor(t);
  const config = writeConfig(t, ON);
  const list = '-net_admin';
  const by = ['setpriv', '--bounding-set', list, '--inh-caps', list];
  const daemon = await Daemon.start(lab, [...by, BONDHERALD, 'run', '--config', config]);
  await daemon.logs(/the active slave is changed/);
  for (let n = 0; n < 3; n++) assert.equal(await failsOver(lab, daemon), false);
  const refused = told(daemon).filter((line) => line !== SWITCHING);
  assert.deepEqual(refused, [
    'warn: the kernel did not change the active slave; miimon will bond=bond0 slave=up2 reason=EPERM',
  ]);
});

test('a reload switches it on for one bond, and off', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { config: ONE_BURST });
  assert.equal(await failsOver(lab, daemon), false);
  const config = writeConfig(t, `${ONE_BURST}\nfailover: {onCarrierLoss: [bond0]}\n`);
  const reload = async (text: string, count: number): Promise<void> => {
    writeFileSync(config, text);
    daemon.signal('SIGHUP');
    const reloads = (): number => daemon.stderr.match(/configuration reloaded/g)?.length ?? 0;
    await until(() => reloads() >= count, { what: `${count} reloads` });
  };
  await reload(`${ONE_BURST}\nfailover: {onCarrierLoss: [bond0]}\n`, 1);
  await until(() => told(daemon).length >= 1, { what: 'it holds' });
  assert.equal(await failsOver(lab, daemon), true);
  await reload(`${ONE_BURST}\nfailover: {onCarrierLoss: [bond7]}\n`, 2);
  assert.equal(await failsOver(lab, daemon), false);
  assert.deepEqual(told(daemon), [SWITCHING]);
});

test('the doctor advises miimon 10 in place of 100, with what it gains on this kernel; not where carrier decides', async (t) => {
  const lab = await labFor(t);
  await putInOrder(lab);
  await ip('hv', [`link set ${BOND} type bond miimon 100 updelay 31000`]);
  const advice = (await found(['bond-miimon'])).get('bond-miimon');
  assert.match(advice?.finding ?? '', /^it looks at its links every 100 ms: miimon 100, a tick of \d+ ms$/);
  assert.match(advice?.meaning ?? '', /for up to (?:88|90) ms longer than with miimon 10, (?:44|45) ms on average$/);
  const config = writeConfig(t, ON);
  const { stdout } = await runIn([BONDHERALD, 'doctor', '--config', config]);
  assert.equal(stdout, 'nothing to fix\n');
  await cure(advice);
  await found([]);
});
