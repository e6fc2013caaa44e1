/** The model's devices: which ways lead out of the host, and who stands behind which port. By hand and by searching. */
import type { LinkChange } from './commands.js';
import { type Device, WORLDS, type WorldName } from './worlds.js';

/** A way out of the host: a bond and the VLANs of the tags, the outermost first, like `bond0/905/7`. */
export type Way = string;

export interface OpenOrNot {
  readonly way: Way;
  readonly blocked: string | null;
}

/** Where a bridge had a MAC. */
export interface Place {
  readonly mac: string;
  readonly bridge: string;
  readonly vlan: number | null;
  readonly port: string;
  readonly life: number;
}

export class ModelHost {
  readonly devices: Device[];
  private readonly atFirst: readonly Device[];
  /** Since when ports are waited for that have left their bridge. */
  private away = new Map<string, number>();

  constructor(world: WorldName) {
    this.devices = WORLDS[world]();
    this.atFirst = WORLDS[world]();
  }

  /** The device of that name, if it is there now. */
  find(name: string | null): Device | undefined {
    return this.devices.find((device) => device.name === name && device.present);
  }

  /** The MAC of a macvtap; null for any other device. */
  macvtapMac(name: string): string | null {
    const device = this.find(name);
    return device?.kind === 'macvtap' ? device.address : null;
  }

  /** Where a row for this port says that a MAC is; null where no bridge could have it. */
  place(mac: string, port: string, vlan: number): Place | null {
    const device = this.find(port);
    const bridge = this.find(device?.master ?? null);
    if (!device || !bridge || device.kind === 'macvtap') return null;
    return { mac, bridge: bridge.name, vlan: bridge.aware ? vlan : null, port, life: device.life };
  }

  change({ port, joined, ...rest }: LinkChange, now: number): void {
    const at = this.devices.findIndex(({ name }) => name === port);
    const device = this.devices[at];
    if (!device?.present) return;
    Object.assign(device, rest);
    if (joined === false && device.master !== null) this.away.set(port, now);
    if (joined !== undefined) device.master = joined ? (this.atFirst[at]?.master ?? null) : null;
    if (!device.up || !device.carrier) this.away.delete(port);
  }

  /** Rule 18: a port that has left its bridge keeps its guests for a minute. @returns whether that was over for some */
  expire(now: number): boolean {
    const before = this.away.size;
    this.away = new Map([...this.away].filter(([, since]) => now - since <= 60));
    return this.away.size < before;
  }

  forgetAway(): void {
    this.away.clear();
  }

  isAway(place: Place): boolean {
    return this.away.has(place.port) && this.isGuests(place);
  }

  /** A device goes, or one like it at first comes in its place. */
  setPresent(name: string, present: boolean): void {
    const at = this.devices.findIndex((each) => each.name === name);
    const device = this.devices[at];
    if (!device || device.present === present) return;
    this.away.delete(name);
    Object.assign(device, present ? { ...this.atFirst[at], life: device.life + 1 } : { present });
  }

  /** Whether a place is behind a port that leads to a guest, and the port is still the same device. */
  isGuests({ port, life }: Place): boolean {
    const device = this.find(port);
    return device?.kind === 'tap' && device.life === life;
  }

  isUplinks({ port, life }: Place): boolean {
    return port.startsWith('bond') && this.find(port)?.life === life;
  }

  /** Whether the port of a guest is gone, down, or without carrier. */
  fell(place: Place): boolean {
    const device = this.find(place.port);
    return !(device?.up && device.carrier && this.isGuests(place));
  }

  /** Rule 4: the same device in the same bridge and VLAN, up, with carrier. */
  stands(place: Place): boolean {
    const device = this.find(place.port);
    const member = place.vlan === null || device?.vlans.some(({ vid }) => vid === place.vlan) === true;
    return !this.fell(place) && device?.master === place.bridge && member;
  }

  /** By which ways frames leave that a bridge has in one of its VLANs. */
  waysOfBridge(bridge: string, vlan: number | null): OpenOrNot[] {
    const ports = this.devices.filter(({ present, master }) => present && master === bridge);
    return ports.flatMap((port) => this.wayOfUplink(port, vlan) ?? []);
  }

  /**
   * How frames leave by `way` that a guest sends with tags of its own, when those without leave by `outer`. A bridge that
   * knows VLANs takes the first of them for the VLAN, unless the guest has named that before: on a port that sends it tagged.
   */
  waysOfInner({ bridge, port, vlan }: Place, outer: OpenOrNot, way: Way): OpenOrNot[] {
    if (vlan === null) return [{ ...outer, way }];
    const vlans = this.find(port)?.vlans ?? [];
    const own = vlans.find(({ vid }) => vid === vlan);
    if (own && !own.untagged) return [{ ...outer, way }];
    const [first, ...rest] = way
      .slice(outer.way.length + 1)
      .split('/')
      .map(Number);
    if (!own || first === undefined || !vlans.some(({ vid }) => vid === first)) return [];
    const sorted = this.waysOfBridge(bridge, first).map((each) => ({ ...each, way: [each.way, ...rest].join('/') }));
    return sorted.filter((each) => each.way === way);
  }

  /** The way by which a MAC is that a bridge has on an uplink. */
  wayOfPlace({ port, bridge, vlan }: Place): Way | null {
    const device = this.find(port);
    return device?.master === bridge ? (this.wayOfUplink(device, vlan)?.way ?? null) : null;
  }

  /** Rule 6: as the membership of the uplink says. Rule 5: where the bridge does not forward, it is blocked. */
  private wayOfUplink(port: Device, vlan: number | null): OpenOrNot | null {
    if (port.kind === 'tap') return null;
    const member = vlan === null ? null : port.vlans.find(({ vid }) => vid === vlan);
    const inner = vlan === null || member?.untagged ? [] : [vlan];
    const beneath = this.waysOfDevice(port.name, inner)[0];
    if (!beneath) return null;
    const forwards = port.state === 3 || (port.state === 0 && !port.carrier);
    const notForwarding = forwards ? null : 'uplink-not-forwarding';
    const own = member === undefined ? 'vlan-not-on-uplink' : port.up ? notForwarding : 'uplink-down';
    return { way: beneath.way, blocked: beneath.blocked ?? own };
  }

  /** By which way frames leave that a device sends itself; a device beneath that is down blocks it. */
  waysOfDevice(name: string, tags: readonly number[] = []): OpenOrNot[] {
    const device = this.find(name);
    if (!device) return [];
    if (device.kind === 'bond') return [{ way: [name, ...tags].join('/'), blocked: null }];
    if (device.over === null) return [];
    const beneath = this.find(device.over);
    const own = device.kind === 'vlan' ? [Number(name.split('.')[1]), ...tags] : tags;
    const blocked = beneath?.up === false ? 'uplink-down' : null;
    return this.waysOfDevice(device.over, own).map((each) => ({ ...each, blocked: each.blocked ?? blocked }));
  }
}
