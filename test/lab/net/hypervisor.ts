/**
 * The hypervisor's side of a topology as a list of `ip` and `bridge` commands. Every method adds some lines and returns
 * the name of what it makes, so shapes are put together by calling them in order; nothing runs until the lab is built.
 */

export const HYPERVISOR = 'hv';
export const BOND = 'bond0';

/** A VLAN tag on the wire. */
export interface Tag {
  vid: number;
  /** 0x8100 (802.1Q) or 0x88a8 (802.1ad). */
  tpid: number;
}

/** Tags outermost first; a bare number is an 802.1Q tag. */
export type Wire = readonly (number | Tag)[];

/** A guest: a device whose frames leave by the bond, and which never speaks unless told to. */
export interface Guest {
  name: string;
  mac: string;
  /** Its device and the namespace that has it. */
  netns: string;
  device: string;
  /** The hypervisor's end of a guest's veth; null for a macvlan. */
  port: string | null;
  /** The tags its frames carry beyond the bond; null: nobody out there can reach it. */
  wire: readonly Tag[] | null;
  /** Given when the lab is built: one subnet for each stack of tags. */
  ip: string;
}

/** A bridge port's VLANs. Ports of a VLAN-aware bridge start with 1 as their native VLAN, as the kernel has it. */
export interface PortVlans {
  /** Untagged both ways, in place of 1; null: no untagged traffic at all. */
  native?: number | null;
  /** Tagged both ways. */
  tagged?: readonly number[];
}

export class Hypervisor {
  readonly ipLines: string[] = [];
  readonly bridgeLines: string[] = [];
  readonly guests: Guest[] = [];

  /** Adds a bridge without spanning tree; up. */
  bridge(name: string, options: { vlanAware?: boolean; protocol?: '802.1Q' | '802.1ad' } = {}): string {
    const vlans = options.vlanAware ? ` vlan_filtering 1 vlan_protocol ${options.protocol ?? '802.1Q'}` : '';
    this.ip(`link add name ${name} type bridge stp_state 0 mcast_snooping 0${vlans}`, `link set ${name} up`);
    return name;
  }

  /** Makes a device a port of a bridge; up. */
  port(bridge: string, device: string, vlans: PortVlans = {}): string {
    this.ip(`link set ${device} master ${bridge}`, `link set ${device} up`);
    if (vlans.native !== undefined) this.bridgeLines.push(`vlan del dev ${device} vid 1`);
    if (typeof vlans.native === 'number') {
      this.bridgeLines.push(`vlan add dev ${device} vid ${vlans.native} pvid untagged`);
    }
    for (const vid of vlans.tagged ?? []) this.bridgeLines.push(`vlan add dev ${device} vid ${vid}`);
    return device;
  }

  /** Adds a VLAN device on top of another; up. Its name is the usual one, like bond0.905. */
  vlan(lower: string, vid: number, protocol: '802.1Q' | '802.1ad' = '802.1Q'): string {
    const name = `${lower}.${vid}`;
    this.ip(`link add link ${lower} name ${name} type vlan protocol ${protocol} id ${vid}`, `link set ${name} up`);
    return name;
  }

  /** Lets a VLAN-aware bridge itself be a member, so that a VLAN device on it gets that VLAN's traffic. */
  bridgeSelf(bridge: string, vid: number): void {
    this.bridgeLines.push(`vlan add dev ${bridge} vid ${vid} self`);
  }

  /** Adds two ends of a cable inside the hypervisor, such as OpenStack's qvb and qvo; up. */
  vethPair(one: string, other: string): [string, string] {
    this.ip(`link add ${one} type veth peer name ${other}`, `link set ${one} up`, `link set ${other} up`);
    return [one, other];
  }

  /** Adds a guest of its own namespace on a bridge; `access` is its VLAN on a VLAN-aware one. */
  guest(bridge: string, options: { access?: number; wire?: Wire | null } = {}): Guest {
    const guest = this.unplugged(options);
    this.port(bridge, guest.port, options.access === undefined ? {} : { native: options.access });
    return guest;
  }

  /** Adds a guest of its own namespace whose port is up and on no bridge. */
  unplugged(options: { wire?: Wire | null } = {}): Guest & { port: string } {
    const n = this.guests.length + 1;
    const port = `tap${n}`;
    const guest = this.#addGuest({ netns: `g${n}`, device: 'eth0', port }, options.wire);
    this.ip(`link add ${port} type veth peer name eth0 address ${guest.mac} netns g${n}`, `link set ${port} up`);
    return { ...guest, port };
  }

  /**
   * Adds a guest as a macvlan or macvtap on a device, in bridge mode. It stays in the hypervisor's namespace, as a
   * virtual machine's macvtap does, or moves into one of its own, as a container's macvlan does.
   */
  macvlan(lower: string, options: { type?: 'macvlan' | 'macvtap'; moved?: boolean; wire?: Wire } = {}): Guest {
    const n = this.guests.length + 1;
    const type = options.type ?? 'macvlan';
    const device = `${type}${n}`;
    const netns = options.moved ? `g${n}` : HYPERVISOR;
    const guest = this.#addGuest({ netns, device, port: null }, options.wire);
    this.ip(`link add link ${lower} name ${device} address ${guest.mac} type ${type} mode bridge`);
    if (options.moved) this.ip(`link set ${device} netns g${n}`);
    return guest;
  }

  /** Adds lines for `ip -batch` as they are. */
  ip(...lines: string[]): void {
    this.ipLines.push(...lines);
  }

  #addGuest(where: Pick<Guest, 'netns' | 'device' | 'port'>, wire: Wire | null = []): Guest {
    const n = this.guests.length + 1;
    const mac = `52:54:00:00:${hex(n >> 8)}:${hex(n & 0xff)}`;
    const guest = { name: `g${n}`, mac, ...where, wire: wire && wire.map(asTag), ip: '' };
    this.guests.push(guest);
    return guest;
  }
}

/** Three silent guests on a plain bridge on the bond: the shape to take where the shape does not matter. */
export function plainBridge(guests = 3): (hv: Hypervisor) => void {
  return (hv) => {
    hv.bridge('br0');
    hv.port('br0', BOND);
    for (let n = 0; n < guests; n++) hv.guest('br0');
  };
}

/** So many bonds, each a port of a bridge of its own: the lab's, with a guest, and others whose links lead nowhere. */
export function manyBonds(bonds: number): (hv: Hypervisor) => void {
  return (hv) => {
    plainBridge(1)(hv);
    for (let n = 1; n < bonds; n++) {
      hv.ip(`link add bond${n} type bond mode active-backup miimon 100`);
      for (const slave of [`slave${n}a`, `slave${n}b`])
        hv.ip(`link add ${slave} type dummy`, `link set ${slave} master bond${n}`);
      hv.port(hv.bridge(`br${n}`), `bond${n}`);
    }
  };
}

/** A guest behind a bridge of its own, whose other port is one of the bridge that the bond is a port of. */
export function ownBridge(hv: Hypervisor): void {
  hv.bridge('br0');
  hv.port('br0', BOND);
  hv.bridge('qbr');
  hv.vethPair('qvb', 'qvo');
  hv.port('qbr', 'qvb');
  hv.port('br0', 'qvo');
  hv.guest('qbr');
}

function asTag(tag: number | Tag): Tag {
  return typeof tag === 'number' ? { vid: tag, tpid: 0x8100 } : tag;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
