/** What may happen to a host, as data, so that a failing sequence can be cut down and read. */
import fc from 'fast-check';
import { MACS, MAX_IPS, type PortVlan, VLANS } from './worlds.js';

/** A row of a forwarding database; the VLAN counts only where the port's bridge knows VLANs. */
export interface RowOf {
  readonly mac: string;
  readonly port: string;
  readonly vlan: number;
}

/** A device changes; what is undefined stays. A master of true is the bridge that the device started in. */
export interface LinkChange {
  readonly port: string;
  readonly up?: boolean;
  readonly carrier?: boolean;
  readonly state?: number;
  readonly joined?: boolean;
  readonly vlans?: readonly PortVlan[];
  readonly address?: string;
}

export interface HeardOf {
  readonly mac: string;
  readonly bond: string;
  /** VLAN identifiers, the outermost first. */
  readonly tags: readonly number[];
  readonly direction: 'in' | 'out' | 'echo';
  /** Whether the station itself must have sent it. */
  readonly proof: boolean;
  readonly claims: readonly number[];
  readonly confirms: readonly number[];
  readonly releases: readonly number[];
  /** How long ago the frame passed, in seconds. */
  readonly ago: number;
}

/** What a dump says now: which devices are gone, and the rows; those that stood stand still where they are kept. */
export interface Truth {
  readonly gone: readonly string[];
  readonly keep: boolean;
  readonly rows: readonly RowOf[];
}

/** What libvirt says: whose guests run, and whose stand still. */
export interface Interfaces {
  readonly interfaces: readonly { mac: string; target: string }[];
  readonly still: readonly { mac: string; target: string }[];
}

export type Command =
  | ({ readonly do: 'learn' | 'age' } & RowOf)
  /** A bridge tells of the rows that go with a port before it leaves. */
  | ({ readonly do: 'link'; readonly rows?: readonly RowOf[] } & LinkChange)
  | ({ readonly do: 'heard' } & HeardOf)
  /** The bridge tells of the rows that go with a port before the kernel tells of the port, or after it. */
  | { readonly do: 'gone'; readonly port: string; readonly flushFirst: boolean; readonly rows: readonly RowOf[] }
  | { readonly do: 'back'; readonly port: string }
  | { readonly do: 'failover'; readonly bond: string; readonly ago: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'expire' }
  | ({ readonly do: 'libvirt' } & Interfaces)
  | ({ readonly do: 'resync' | 'restart' } & Truth);

/** A command, and whether the program gets to judge before the next one. */
export type Step = Command & { readonly look: boolean };

const PLAIN = { noNullPrototype: true } as const;
const TAPS = ['tap1', 'tap2', 'tap3', 'tap4'];
const UPLINKS = ['bond0', 'bond0.905', 'bond1'];

const mac = fc.constantFrom(...MACS, ...MACS.slice(0, 2), ...MACS.slice(0, 2));
const tap = fc.constantFrom(...TAPS, 'tap1');
const bond = fc.constantFrom('bond0', 'bond0', 'bond1');
const row = fc.record(
  { mac, port: fc.oneof({ weight: 3, arbitrary: tap }, fc.constantFrom(...UPLINKS)), vlan: fc.constantFrom(...VLANS) },
  PLAIN,
);
const vlans = fc
  .subarray(VLANS)
  .chain((vids) =>
    fc.constantFrom(...vids, 0).map((pvid) => vids.map((vid): PortVlan => ({ vid, untagged: vid === pvid }))),
  );
