import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { expected } from './net/announced.js';
import { BONDHERALD, Daemon, labWithDaemon, ONE_ROUND, runIn, writeConfig } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import { BOND, type Guest, HYPERVISOR } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { untilListed } from './net/listed-guests.js';
import { nextFailover, type Station, untilHeard } from './net/speaking.js';
import { stateText } from './net/state-folder.js';

/*
 * Whoever was heard leaving by a bond is a guest by that alone, where nothing on the host explains it.
 */

const UNEXPLAINED = 'bondherald_unexplained_speakers{bond="bond0"}';

/** An ipvlan on a VLAN device of the bond, in the namespace of a guest. @returns its MAC, which is the bond's */
async function withIpvlan(lab: Lab, netns: string, vid: number): Promise<Station> {
  const lower = `${BOND}.${vid}`;
  await ip(HYPERVISOR, [
    `link add link ${BOND} name ${lower} type vlan id ${vid}`,
    `link set ${lower} up`,
    `link add link ${lower} name ipv0 type ipvlan mode l2`,
    `link set ipv0 netns ${netns}`,
  ]);
  await ip(netns, ['link set ipv0 up']);
  return { mac: await lab.macOf(BOND), wire: [{ vid, tpid: 0x8100 }] };
}

/** What the doctor says of stations that nothing explains. */
async function unexplained(): Promise<string> {
  const { stdout } = await runIn([BONDHERALD, 'doctor', '--json']);
  const { findings } = JSON.parse(stdout) as { findings: { id: string; finding: string }[] };
  return findings.find(({ id }) => id === 'unexplained-speakers')?.finding ?? '';
}

test('an ipvlan in another namespace is announced in its VLAN, and not where the bond itself is', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { config: ONE_ROUND });
  const ipvlan = await withIpvlan(lab, 'g1', 100);
  await untilHeard(lab, ipvlan, { netns: 'g1', device: 'ipv0' });
  assert.deepEqual(await nextFailover(lab, lab.guests.length + 1), expected([...lab.guests, ipvlan]));
  assert.equal(await daemon.metric('bondherald_guests{bond="bond0",source="heard"}'), 1);
  assert.equal(await daemon.metric(UNEXPLAINED), 0);
});

test('a macvlan moved into a namespace is announced once it has spoken, after a kill -9 too, until it lives elsewhere', async (t) => {
  const lab = await labFor(t, { attach: (hv) => void hv.macvlan(BOND, { moved: true, wire: [] }), teach: false });
  const config = writeConfig(t, ONE_ROUND);
  const start = (): Promise<Daemon> => Daemon.start(lab, [BONDHERALD, 'run', '--config', config]);
  const daemon = await start();
  const [moved] = lab.guests as [Guest];
  const station = { mac: moved.mac, wire: [] };
  await untilHeard(lab, station, moved);
  await until(() => /"unexplained":\d/.test(stateText()), { what: 'it is in the state file' });
  daemon.signal('SIGKILL');
  await daemon.ended;
  const next = await start();
  assert.deepEqual(await nextFailover(lab, 1), expected([moved]), 'it has been silent since the restart');
  const away = { mac: moved.mac, vlan: null, source: 'heard', reason: 'seen-on-uplink' };
  // What comes in within 2 s after a failover may be its own frame.
  await untilListed(away, () => lab.inject('client', 'eth0', arpFrom(moved.mac, '10.1.2.3')));
  assert.equal(await next.metric(UNEXPLAINED), 1);
  await next.logs(/stations that are heard leaving are neither explained nor announced bond=bond0 speakers=1/);
  assert.match(await unexplained(), new RegExp(`^1 station was heard leaving .*: ${moved.mac} \\(seen-on-uplink\\)$`));
  assert.deepEqual(await nextFailover(lab, 0), []);
  await untilHeard(lab, station, moved);
  await next.stop();
});
