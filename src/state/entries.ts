import { isGroupMac, parseMac, ZERO_MAC } from '../addr/mac.js';
import type { BondSnapshot, GuestSnapshot, NamedDevice, PlaceSnapshot } from '../guests/snapshot.js';
import type { Source } from '../sources/sighting.js';

/** The sources whose places may stand in a file. */
const SOURCES: Readonly<Record<Source, true>> = { fdb: true, libvirt: true, macvlan: true, static: true };

/** So many places of one MAC are read; no more are written. */
const MAX_PLACES = 64;

/** IEEE 802.1Q: 0 and 4095 are no VLANs. */
const LAST_VLAN = 4094;

/** A name may be 15 bytes (IFNAMSIZ); what is no UTF-8 in it was replaced when it was read, and is longer. */
const MAX_NAME = 64;

/** Whether a value is an object with exactly these keys. */
export function hasKeys<K extends string>(value: unknown, keys: readonly K[]): value is Record<K, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key));
}

/** Whether a value is a finite number that is not negative. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** @returns undefined when the entry is wrong */
export function readBond(entry: unknown): BondSnapshot | undefined {
  if (!hasKeys(entry, ['ifindex', 'name', 'activeSlave'])) return undefined;
  const bond = readDevice({ ifindex: entry.ifindex, name: entry.name });
  const activeSlave = entry.activeSlave === null ? null : readDevice(entry.activeSlave);
  return bond && activeSlave !== undefined ? { ...bond, activeSlave } : undefined;
}

/** @returns undefined when the entry or any of its places is wrong: the wrong one may say that the guest left */
export function readGuest(entry: unknown): GuestSnapshot | undefined {
  if (!hasKeys(entry, ['mac', 'places']) || typeof entry.mac !== 'string' || !Array.isArray(entry.places)) {
    return undefined;
  }
  const mac = parseMac(entry.mac);
  if (mac === undefined || isGroupMac(mac) || mac === ZERO_MAC || entry.places.length > MAX_PLACES) return undefined;
  const places = entry.places.flatMap((place) => readPlace(place) ?? []);
  return places.length === entry.places.length && places.length > 0 ? { mac, places } : undefined;
}

function readPlace(entry: unknown): PlaceSnapshot | undefined {
  if (!hasKeys(entry, ['source', 'device', 'bridge', 'vlan', 'lastSeen'])) return undefined;
  const { source, vlan, lastSeen } = entry;
  const device = readDevice(entry.device);
  const bridge = readDevice(entry.bridge);
  if (!device || !bridge || !isSource(source) || !isVlan(vlan) || !isNumber(lastSeen)) return undefined;
  return { source, device, bridge, vlan, lastSeen };
}

function readDevice(entry: unknown): NamedDevice | undefined {
  if (!hasKeys(entry, ['ifindex', 'name'])) return undefined;
  const { ifindex, name } = entry;
  if (typeof ifindex !== 'number' || !Number.isInteger(ifindex) || ifindex < 1 || ifindex > 0x7fffffff)
    return undefined;
  return typeof name === 'string' && name !== '' && name.length <= MAX_NAME ? { ifindex, name } : undefined;
}

function isSource(value: unknown): value is Source {
  return typeof value === 'string' && Object.hasOwn(SOURCES, value);
}

function isVlan(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LAST_VLAN);
}
