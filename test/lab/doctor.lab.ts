import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { GATEWAY_IP } from './net/build.js';
import { BONDHERALD, Daemon, runIn } from './net/daemon.js';
import { cure, doctor, found, foundAndCured, putInOrder, untilPortState } from './net/doctor.js';
import { BOND, type Hypervisor } from './net/hypervisor.js';
import { bridge, ip } from './net/ip.js';
import { labFor } from './net/lab.js';

/** What takes a bond apart and puts it together with other options, which it takes only while it has no links. */
function rebuilt(options: string): string[] {
  const links = ['up1', 'up2'];
  return [
    `link set ${BOND} down`,
    ...links.map((link) => `link set ${link} nomaster`),
    `link set ${BOND} type bond ${options}`,
    ...links.flatMap((link) => [`link set ${link} down`, `link set ${link} master ${BOND}`]),
    `link set ${BOND} up`,
  ];
}

test('what a host has by default and what could be better: advice, cured, and nothing is left', async (t) => {
  const lab = await labFor(t, { bond: { miimon: 200, num_grat_arp: 0 } });
  await foundAndCured('advice', ['bond-slow-detection', 'bond-no-grat-arp', 'bridge-mac', 'bridge-ageing']);
  const idle = await runIn([BONDHERALD, 'doctor']);
  assert.deepEqual(
    [idle.code, /^warning: this host: no daemon is running\n/.test(idle.stdout)],
    [3, true],
    idle.stdout,
  );
  const missing = (await found(['bond-missing'], { config: 'bonds: [bond0, bond7]' })).get('bond-missing');
  assert.equal(missing?.subject, 'bond7');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  const { code, stdout } = await runIn([BONDHERALD, 'doctor']);
  assert.deepEqual([code, stdout], [0, 'nothing to fix\n']);
  await daemon.stop();
  await ip('hv', [`link set ${BOND} type bond miimon 100`]);
  const advice = (await found(['bond-miimon'])).get('bond-miimon');
  assert.match(advice?.finding ?? '', /^it looks at its links every 100 ms: miimon 100, a tick of (?:1|4|10) ms$/);
  assert.match(advice?.meaning ?? '', /for up to (?:88|90) ms longer than with miimon 10, (?:44|45) ms on average$/);
});

test('options and links that spoil a failover, one after the other: each found, and gone at the next look', async (t) => {
  const lab = await labFor(t, { gateway: { behind: 2, hostDevice: 'br0' } });
  await putInOrder(lab);

  await ip('hv', [
    `addr add 10.99.0.1/24 dev ${BOND}`,
    `link set ${BOND} type bond miimon 1000 updelay 31000 num_grat_arp 0 all_slaves_active 1`,
    'link set up2 down',
  ]);
  await bridge('hv', [`link set dev ${BOND} state 0`, `link set dev ${BOND} learning off`]);
  await foundAndCured('warning', [
    ...(['bond-slow-detection', 'bond-no-grat-arp', 'bond-all-slaves-active'] as const),
    ...(['slave-down', 'bridge-port-blocked', 'bridge-port-learning'] as const),
  ]);

  await lab.cutLink(2);
  await untilCarrier('up2', '0');
  const noCarrier = (await found(['slave-no-carrier'])).get('slave-no-carrier');
  assert.equal(noCarrier?.subject, 'up2');
  assert.match(await cure(noCarrier), /up2@.*NO-CARRIER/, 'no command mends a cable: it shows the link');
  await lab.mendLink(2);
  await untilCarrier('up2', '1');

  await ip('hv', ['link set up2 nomaster']);
  const oneLink = (await found(['bond-one-link'])).get('bond-one-link');
  assert.match(await cure(oneLink), /^up2@/m, 'it shows what could be the second');

  await ip('hv', rebuilt('mode balance-alb'));
  await foundAndCured('warning', ['bond-mode']);
  await ip('hv', rebuilt('fail_over_mac active'));
  await foundAndCured('advice', ['bond-fail-over-mac']);

  await ip('hv', [`link set ${BOND} type bond arp_interval 100 arp_ip_target ${GATEWAY_IP}`]);
  await until(() => lab.slaveUp('up1') && lab.slaveUp('up2'), { what: 'both links are up' });
  await foundAndCured('warning', ['bond-arp-unvalidated']);
  await lab.cutBetweenSwitches();
  await until(() => !lab.slaveUp('up1'), { what: 'the bond knows that up1 reaches nobody' });
  const noAnswer = (await found(['slave-no-answer'])).get('slave-no-answer');
  assert.match(await cure(noAnswer), /Slave Interface: up1\nMII Status: down/, 'it shows what the bond knows');
  await lab.mendBetweenSwitches();

  await ip('hv', [`link set ${BOND} type bond arp_interval 0`]);
  await foundAndCured('warning', ['bond-no-monitoring']);

  await ip('sw2', ['link set fabric type bridge stp_state 1 hello_time 100']);
  await foundAndCured('advice', ['bond-updelay']);
  await ip('hv', [`link set ${BOND} type bond updelay 0 primary up1`]);
  await foundAndCured('warning', ['bond-updelay']);
  await found([]);
});

