import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from '../support/dissect.js';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, labWithDaemon, ONE_BURST, runIn } from './net/daemon.js';
import { BOND, type Hypervisor } from './net/hypervisor.js';
import type { Lab } from './net/lab.js';
import { assertOutage } from './net/outage.js';

/* Bonds of mode 802.3ad. The switches' ends are bonds of that mode as well, of one port each. */

const LACP = { mode: '802.3ad', miimon: 100, lacp_rate: 'fast' };

/**
 * miimon, then turns of state machines at both ends, 100 ms each, or until the switch hears LACP again, which is sent each
 * second: 250 to 1,300 ms. One round is sent: were it sent too early, or not at all, guests would be dark to the end.
 */
const LIMIT_MS = 2500;

/** Guests in a VLAN and in none, and an address of the host's own on the bond. */
function guests(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { native: 20, tagged: [10] });
  hv.guest('br0', { access: 10, wire: [10] });
  hv.guest('br0', { access: 20, wire: [] });
  hv.ip(`addr add 192.0.2.10/24 dev ${hv.vlan(BOND, 30)}`);
}

const CLAIM = /vlan 30, ARP who-has 192\.0\.2\.10 tell 192\.0\.2\.10/;

/** The number of the link that the bond sends by, and of the other. */
function links(lab: Lab): readonly [1 | 2, 1 | 2] {
  return lab.activeSlave() === 'up1' ? [1, 2] : [2, 1];
}

const said = async (...argv: string[]): Promise<string> => (await runIn([BONDHERALD, ...argv])).stdout;

test('two switches without MLAG: who is silent is announced by the aggregator that takes over, and so is the host', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, {
    bond: LACP,
    lacp: 'two switches',
    attach: guests,
    config: ONE_BURST,
  });
  const host = { mac: await lab.macOf('bond0.30'), wire: [{ vid: 30, tpid: 0x8100 }] };
  const [first, second] = links(lab);
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    const far = capture(lab, `sw${to}`, 'p-hv', { filter: RARP_FILTER });
    const addresses = capture(lab, `sw${to}`, 'p-hv', { filter: `ether src ${host.mac}` });
    await assertOutage(lab, { limit: LIMIT_MS, from: to === 2 ? 'client' : 'client2' }, async () => {
      await lab.cutLink(from);
      await lab.untilActive(`up${to}`);
      assert.deepEqual(announced(await nextRound(far, 3)), expected([...lab.guests, host]));
    });
    const isClaimed = (): boolean => addresses.frames.some(({ bytes }) => CLAIM.test(describe(bytes)));
    await until(isClaimed, { what: "the host's own address is announced" });
    await lab.mendLink(from);
    await lab.untilUp(`up${from}`);
    await lab.untilLacpAgrees();
    await lab.teach();
  }
  assert.equal(await daemon.metric(`bondherald_bond_failovers_total{bond="${BOND}"}`), 2);
  assert.match(await said('status'), /^bond0: 802\.3ad, .*active link up[12]$/m);
  assert.match(await said('doctor'), /2 aggregators/);
});

test('two switches as one (MLAG): nobody moves, nobody is announced, and the doctor says why', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { bond: LACP, lacp: 'one switch', attach: guests });
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  await lab.untilActive('up1');
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await far.settled();
  assert.deepEqual(announced(far.frames), []);
  assert.equal(await daemon.metric(`bondherald_bond_failovers_total{bond="${BOND}"}`), undefined);
  assert.match(await said('doctor'), /one aggregator/);
});
