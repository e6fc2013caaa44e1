import { type Ip, isStationIp, parseIp } from '../addr/ip.js';
import { parseStationMac } from '../addr/mac.js';
import { type GuestSnapshot, type HeardSnapshot, MAX_PLACES, type PlaceSnapshot } from '../guests/snapshot.js';
import type { BondSnapshot, NamedDevice } from '../topology/named-devices.js';
import type { Source } from '../sources/sighting.js';
import { TextDecoder } from 'node:util';
import { MAX_BONDS, MAX_BYTES, MAX_GUESTS, type SavedState, VERSION } from './document.js';

/** Why a file is not taken. */
type RefusalReason = 'too-large' | 'malformed' | 'version' | 'other-boot';

/** What a file turned out to be. */
type Decoded =
  /** `dropped` is how many entries were passed over. */
  { readonly reason: null; readonly state: SavedState; readonly dropped: number } | { readonly reason: RefusalReason };

/**
 * Reads a document. Entries that are wrong are passed over, each alone: a guest with all its places.
 * @param bootId of the boot in which we run
 */
export function decodeState(bytes: Uint8Array, bootId: string): Decoded {
  if (bytes.length > MAX_BYTES) return { reason: 'too-large' };
  const document = parseJson(bytes);
  if (!isRecord(document) || typeof document['version'] !== 'number') return { reason: 'malformed' };
  if (document['version'] !== VERSION) return { reason: 'version' };
  if (!hasKeys(document, ['version', 'bootId', 'savedAt', 'bonds', 'guests'])) return { reason: 'malformed' };
  const { bootId: writtenIn, savedAt, bonds, guests } = document;
  if (typeof writtenIn !== 'string' || !isNumber(savedAt)) return { reason: 'malformed' };
  if (!Array.isArray(bonds) || !Array.isArray(guests)) return { reason: 'malformed' };
  if (writtenIn !== bootId) return { reason: 'other-boot' };
  if (bonds.length > MAX_BONDS || guests.length > MAX_GUESTS) return { reason: 'too-large' };
  const known = bonds.flatMap((bond) => readBond(bond) ?? []);
  // A MAC that comes twice is where its later entry says.
  const byMac = new Map(guests.flatMap((guest) => readGuest(guest) ?? []).map((guest) => [guest.mac, guest]));
  const dropped = bonds.length + guests.length - known.length - byMac.size;
  return { reason: null, state: { savedAt, bonds: known, guests: [...byMac.values()] }, dropped };
}

/** @returns undefined for what is no JSON in UTF-8 */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The sources whose places may stand in a file. */
const SOURCES: readonly Source[] = ['fdb', 'libvirt', 'macvlan', 'ovs', 'proxmox'];

/** So many addresses of one MAC by one way are read; the settings may allow no more. */
const MAX_ADDRESSES = 4096;

/** Devices that a frame may pass (topology/exits.ts): no frame has more tags. */
const MAX_TAGS = 16;

/** IEEE 802.1Q: 0 and 4095 are no VLANs. In Open vSwitch 0 is that of frames without a tag. */
const LAST_VLAN = 4094;

/** A name may be 15 bytes (IFNAMSIZ); what is no UTF-8 in it was replaced when it was read, and is longer. */
const MAX_NAME = 64;

/** Whether a value is an object with exactly these keys. */
function hasKeys<K extends string>(value: unknown, keys: readonly K[]): value is Record<K, unknown> {
  if (!isRecord(value) || Object.keys(value).length !== keys.length) return false;
  return keys.every((key) => Object.hasOwn(value, key));
}

/** Whether a value is a finite number that is not negative. */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Whether a value is a time, or null for never. */
function isTime(value: unknown): value is number | null {
  return value === null || isNumber(value);
}

/** @returns undefined when the entry is wrong */
export function readBond(entry: unknown): BondSnapshot | undefined {
  if (!hasKeys(entry, ['ifindex', 'name', 'activeSlave'])) return undefined;
  const bond = readDevice({ ifindex: entry.ifindex, name: entry.name });
  const activeSlave = entry.activeSlave === null ? null : readDevice(entry.activeSlave);
  return bond && activeSlave !== undefined ? { ...bond, activeSlave } : undefined;
}

