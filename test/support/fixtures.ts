import { readFileSync } from 'node:fs';
import { decodeDatagram } from '../../src/kernel/decode.js';
import type { KernelEvent } from '../../src/kernel/events.js';

/** Where the recordings lie, seen from build/test/support. */
export const FIXTURES = new URL('../../../test/unit/fixtures/', import.meta.url);

/** The kernels that were recorded: a folder each. */
export const KERNELS = ['5.10', '6.1', '6.12', '7.2'] as const;

export type Kernel = (typeof KERNELS)[number];

/** The names of the recordings, each a file in the folder of each kernel. */
export const FIXTURE_NAMES = [
  'devices',
  'miimon',
  'all-down',
  'arp-monitoring',
  'arp-target-away',
  'fail-over-mac',
  'changes',
  'vlans',
] as const;

export type FixtureName = (typeof FIXTURE_NAMES)[number];

/** What one step of a recording put on the netlink socket. */
export interface Part {
  /** What was done, in a few words. */
  readonly what: string;
  /** The datagrams in the order of their arrival, as hex. */
  readonly datagrams: readonly string[];
}

/** Netlink datagrams of a real kernel, made by record-fixtures.ts. */
export interface Fixture {
  readonly comment: string;
  readonly kernel: string;
  /** Device names by ifindex, the bonds' slaves and all. */
  readonly names: Readonly<Record<string, number>>;
  readonly parts: readonly Part[];
  /** What iproute2 said of the same moment, by the name of the dump that should say the same. */
  readonly truth?: Readonly<Record<string, readonly Record<string, any>[]>>;
}

export function loadFixture(name: FixtureName, kernel: Kernel = '6.1'): Fixture {
  return JSON.parse(readFileSync(new URL(`${kernel}/${name}.json`, FIXTURES), 'utf8')) as Fixture;
}

/** The bytes of each datagram of a part. */
export function bytesOf(fixture: Fixture, what: string): Uint8Array[] {
  const part = fixture.parts.find((candidate) => candidate.what === what);
  if (!part)
    throw new Error(`the recording has no part '${what}', only ${fixture.parts.map((p) => p.what).join(', ')}`);
  return part.datagrams.map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
}

/** The events of a part. */
export function eventsOf(fixture: Fixture, what: string): KernelEvent[] {
  return bytesOf(fixture, what).flatMap((bytes) => decodeDatagram(bytes));
}

/** Every datagram of a recording. */
export function datagramsOf({ parts }: Fixture): Uint8Array[] {
  return parts.flatMap(({ datagrams }) => datagrams.map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))));
}

/** Every datagram of every recording, for those who want to see them spoilt. */
export function everyDatagram(): Uint8Array[] {
  return KERNELS.flatMap((kernel) => FIXTURE_NAMES.flatMap((name) => datagramsOf(loadFixture(name, kernel))));
}
