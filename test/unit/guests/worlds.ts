/**
 * Small hosts for the property test of the host state, as plain data: both the program's side and the model are built
 * from it. Devices are known by name; one that is removed and made anew has another life.
 */

/** A VLAN that a port of a VLAN-aware bridge is a member of. */
export interface PortVlan {
  readonly vid: number;
  readonly untagged: boolean;
}

/** A device as it stands; the model changes it in place. */
export interface Device {
  readonly name: string;
  readonly kind: 'bond' | 'bridge' | 'tap' | 'vlan' | 'macvtap';
  /** The bond or VLAN device beneath. */
  readonly over: string | null;
  /** For a bridge: whether it knows VLANs. */
  readonly aware: boolean;
  master: string | null;
  vlans: readonly PortVlan[];
  address: string | null;
  up: boolean;
  carrier: boolean;
  /** Spanning tree's state of a port: 3 is forwarding. */
  state: number;
  present: boolean;
  life: number;
}

function device(name: string, kind: Device['kind'], more: Partial<Device> = {}): Device {
  const links = { over: null, aware: false, master: null, vlans: [], address: null };
  return { name, kind, ...links, up: true, carrier: true, state: 3, present: true, life: 1, ...more };
}

const native = (vid: number): PortVlan => ({ vid, untagged: true });
const tagged = (vid: number): PortVlan => ({ vid, untagged: false });

export const MACS = [1, 2, 3, 4, 5].map((n) => `52:54:00:00:00:0${n}`).concat('00:00:5e:00:01:07');
/** Never announced: a MAC that routers share. */
export const SHARED_MAC = '00:00:5e:00:01:07';
export const VLANS = [1, 905];
export const MAX_IPS = 20;

/** A plain bridge on the bond, another on a VLAN device above it, and a guest on a macvtap. */
function plain(): Device[] {
  return [
    device('bond0', 'bond', { master: 'br0' }),
    device('bond0.905', 'vlan', { over: 'bond0', master: 'br1' }),
    device('br0', 'bridge'),
    device('br1', 'bridge'),
    device('tap1', 'tap', { master: 'br0' }),
    device('tap2', 'tap', { master: 'br0' }),
    device('tap3', 'tap', { master: 'br1' }),
    device('mv1', 'macvtap', { over: 'bond0', address: MACS[0] ?? null }),
  ];
}

/** A bridge that knows VLANs: two access ports and a trunk. */
function aware(): Device[] {
  return [
    device('bond0', 'bond', { master: 'br0', vlans: [native(1), tagged(905)] }),
    device('br0', 'bridge', { aware: true }),
    device('tap1', 'tap', { master: 'br0', vlans: [native(1)] }),
    device('tap2', 'tap', { master: 'br0', vlans: [native(905)] }),
    device('tap3', 'tap', { master: 'br0', vlans: [native(1), tagged(905)] }),
  ];
}

/** Two bonds, each with a bridge of its own. */
function two(): Device[] {
  return [
    device('bond0', 'bond', { master: 'br0' }),
    device('bond1', 'bond', { master: 'br1', vlans: [native(1), tagged(905)] }),
    device('br0', 'bridge'),
    device('br1', 'bridge', { aware: true }),
    device('tap1', 'tap', { master: 'br0' }),
    device('tap2', 'tap', { master: 'br0' }),
    device('tap3', 'tap', { master: 'br1', vlans: [native(1), tagged(905)] }),
    device('tap4', 'tap', { master: 'br1', vlans: [native(905)] }),
  ];
}

export const WORLDS = { plain, aware, two };
export type WorldName = keyof typeof WORLDS;