/** @returns undefined when the entry or anything in it is wrong: what is wrong may say that the guest left */
export function readGuest(entry: unknown): GuestSnapshot | undefined {
  if (!hasKeys(entry, ['mac', 'places', 'heard']) || typeof entry.mac !== 'string') return undefined;
  const mac = parseStationMac(entry.mac);
  if (mac === undefined) return undefined;
  const places = readList(entry.places, MAX_PLACES, readPlace);
  const heard = readList(entry.heard, MAX_PLACES, readHeard);
  return places && heard && places.length + heard.length > 0 ? { mac, places, heard } : undefined;
}

/** @returns undefined when it is no list, too long, or anything in it is wrong */
function readList<T>(list: unknown, max: number, read: (entry: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(list) || list.length > max) return undefined;
  const entries = list.map((entry) => read(entry)).filter((entry) => entry !== undefined);
  return entries.length === list.length ? entries : undefined;
}

const HEARD_KEYS = [
  ...(['bond', 'tags', 'out', 'proof', 'in', 'unexplained', 'since', 'router', 'advertised', 'addresses'] as const),
];

/** Earlier runs wrote no `proof`, and to them everything that left was one; nor who was `unexplained`. */
function withLaterKeys(entry: Record<string, unknown>): Record<string, unknown> {
  return { proof: entry['out'], unexplained: null, ...entry };
}

function readHeard(entry: unknown): HeardSnapshot | undefined {
  const whole = isRecord(entry) ? withLaterKeys(entry) : entry;
  if (!hasKeys(whole, HEARD_KEYS)) return undefined;
  const { out, proof, in: came, unexplained, since, router, advertised } = whole;
  const bond = readDevice(whole.bond);
  const tags = readList(whole.tags, MAX_TAGS, readTag);
  const addresses = readList(whole.addresses, MAX_ADDRESSES, readAddress);
  if (!bond || !tags || !addresses || !isNumber(since)) return undefined;
  if (!isTime(out) || !isTime(proof) || !isTime(came) || !isTime(unexplained)) return undefined;
  if ((router !== null && typeof router !== 'boolean') || typeof advertised !== 'boolean') return undefined;
  return { bond, tags, out, proof, in: came, unexplained, since, router, advertised, addresses };
}

function readTag(entry: unknown): { tpid: number; vid: number } | undefined {
  if (!hasKeys(entry, ['tpid', 'vid']) || !isVlan(entry.vid) || !entry.vid) return undefined;
  return entry.tpid === 0x8100 || entry.tpid === 0x88a8 ? { tpid: entry.tpid, vid: entry.vid } : undefined;
}

function readAddress(entry: unknown): readonly [Ip, number] | undefined {
  if (!Array.isArray(entry) || entry.length !== 2) return undefined;
  const [text, time] = entry as unknown[];
  const ip = typeof text === 'string' ? parseIp(text) : undefined;
  return ip === text && ip !== undefined && isStationIp(ip) && isNumber(time) ? [ip, time] : undefined;
}

function readPlace(entry: unknown): PlaceSnapshot | undefined {
  if (!hasKeys(entry, ['source', 'device', 'bridge', 'vlan', 'lastSeen'])) return undefined;
  const { vlan, lastSeen } = entry;
  const source = SOURCES.find((each) => each === entry.source);
  const device = readDevice(entry.device);
  const bridge = readDevice(entry.bridge);
  if (!device || !bridge || !source || !isVlan(vlan) || !isNumber(lastSeen)) return undefined;
  return { source, device, bridge, vlan, lastSeen };
}

/** Devices of Open vSwitch have negative indexes. */
function readDevice(entry: unknown): NamedDevice | undefined {
  if (!hasKeys(entry, ['ifindex', 'name'])) return undefined;
  const { ifindex, name } = entry;
  if (typeof ifindex !== 'number' || (ifindex | 0) !== ifindex || ifindex === 0) return undefined;
  return typeof name === 'string' && name !== '' && name.length <= MAX_NAME ? { ifindex, name } : undefined;
}

function isVlan(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LAST_VLAN);
}
