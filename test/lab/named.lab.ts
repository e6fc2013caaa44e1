import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { labWithDaemon, runIn, BONDHERALD } from './net/daemon.js';
import { BOND, type Guest, type Hypervisor, plainBridge } from './net/hypervisor.js';

const NOBODY = '52:54:00:00:0f:01';
const ROUTER = '00:00:5e:00:01:07';

/** Fails over once under this configuration. @returns what the far side heard, and what it was to hear */
async function underConfig(t: TestContext, config: string, attach: (hv: Hypervisor) => void = plainBridge(3)) {
  const { lab } = await labWithDaemon(t, { attach, config });
  const far = capture(lab, 'client', 'eth0', { filter: RARP_FILTER });
  return {
    lab,
    /** @param more stations that no source of the host knows */
    hears: async (who: (name: string) => boolean, more: Pick<Guest, 'mac' | 'wire'>[] = []): Promise<void> => {
      const stations = [...lab.guests.filter(({ name }) => who(name)), ...more];
      const arriving = nextRound(far, stations.length);
      await lab.setActive('up2');
      assert.deepEqual(announced(await arriving), expected(stations));
    },
    reason: async (mac: string): Promise<unknown> => {
      const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
      const { bonds } = JSON.parse(stdout) as { bonds: { guests: { mac: string; reason: unknown }[] }[] };
      return bonds.flatMap(({ guests }) => guests).find((guest) => guest.mac === mac)?.reason;
    },
  };
}

test('a guest that only the configuration knows is announced with its tag', async (t) => {
  const entry = `{mac: "${NOBODY}", vlan: 905, bond: ${BOND}, addresses: [192.0.2.7]}`;
  const { hears } = await underConfig(t, `guests: {static: [${entry}]}`);
  await hears(() => true, [{ mac: NOBODY, wire: [{ tpid: 0x8100, vid: 905 }] }]);
});

test('excluded MACs, ports and VLANs are not announced, and the list of guests says why', async (t) => {
  const attach = (hv: Hypervisor): void => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, { native: 20, tagged: [10, 11] });
    for (const access of [10, 11, 20, 20]) hv.guest('br0', { access, wire: access === 20 ? [] : [access] });
  };
  const exclude = '{macs: ["52:54:00:00:00:03"], vlans: [11], ports: ["tap[!2-9]"]}';
  const { lab, hears, reason } = await underConfig(t, `guests: {exclude: ${exclude}}`, attach);
  for (const name of ['g1', 'g2', 'g3']) assert.equal(await reason(lab.guest(name).mac), 'excluded');
  await hears((name) => name === 'g4');
});

for (const virtualRouterMacs of [false, true]) {
  const verb = virtualRouterMacs ? 'is' : 'is not';
  test(`a virtual router's MAC ${verb} announced with virtualRouterMacs: ${virtualRouterMacs}`, async (t) => {
    const { lab, hears, reason } = await underConfig(t, `guests: {virtualRouterMacs: ${virtualRouterMacs}}`);
    lab.speakOnce(lab.guest('g1'), ROUTER);
    const held = virtualRouterMacs ? null : 'virtual-router';
    await until(async () => (await reason(ROUTER)) === held, { what: 'the daemon knows the router' });
    await hears(() => true, virtualRouterMacs ? [{ mac: ROUTER, wire: [] }] : []);
  });
}
