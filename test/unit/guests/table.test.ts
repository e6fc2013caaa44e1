import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mac } from '../../../src/addr/mac.js';
import { GuestTable } from '../../../src/guests/table.js';
import type { Sighting, Source } from '../../../src/sources/sighting.js';

const mac = (n: number): Mac => `52:54:00:00:00:0${n}` as Mac;

function onBridge(n: number, device: number, { bridge = 1, vlan = null as number | null } = {}): Sighting {
  return { source: 'fdb', mac: mac(n), device, bridge, vlan };
}

const macvlan = (n: number, device: number): Sighting => ({
  source: 'macvlan',
  mac: mac(n),
  device,
  bridge: null,
  vlan: null,
});

test('a MAC that moves to another port of its bridge is known there alone', () => {
  const table = new GuestTable(10);
  assert.equal(table.add(onBridge(1, 5)), 'changed');
  assert.equal(table.add(onBridge(1, 5)), 'unchanged');
  assert.equal(table.add(onBridge(1, 6)), 'changed');
  assert.deepEqual([...table.sightings(mac(1))], [onBridge(1, 6)]);
});

test('a MAC is known on several bridges and VLANs side by side', () => {
  const table = new GuestTable(10);
  const places = [onBridge(1, 5), onBridge(1, 5, { vlan: 10 }), onBridge(1, 5, { bridge: 2 }), macvlan(1, 9)];
  for (const sighting of places) assert.equal(table.add(sighting), 'changed');
  assert.deepEqual([...table.sightings(mac(1))], places);
  assert.equal(table.size, 1);
});

test('what one source takes back, the others still say', () => {
  const table = new GuestTable(10);
  const libvirt: Sighting = { ...onBridge(1, 5), source: 'libvirt' };
  assert.equal(table.add(onBridge(1, 5)), 'changed');
  assert.equal(table.add(libvirt), 'changed');
  assert.equal(table.add(onBridge(1, 6)), 'changed', 'the bridge learned it elsewhere');
  assert.deepEqual([...table.sightings(mac(1))], [onBridge(1, 6), libvirt]);
  assert.equal(table.remove(onBridge(1, 6)), true);
  assert.deepEqual([...table.sightings(mac(1))], [libvirt]);
  table.startDump('fdb');
  assert.deepEqual(table.finishDump('fdb'), []);
  table.startDump('libvirt');
  assert.deepEqual(table.finishDump('libvirt'), [libvirt]);
  assert.equal(table.size, 0);
});

test('the farewell of a port that a MAC has left takes nothing back', () => {
  const table = new GuestTable(10);
  table.add(onBridge(1, 5));
  table.add(onBridge(1, 6));
  assert.equal(table.remove(onBridge(1, 5)), false);
  assert.equal(table.remove(onBridge(1, 6)), true);
  assert.equal(table.remove(onBridge(1, 6)), false);
  assert.equal(table.size, 0);
});

test('beyond its limit the table turns newcomers away, and pushes nobody out', () => {
  const table = new GuestTable(2);
  assert.deepEqual(
    [1, 2, 3].map((n) => table.add(onBridge(n, n))),
    ['changed', 'changed', 'full'],
  );
  assert.equal(table.add(onBridge(1, 7)), 'changed', 'those inside still move');
  assert.deepEqual([...table.macs()], [mac(1), mac(2)]);
  table.remove(onBridge(2, 2));
  assert.equal(table.add(onBridge(3, 3)), 'changed', 'room is room again');
});

test('a guest that is forgotten and learned again while the tables are read is kept', () => {
  const table = new GuestTable(10);
  table.add(onBridge(1, 5));
  table.startDump('fdb');
  table.remove(onBridge(1, 5));
  table.add(onBridge(1, 5));
  assert.deepEqual(table.finishDump('fdb'), []);
  assert.deepEqual([...table.sightings(mac(1))], [onBridge(1, 5)]);
});

/** The same by hand: a list of sightings, each with a mark, searched from front to end. */
class Model {
  private rows: { sighting: Sighting; marked: boolean }[] = [];

  constructor(private readonly limit: number) {}

  private samePlace(a: Sighting, b: Sighting): boolean {
    if (a.mac !== b.mac || a.source !== b.source) return false;
    if (a.bridge === null || b.bridge === null) return a.bridge === b.bridge && a.device === b.device;
    return a.bridge === b.bridge && a.vlan === b.vlan;
  }

  add(sighting: Sighting): string {
    const row = this.rows.find((candidate) => this.samePlace(candidate.sighting, sighting));
    if (row) {
      const same = row.sighting.device === sighting.device;
      row.marked = false;
      row.sighting = sighting;
      return same ? 'unchanged' : 'changed';
    }
    const macs = new Set(this.rows.map((candidate) => candidate.sighting.mac));
    if (!macs.has(sighting.mac) && macs.size >= this.limit) return 'full';
    this.rows.push({ sighting, marked: false });
    return 'changed';
  }

  remove(sighting: Sighting): boolean {
    const at = this.rows.findIndex(
      (row) => this.samePlace(row.sighting, sighting) && row.sighting.device === sighting.device,
    );
    if (at < 0) return false;
    this.rows.splice(at, 1);
    return true;
  }

  startDump(source: Source): void {
    for (const row of this.rows) if (row.sighting.source === source) row.marked = true;
  }

  finishDump(source: Source): Sighting[] {
    const gone = this.rows.filter((row) => row.marked && row.sighting.source === source);
    this.rows = this.rows.filter((row) => !gone.includes(row));
    return gone.map((row) => row.sighting);
  }

  contents(): string[] {
    return this.rows.map((row) => JSON.stringify(Object.entries(row.sighting).sort())).sort();
  }
}

function sorted(sightings: readonly Sighting[]): string[] {
  return sightings.map((sighting) => JSON.stringify(Object.entries(sighting).sort())).sort();
}

function contents(table: GuestTable): string[] {
  return sorted([...table.macs()].flatMap((each) => table.sightings(each)));
}

const anySighting = fc.oneof(
  fc
    .record({
      n: fc.constantFrom(1, 1, 2, 3),
      device: fc.constantFrom(5, 6),
      bridge: fc.constantFrom(1, 1, 2),
      vlan: fc.constantFrom(null, null, 10),
      source: fc.constantFrom<Source>('fdb', 'libvirt'),
    })
    .map(({ n, device, bridge, vlan, source }) => ({ ...onBridge(n, device, { bridge, vlan }), source })),
  fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(7, 8)).map(([n, device]) => macvlan(n, device)),
);

const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), sighting: anySighting }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), sighting: anySighting }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('start' as const, 'finish' as const),
      source: fc.constantFrom<Source>('fdb', 'libvirt', 'macvlan'),
    }),
  },
);

test('after any sequence of sightings, farewells and dumps the table holds what a plain list would', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80, size: 'max' }), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
      const table = new GuestTable(limit);
      const model = new Model(limit);
      for (const step of steps) {
        if (step.do === 'add') assert.equal(table.add(step.sighting), model.add(step.sighting));
        else if (step.do === 'remove') assert.equal(table.remove(step.sighting), model.remove(step.sighting));
        else if (step.do === 'start') [table, model].forEach((each) => each.startDump(step.source));
        else assert.deepEqual(sorted(table.finishDump(step.source)), sorted(model.finishDump(step.source)));
        assert.deepEqual(contents(table), model.contents());
        assert.ok(table.size <= limit);
      }
    }),
    { numRuns: 500 },
  );
});
