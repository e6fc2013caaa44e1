import type { Sighting } from '../sources/sighting.js';
import type { Exit } from '../topology/bond-id.js';
import { type InnerEnd, portFacts } from '../topology/port-facts.js';
import type { Standby } from '../topology/standby-guests.js';
import type { Topology } from '../topology/topology.js';
import type { HeardExit } from './heard-book.js';
import type { Claim } from './policy.js';
import type { Speaker } from './speakers.js';
import type { Remembered } from './table.js';

/** Everything that speaks for or against a MAC. */
export interface Evidence {
  /** What the sources say now. */
  readonly sightings: readonly Sighting[];
  /** Where it was, the latest last. */
  readonly remembered: readonly Remembered[];
  /** At which exits it was heard. */
  readonly heard: readonly HeardExit[];
  /** Where the configuration says that it is. */
  readonly configured: readonly Claim[];
  /** Exits by which an operator wants it announced, where no source knows it. */
  readonly claimed: readonly Exit[];
  /** The devices behind which its guest stands still, as libvirt says, and was not seen running. */
  readonly waitsAt: readonly number[];
  /** Where its guest has hardware to use in place of the device; null or absent: nowhere. */
  readonly standby?: Standby | null;
  /** The name of the guest that libvirt has at a device. */
  readonly domainAt?: (device: number | null) => string | null;
  /** Where it was heard leaving and no source knows it. @param isKnown whether one knows it there */
  readonly speaking?: (isKnown: (exit: Exit) => boolean) => readonly Speaker[];
}

/** So many bridges are passed from one to the next, at most; cables in a ring have no end. */
const MAX_BRIDGES = 16;

/** What speaks for a MAC being behind a bridge. */
type Rows = Pick<Evidence, 'sightings' | 'remembered'>;

/**
 * Whether the port of a guest that fell silent still stands, so that the guest may be assumed behind it: the same
 * device in the same bridge and VLAN, up and with carrier. A veth or patch port that leads into another bridge of this
 * host stands as long as that bridge knows the MAC on a port that stands. So a guest of a bridge that learns nothing
 * (OVN's br-int) is remembered only where libvirt says that it is there.
 */
export function portStands(topology: Topology, sighting: Sighting, evidence: Rows, passed = 0): boolean {
  const { stands, own, inner } = portFacts(topology, sighting);
  if (!stands) return false;
  if (own) return own.address === sighting.mac;
  return !inner || isKnownInside(topology, inner, evidence, passed);
}

/** Whether the bridge at the other end of a cable has a MAC on a port that is open, or had it on one that stands. */
export function isKnownInside(topology: Topology, inner: InnerEnd, evidence: Rows, passed = 0): boolean {
  return (
    behind(topology, inner, evidence).some((each) => portFacts(topology, each).isOpen) ||
    evidence.remembered.some(
      (each) =>
        isBehind(topology, inner, each.sighting) &&
        passed < MAX_BRIDGES &&
        portStands(topology, each.sighting, evidence, passed + 1),
    )
  );
}

function isBehind(topology: Topology, { bridge, port }: InnerEnd, sighting: Sighting): boolean {
  return sighting.bridge === bridge && sighting.device !== port && portFacts(topology, sighting).isGuests;
}

/** Where the bridge at the other end has a MAC. */
export function behind(topology: Topology, end: InnerEnd, { sightings }: Pick<Evidence, 'sightings'>): Sighting[] {
  return sightings.filter((sighting) => isBehind(topology, end, sighting));
}

/** Whether a port leads into a bridge of Open vSwitch that has the MAC only where no frame gets through. */
export function isCutOff(topology: Topology, sighting: Sighting, evidence: Rows, passed = 0): boolean {
  const { inner } = portFacts(topology, sighting);
  if (!inner?.isOvs || passed > MAX_BRIDGES) return false;
  const rows = behind(topology, inner, evidence);
  const isShut = (row: Sighting): boolean =>
    !portFacts(topology, row).isOpen || isCutOff(topology, row, evidence, passed + 1);
  return rows.length > 0 && rows.every((row) => isShut(row));
}
