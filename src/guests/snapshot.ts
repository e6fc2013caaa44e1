import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Sighting } from '../sources/sighting.js';
import { isProgrammed } from '../topology/guest-port.js';
import { type BondSnapshot, bondNow, type NamedDevice, nameDevice, stands } from '../topology/named-devices.js';
import { portFacts } from '../topology/port-facts.js';
import { type Exit, isOverlay } from '../topology/bond-id.js';
import { spokenRows } from '../topology/spoken-rows.js';
import type { Topology } from '../topology/topology.js';
import type { HeardExit } from './heard-book.js';
import type { Learned, Parts } from './learned.js';
import type { Remembered } from './table.js';

/** Where a MAC was: a sighting whose devices can be recognised later. */
export interface PlaceSnapshot extends Pick<Sighting, 'source' | 'vlan'> {
  readonly device: NamedDevice;
  readonly bridge: NamedDevice;
  /** Monotonic clock of this boot, seconds. */
  readonly lastSeen: number;
}

/** What was heard of a MAC at one exit; its bond can be recognised later. Times on the monotonic clock, seconds. */
export interface HeardSnapshot extends Omit<HeardExit, 'bond' | 'out' | 'proof' | 'in' | 'inSince' | 'addresses'> {
  /** When it last left there without a source that knew it. null for never. */
  readonly unexplained: number | null;
  readonly bond: NamedDevice;
  /** null for never. */
  readonly out: number | null;
  readonly proof: number | null;
  readonly in: number | null;
  /** Each with the time when it was claimed last, the oldest first. */
  readonly addresses: readonly (readonly [Ip, number])[];
}

/** So many places of one MAC, and so many exits at which it was heard, are kept: twice as many as there are VLANs. */
export const MAX_PLACES = 8192;

/** A guest: the places where it was, those on uplinks among them, in the order of `lastSeen`; and what it said. */
export interface GuestSnapshot {
  readonly mac: Mac;
  readonly places: readonly PlaceSnapshot[];
  readonly heard: readonly HeardSnapshot[];
}

/** What of the host is worth keeping. Guests are read from the live state as they are asked for. */
export interface Snapshot {
  readonly bonds: readonly BondSnapshot[];
  readonly guests: Iterable<GuestSnapshot>;
}

type State = Pick<Parts, 'topology' | 'table' | 'memory' | 'book' | 'speakers'>;

/**
 * Every MAC that is or was on a guest's port or on a macvlan, or is heard leaving, with all that speaks for it and against it. The state may change between
 * two steps: each guest is whole, and one that moves from the table to the memory or back may come twice or be missed.
 * @param limit how many guests at most; those that a bridge lists now come first
 */
export function* snapshotGuests(parts: State, limit: number, now: number): Generator<GuestSnapshot> {
  let count = 0;
  for (const mac of parts.table.macs()) {
    const guest = count < limit ? snapshotGuest(parts, mac, now) : null;
    if (guest && ++count) yield guest;
  }
  for (const mac of parts.memory.macs()) {
    const guest = count < limit && parts.table.sightings(mac).length === 0 ? snapshotGuest(parts, mac, now) : null;
    if (guest && ++count) yield guest;
  }
  for (const mac of parts.speakers.macs()) {
    const isNew = parts.table.sightings(mac).length + parts.memory.of(mac).length === 0;
    const guest = count < limit && isNew ? snapshotGuest(parts, mac, now) : null;
    if (guest && ++count) yield guest;
  }
}

/** Each of these MACs; one of which nothing is worth keeping comes with nothing. */
export function* snapshotSome(parts: State, macs: Iterable<Mac>, now: number): Generator<GuestSnapshot> {
  for (const mac of macs) yield snapshotGuest(parts, mac, now) ?? { mac, places: [], heard: [] };
}

/** @returns null for a MAC of which nothing is worth keeping */
function snapshotGuest(state: State, mac: Mac, now: number): GuestSnapshot | null {
  const { topology, table, memory, book, speakers } = state;
  const atGuestPort = (sighting: Sighting): boolean =>
    sighting.bridge !== null && portFacts(topology, sighting).isGuests;
  const sightings = spokenRows(topology, table.sightings(mac), book.of(mac));
  const listed = sightings.filter(({ bridge }) => bridge !== null);
  const present = [
    ...listed.filter(atGuestPort),
    ...listed.filter((sighting) => portFacts(topology, sighting).outside.length > 0), // last, so that they outlive a cut
  ];
  const places = [...memory.of(mac), ...present.map((sighting) => ({ sighting, lastSeen: now }))];
  const isGuest = places.some(({ sighting }) => atGuestPort(sighting));
  const named = isGuest ? places.flatMap((place) => snapshotPlace(topology, place) ?? []) : [];
  const isHere = isGuest || listed.length < sightings.length || speakers.has(mac);
  const unexplained = (place: HeardExit): number | null => speakers.at(mac, place)?.out ?? null;
  const heard = isHere ? book.of(mac).flatMap((place) => snapshotHeard(topology, place, unexplained(place)) ?? []) : [];
  return named.length + heard.length > 0
    ? { mac, places: named.slice(-MAX_PLACES), heard: heard.slice(0, MAX_PLACES) }
    : null;
}

