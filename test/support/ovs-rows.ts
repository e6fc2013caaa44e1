import type { OvsBond, OvsBridge, OvsInterface, OvsPort, OvsVlans } from '../../src/sources/ovs/config.js';

const ANY_VLAN: OvsVlans = { mode: 'trunk', tag: null, trunks: [], cvlans: [], ethertype: 0x88a8 };

/** A port's or bond's interface of that name, up. */
export function ovsInterface(name: string, ofport: number, more: Partial<OvsInterface> = {}): OvsInterface {
  return { uuid: `if-${name}`, name, type: 'system', ifindex: null, ofport, peer: null, mac: null, up: true, lowerUp: true, ...more }; // prettier-ignore
}

/** A port with one interface of its name. */
export function ovsPort(name: string, ofport: number, more: Partial<OvsInterface> = {}): OvsPort {
  return { uuid: `port-${name}`, name, vlans: ANY_VLAN, interfaces: [ovsInterface(name, ofport, more)], bond: null };
}

/** A bond of up1 (port 1, active) and up2 (port 2). */
export function ovsBond(name: string, more: Partial<OvsPort> = {}, bond: Partial<OvsBond> = {}): OvsPort {
  return {
    ...{ uuid: `port-${name}`, name, vlans: ANY_VLAN },
    interfaces: [ovsInterface('up1', 1, { ifindex: 11 }), ovsInterface('up2', 2, { ifindex: 12 })],
    bond: { mode: 'active-backup', active: 'if-up1', lacp: 'off', updelay: 0, ...bond },
    ...more,
  };
}

export function ovsBridge(name: string, ports: readonly OvsPort[], more: Partial<OvsBridge> = {}): OvsBridge {
  return { uuid: `br-${name}`, name, programmed: false, macAgingTime: 300, macTableSize: 8192, ports, ...more };
}