const ips = fc.oneof(
  { weight: 6, arbitrary: fc.subarray([1, 2, 3], { maxLength: 2 }) },
  fc.subarray(Array.from({ length: MAX_IPS }, (_, n) => n + 1)),
);
const change = fc.oneof(
  { weight: 2, arbitrary: fc.record({ up: fc.boolean() }, PLAIN) },
  { weight: 4, arbitrary: fc.record({ carrier: fc.boolean() }, PLAIN) },
  { weight: 2, arbitrary: fc.record({ state: fc.constantFrom(0, 2, 3, 3, 4) }, PLAIN) },
  { weight: 3, arbitrary: fc.record({ joined: fc.boolean() }, PLAIN) },
  { weight: 2, arbitrary: fc.record({ vlans }, PLAIN) },
  fc.record({ address: mac }, PLAIN),
);
const device = fc.constantFrom(...TAPS, ...UPLINKS, 'mv1');
const heard = fc.record(
  {
    mac,
    bond,
    tags: fc.constantFrom<readonly number[]>([], [], [905], [905], [7], [905, 7]),
    direction: fc.constantFrom(...(['in', 'in', 'out', 'out', 'out', 'echo'] as const)),
    proof: fc.constantFrom(true, true, false),
    claims: ips,
    confirms: fc.subarray([1, 2, 3], { maxLength: 1 }),
    releases: fc.subarray([1, 2, 3], { maxLength: 1 }),
    ago: fc.constantFrom(0, 0, 0.1),
  },
  PLAIN,
);
const mortal = fc.constantFrom(...TAPS, ...TAPS, 'bond0.905');
const departure = fc.record({ port: mortal, flushFirst: fc.boolean(), rows: fc.constant([]) }, PLAIN);
const truth = fc.record(
  {
    gone: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.subarray([...TAPS, 'bond0.905'], { maxLength: 2 })),
    keep: fc.boolean(),
    rows: fc.array(row, { maxLength: 5 }),
  },
  PLAIN,
);
const target = fc.constantFrom(...TAPS, 'mv1');

function kind<K extends Command['do'], T extends object>(name: K, more: fc.Arbitrary<T>): fc.Arbitrary<T & { do: K }> {
  return more.map((fields) => ({ do: name, ...fields }));
}

const someInterfaces = fc.array(fc.record({ mac, target }, PLAIN), { maxLength: 3 });
const running = fc.record({ interfaces: someInterfaces, still: someInterfaces }, PLAIN);
const wait = fc.record({ seconds: fc.constantFrom(0.01, 0.5, 1, 1.9, 40, 300, 86_400) }, PLAIN);
/** The program is told of a failover within the window in which it looks for reflections. */
const failover = fc.record({ bond, ago: fc.constantFrom(0, 0.01, 0.6, 1.5) }, PLAIN);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 14, arbitrary: kind('learn', row) },
  { weight: 8, arbitrary: kind('age', row) },
  { weight: 8, arbitrary: kind('heard', heard) },
  { weight: 7, arbitrary: fc.tuple(device, change).map(([port, how]) => ({ do: 'link' as const, port, ...how })) },
  { weight: 6, arbitrary: kind('wait', wait) },
  { weight: 4, arbitrary: kind('failover', failover) },
  { weight: 2, arbitrary: kind('gone', departure) },
  { weight: 3, arbitrary: mortal.map((port) => ({ do: 'back' as const, port })) },
  { weight: 2, arbitrary: fc.constant({ do: 'expire' as const }) },
  { weight: 2, arbitrary: kind('libvirt', running) },
  { weight: 2, arbitrary: kind('resync', truth) },
  { weight: 1, arbitrary: kind('restart', truth) },
);

/** Of two MACs at one bond, so that what is said of one meets what was said before. */
const few = {
  mac: fc.constantFrom(...MACS.slice(1, 3)),
  bond: fc.constant('bond0'),
  tags: fc.constantFrom<readonly number[]>([], [905]),
};
const fewHeard = heard.chain((said) => fc.record(few, PLAIN).map((who) => ({ ...said, ...who })));
const fewRows = few.mac.map((each) => ({ mac: each, port: 'tap1', vlan: 1 }));
const fewCommands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: kind('heard', fewHeard) },
  { weight: 1, arbitrary: kind('learn', fewRows) },
  { weight: 1, arbitrary: kind('age', fewRows) },
  { weight: 3, arbitrary: fc.constantFrom(0.5, 3, 40, 3000).map((seconds) => ({ do: 'wait' as const, seconds })) },
  { weight: 1, arbitrary: fc.constant({ do: 'expire' as const }) },
);

function stepsOf(commands: fc.Arbitrary<Command>, maxLength: number): fc.Arbitrary<Step[]> {
  const look = fc.constantFrom(true, true, true, false);
  const step = fc.tuple(commands, look).map(([what, seen]): Step => ({ ...what, look: seen }));
  return fc.array(step, { maxLength, size: 'max' });
}

/** Up to `maxLength` steps; most of them are looked at. */
export function anySteps(maxLength: number): fc.Arbitrary<Step[]> {
  return stepsOf(command, maxLength);
}

/** The same, most of them about two MACs that speak. */
export function speakersSteps(maxLength: number): fc.Arbitrary<Step[]> {
  return stepsOf(fc.oneof(command, { weight: 2, arbitrary: fewCommands }), maxLength);
}