function snapshotHeard(topology: Topology, place: HeardExit, unexplained: number | null): HeardSnapshot | null {
  const { tags, since, router, advertised } = place;
  const bond = nameDevice(topology, place.bond);
  const told = (time: number): number | null => (time === -Infinity ? null : time);
  const times = { out: told(place.out), proof: told(place.proof), in: told(place.in), unexplained };
  return bond && { bond, tags, since, router, advertised, ...times, addresses: [...place.addresses] };
}

function snapshotPlace(topology: Topology, { sighting, lastSeen }: Remembered): PlaceSnapshot | null {
  const { source, vlan } = sighting;
  const device = nameDevice(topology, sighting.device);
  const bridge = nameDevice(topology, sighting.bridge);
  return device && bridge ? { source, device, bridge, vlan, lastSeen } : null;
}

/**
 * What of a guest can be remembered on the host as it stands. A place whose devices are gone or renamed is dropped, and
 * with it whatever is not later: it may have been the one that said that the guest left.
 * What libvirt said then is no word of libvirt's now: it counts as what any bridge has seen, but for a programmed one,
 * of which only what it has learned says in which VLAN the guest is.
 */
function recall(topology: Topology, { mac, places }: GuestSnapshot, now: number): Remembered[] {
  const isKnown = ({ device, bridge }: PlaceSnapshot): boolean => stands(topology, device) && stands(topology, bridge);
  const lost = Math.max(...places.filter((place) => !isKnown(place)).map(({ lastSeen }) => lastSeen), -Infinity);
  return places
    .filter((place) => isKnown(place) && place.lastSeen > lost)
    .filter(({ source, bridge }) => source !== 'libvirt' || !isProgrammed(topology, bridge.ifindex))
    .map(({ source, device, bridge, vlan, lastSeen }) => ({
      sighting: {
        source: source === 'libvirt' ? (isOverlay(bridge.ifindex) ? 'ovs' : 'fdb') : source,
        mac,
        device: device.ifindex,
        bridge: bridge.ifindex,
        vlan,
      },
      lastSeen: Math.min(lastSeen, now),
    }));
}

/** Where a station was a guest because it was heard, on bonds that still stand, and when it was heard last. */
function recallSpeaking(
  topology: Topology,
  { heard }: GuestSnapshot,
  now: number,
): { readonly exit: Exit; readonly out: number }[] {
  return heard.flatMap(({ bond: named, tags, unexplained: out }) => {
    const bond = bondNow(topology, named);
    return out === null || bond === null ? [] : [{ exit: { bond, tags }, out: Math.min(out, now) }];
  });
}

/** What of a guest was heard on the bonds that still stand. */
function recallHeard(topology: Topology, { heard }: GuestSnapshot, now: number): HeardExit[] {
  const past = (time: number | null): number => (time === null ? -Infinity : Math.min(time, now));
  return heard.flatMap(({ bond: named, addresses, unexplained: _, ...place }) => {
    const bond = bondNow(topology, named);
    if (bond === null) return [];
    return {
      ...place,
      bond,
      since: Math.min(place.since, now),
      out: past(place.out),
      proof: past(place.proof),
      in: past(place.in),
      inSince: past(place.in),
      addresses: new Map(addresses.map(([ip, time]) => [ip, past(time)])),
    };
  });
}

/** Takes guests in, as far as the devices that stand now are theirs. What is known of them already counts more. */
export function recallAll(
  { topology, learned, book, speakers }: Pick<Parts, 'topology' | 'book' | 'speakers'> & { readonly learned: Learned },
  guests: readonly GuestSnapshot[],
  now: number,
): void {
  learned.restore(guests.flatMap((guest) => recall(topology, guest, now)));
  for (const guest of guests) {
    book.restore(guest.mac, recallHeard(topology, guest, now));
    for (const { exit, out } of recallSpeaking(topology, guest, now)) speakers.restore(guest.mac, exit, out);
  }
}