/** Waits until the kernel tells that a device has carrier (1), or has none (0). */
async function untilCarrier(device: string, carrier: string): Promise<void> {
  const look = async (): Promise<boolean> =>
    (await runIn(['cat', `/sys/class/net/${device}/carrier`])).stdout.trim() === carrier;
  await until(look, { what: `${device} has carrier ${carrier}`, every: 50 });
}

/** A bridge with guests in VLANs that the bond does not carry. */
function vlanAware(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { native: 20, tagged: [10] });
  hv.guest('br0', { access: 10, wire: [10] });
  for (const access of [30, 31, 40]) hv.guest('br0', { access, wire: null });
  hv.bridge('br50', { vlanAware: true });
  hv.port('br50', hv.vlan(BOND, 50));
  hv.guest('br50', { access: 60, wire: null });
}

test('VLANs that guests are in and the bond does not carry: one warning for each way out, cured', async (t) => {
  const lab = await labFor(t, { attach: vlanAware });
  await putInOrder(lab);
  await putInOrder(lab, 'br50');
  lab.guests.forEach((guest) => lab.speakOnce(guest));
  const known = async (): Promise<boolean> => {
    const macs = await lab.learned('hv');
    return lab.guests.every(({ mac }) => macs.has(mac));
  };
  await until(known, { what: 'the bridges know the guests' });
  const { code, findings } = await doctor();
  assert.equal(code, 3);
  assert.deepEqual(
    findings.map(({ id, subject, cure: command }) => [id, subject, command]),
    [
      ['vlan-not-on-uplink', BOND, `bridge vlan add dev ${BOND} vid 30-31 && bridge vlan add dev ${BOND} vid 40`],
      ['vlan-not-on-uplink', `${BOND}.50`, `bridge vlan add dev ${BOND}.50 vid 60`],
    ],
  );
  for (const finding of findings) await cure(finding);
  await found([]);
});

test('a port that spanning tree blocks because of another way out: a warning, cured', async (t) => {
  const lab = await labFor(t, {});
  await putInOrder(lab);
  const quick = 'type bridge stp_state 1 forward_delay 200 hello_time 100';
  await ip('sw1', [`link set fabric ${quick} priority 4096`]);
  await ip('hv', [
    `link set br0 ${quick}`,
    'link add other type veth peer name p-other netns sw1',
    'link set other master br0',
    'link set other up',
  ]);
  await ip('sw1', ['link set p-other master fabric', 'link set p-other up']);
  await bridge('hv', [`link set dev ${BOND} cost 200`]);
  await untilPortState(BOND, 4);
  const findings = await found(['bridge-port-blocked']);
  await cure(findings.get('bridge-port-blocked'));
  await untilPortState(BOND, 3);
  await found([]);
});
