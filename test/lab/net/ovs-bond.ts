import { until } from '../../support/until.js';
import { ip } from './ip.js';
import type { Lab } from './lab.js';
import { OpenVSwitch } from './ovs.js';

export const OVS_BRIDGE = 'ovs0';
export const OVS_BOND = 'obond';

/** An OVS bond in place of the kernel's. */
export interface OvsBondLab {
  readonly ovs: OpenVSwitch;
  /** The member that it sends by. */
  readonly active: () => Promise<string | undefined>;
  readonly setActive: (member: string) => Promise<void>;
  /** The number of a port in OpenFlow. */
  readonly ofport: (name: string) => Promise<number>;
  /** What fdb/show says of a MAC, as `port vlan`; one row each. */
  readonly learned: (mac: string) => Promise<string[]>;
}

/**
 * Replaces bond and bridge of a lab by Open vSwitch's: obond of up1 (active) and up2, and the guests' ports.
 * @param ports for each guest in turn, the settings of its port: `tag=905`
 * @param folder where Open vSwitch keeps everything, if not where the daemon looks first
 */
export async function ovsBondIn(
  lab: Lab,
  ports: readonly (readonly string[])[],
  { mode = 'active-backup', folder }: { readonly mode?: string; readonly folder?: string } = {},
): Promise<OvsBondLab> {
  const taps = lab.guests.flatMap(({ port }) => port ?? []);
  await ip('hv', [
    ...['up1', 'up2', ...taps].map((device) => `link set ${device} nomaster`),
    ...['link del bond0', 'link del br0', 'link set up1 up', 'link set up2 up'],
  ]);
  const ovs = await OpenVSwitch.start(lab, folder);
  await ovs.addBridge(OVS_BRIDGE);
  const bond = ['add-bond', OVS_BRIDGE, OVS_BOND, 'up1', 'up2', `bond_mode=${mode}`];
  await ovs.vsctl(
    ...bond,
    ...['--', 'set', 'port', OVS_BOND, 'other_config:bond-detect-mode=carrier'],
    ...taps.flatMap((tap, n) => ['--', 'add-port', OVS_BRIDGE, tap, ...(ports[n] ?? [])]),
  );
  const active = async (): Promise<string | undefined> =>
    /^(?:slave|member) (\S+): enabled\n\s+active/m.exec(await ovs.appctl('bond/show', OVS_BOND))?.[1];
  const setActive = async (member: string): Promise<void> => {
    await until(
      async () => new RegExp(`^(?:slave|member) ${member}: enabled`, 'm').test(await ovs.appctl('bond/show', OVS_BOND)),
      { what: `${member} is up`, every: 20 },
    );
    await ovs.appctl('bond/set-active-slave', OVS_BOND, member);
    await until(async () => (await active()) === member, { what: `Open vSwitch sends by ${member}`, every: 20 });
  };
  await setActive('up1');
  return {
    ovs,
    active,
    setActive,
    ofport: async (name) => Number(await ovs.vsctl('get', 'interface', name, 'ofport')),
    async learned(mac) {
      const rows = (await ovs.appctl('fdb/show', OVS_BRIDGE)).split('\n').map((line) => line.trim().split(/\s+/));
      return rows.flatMap(([port, vlan, address]) => (address === mac ? [`${port} ${vlan}`] : []));
    },
  };
}
