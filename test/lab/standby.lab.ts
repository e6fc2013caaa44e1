/** The links that are not active: which VLANs of guests they carry is known before a failover needs it, and nothing is sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/doctor/finding.js';
import type { StandbyReport } from '../../src/control/messages.js';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon, runIn } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import { BOND, type Hypervisor } from './net/hypervisor.js';
import { bridge, json } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';

const [LACKING, BLOCKED, QUIET, CARRIED] = [20, 40, 30, 10];
const VLANS = [CARRIED, LACKING, QUIET, BLOCKED];
const STATION = '52:54:00:aa:00:01';

/** A guest in each VLAN, and one without. */
function guests(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: VLANS });
  for (const vid of VLANS) hv.guest('br0', { access: vid, wire: [vid] });
  hv.guest('br0', { wire: [] });
}

/** What the command says of up2, by VLAN; 0 for untagged frames. */
async function states(): Promise<{ code: number | null; of: Map<number, string> }> {
  const { code, stdout } = await runIn([BONDHERALD, 'standby', BOND, '--json']);
  const [bond] = (JSON.parse(stdout) as StandbyReport).bonds;
  const rows = bond?.links.find(({ link }) => link === 'up2')?.vlans ?? [];
  const words = rows.map(({ vlans, state, reason, arrivesWith }): [number, string] => [
    vlans[0] ?? 0,
    [state, ...(reason === null ? [] : [reason]), ...(arrivesWith ?? [])].join(' '),
  ]);
  return { code, of: new Map(words) };
}

async function untilState(vid: number, state: string): Promise<void> {
  let seen: Awaited<ReturnType<typeof states>>['of'] = new Map();
  const isSo = async (): Promise<boolean> => (seen = (await states()).of).get(vid) === state;
  await until(isSo, { what: `VLAN ${vid} is ${state}`, timeout: 60_000, every: 1500 }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify([...seen])}`);
  });
}

/** A station behind the second switch asks for somebody, another each time, in all VLANs but one. @returns what ends it */
function chat(lab: Lab): () => void {
  let n = 0;
  const timer = setInterval(() => {
    n++;
    const ask = (vid: number) =>
      arpFrom(STATION, `10.${vid}.${n >> 8}.${n & 255}`, vid === 0 ? [] : [{ tpid: 0x8100, vid }]);
    lab.inject('client', 'eth0', ...[0, CARRIED, LACKING, BLOCKED].map(ask));
  }, 700);
  return () => clearInterval(timer);
}

async function framesSent(device: string): Promise<number> {
  const [link] = (await json('ip', 'hv', '-s', 'link', 'show', device)) as { stats64: { tx: { packets: number } } }[];
  return link?.stats64.tx.packets ?? NaN;
}

test('a VLAN that the switch port of a standby link lacks is missing, and no other; a quiet one is unknown', async (t) => {
  const lab = await labFor(t, { attach: guests, switchVlans: [...VLANS, 5] });
  await bridge('sw2', [
    `vlan del dev p-hv vid ${LACKING}`,
    `vlan set dev p-hv vid ${BLOCKED} state blocking`,
    'vlan add dev p-hv vid 5 pvid untagged', // another native VLAN than on the first switch
    'vlan add dev p-hv vid 1',
  ]);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  lab.onDestroy(() => daemon.stop());
  const sent = await framesSent('up2');
  lab.onDestroy(chat(lab));

  await untilState(CARRIED, 'carried');
  await untilState(LACKING, 'missing');
  const { code, of } = await states();
  assert.equal(code, 3);
  assert.deepEqual(
    [...of].sort(([one], [other]) => one - other),
    [
      [0, 'missing 1'],
      [CARRIED, 'carried'],
      [LACKING, 'missing'],
      [QUIET, 'unknown quiet'],
      [BLOCKED, 'missing'],
    ],
  );
  await daemon.logs(/does not carry VLANs of guests.*vlans="?untagged, VLAN 20, VLAN 40/);
  const of2 = (state: string): string => `bondherald_standby_vlans{bond="bond0",slave="up2",state="${state}"}`;
  assert.deepEqual(
    await Promise.all(['carried', 'missing', 'unknown'].map((each) => daemon.metric(of2(each)))),
    [1, 3, 1],
  );
  const { stdout } = await runIn([BONDHERALD, 'doctor', '--json']);
  const found = (JSON.parse(stdout) as { findings: Finding[] }).findings.find(
    ({ id }) => id === 'standby-vlan-missing',
  );
  assert.match(found?.finding ?? '', /untagged, VLAN 20, VLAN 40; what is untagged on up1 arrives there as VLAN 1, so/);
  assert.match(
    (await runIn([BONDHERALD, 'status'])).stdout,
    /standby link up2: missing: untagged, VLAN 20, VLAN 40; carried: VLAN 10/,
  );

  await bridge('sw2', [
    `vlan add dev p-hv vid ${LACKING}`,
    `vlan set dev p-hv vid ${BLOCKED} state forwarding`,
    'vlan add dev p-hv vid 1 pvid untagged',
  ]);
  for (const vid of [LACKING, BLOCKED, 0]) await untilState(vid, 'carried');
  assert.equal((await states()).code, 0);
  await daemon.logs(/carries all VLANs of guests that it was heard of/);
  assert.equal(await framesSent('up2'), sent, 'no frame has left by the standby link');
});
