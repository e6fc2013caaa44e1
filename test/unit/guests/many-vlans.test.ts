import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { HeardBook } from '../../../src/guests/heard-book.js';
import { MAX_VLANS } from '../../../src/shares.js';
import { Memory } from '../../../src/guests/table.js';
import type { Sighting } from '../../../src/sources/sighting.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { GUEST, SAYS_NOTHING, Story } from '../../support/story.js';

const OTHER = '52:54:00:00:00:02' as Mac;
const tag = (vid: number) => ({ tpid: 0x8100, vid });

/** A trunk guest in as many VLANs as there are. */
function trunk(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  const tagged = Array.from({ length: 400 }, (_, n) => n + 2);
  hv.port('br0', BOND, { tagged });
  hv.port('br0', hv.unplugged().port, { tagged });
}

test('a guest that falls silent in 400 VLANs is remembered in all of them, also after a restart', () => {
  const story = new Story(trunk);
  for (let vid = 2; vid < 402; vid++) story.learned('tap1', vid);
  for (let vid = 2; vid < 402; vid++) story.agedOut('tap1', vid);
  const announced = ({ state }: Story): number =>
    state.verdicts(GUEST).filter(({ suppressed }) => suppressed === null).length;
  assert.equal(announced(story), 400);
  const [saved] = [...story.state.snapshot(1).guests];
  assert.equal(saved?.places.length, 400);
  assert.deepEqual(story.state.cuts.all(), []);
});

test('a guest is announced in each of 4,094 VLANs in which it was heard, and named when there are more', () => {
  const story = new Story();
  story.learned('tap1');
  for (let vid = 1; vid <= MAX_VLANS; vid++) story.heard('out', { tags: [tag(vid)] });
  assert.equal(story.state.verdicts(GUEST).length, 1 + MAX_VLANS);
  assert.deepEqual(story.state.cuts.all(), []);
  story.heard('out', { tags: [tag(1), tag(2)] });
  story.heard('out', { tags: [tag(1), tag(2)] });
  const port = story.host.index('tap1');
  assert.deepEqual(story.state.cuts.all(), [{ reason: 'vlans', port, mac: GUEST, limit: MAX_VLANS, count: 1 }]);
  assert.deepEqual(story.state.takeEvictions(), ['vlans']);
});

/** A book with a greedy guest, that has as much as it may. */
function greedyBook(): {
  book: HeardBook;
  cut: string[];
  hear: (mac: Mac, vid: number, direction?: 'in' | 'out') => void;
} {
  const cut: string[] = [];
  const book = new HeardBook(
    { macs: 10, addresses: 4 },
    () => undefined,
    (mac) => void cut.push(mac),
  );
  const hear = (mac: Mac, vid: number, direction: 'in' | 'out' = 'out'): void =>
    void book.apply(asBond(3), { mac, tags: [tag(vid)], direction, ...SAYS_NOTHING }, vid, {
      known: true,
      left: -Infinity,
    });
  for (let vid = 1; vid <= MAX_VLANS; vid++) hear(GUEST, vid);
  return { book, cut, hear };
}

test('whoever has most makes room for the others', () => {
  const { book, cut, hear } = greedyBook();
  for (let vid = 1; vid <= 100; vid++) hear(OTHER, vid);
  assert.equal(book.of(OTHER).length, 100);
  assert.equal(book.of(GUEST).length, MAX_VLANS - 98, 'one is free for each, and one was left');
  assert.deepEqual(new Set(cut), new Set([GUEST]));
});

test('that a MAC came in is kept, however many VLANs it was heard leaving in', () => {
  const { book, hear } = greedyBook();
  hear(GUEST, MAX_VLANS + 1, 'in');
  assert.equal(book.of(GUEST).length, MAX_VLANS);
  assert.equal(book.of(GUEST).filter((exit) => exit.in > exit.proof).length, 1);
});

test('of the places that silent MACs had, the greediest loses its oldest at a port, and not the word that it left', () => {
  const cut: (number | null)[] = [];
  const memory = new Memory(
    4,
    ({ device }) => device === 5,
    ({ vlan }) => void cut.push(vlan),
  );
  const place = (mac: Mac, device: number, vlan: number): Sighting => ({ source: 'fdb', mac, device, bridge: 1, vlan });
  memory.departed(place(GUEST, 9, 1), 0);
  for (let vlan = 2; vlan <= MAX_VLANS + 1; vlan++) memory.departed(place(GUEST, 5, vlan), vlan);
  assert.deepEqual(cut, []);
  memory.departed(place(OTHER, 5, 1), 5000);
  assert.deepEqual(memory.departed(place(OTHER, 5, 2), 5001), [GUEST]);
  assert.deepEqual(cut, [2]);
  assert.equal(memory.of(GUEST)[0]?.sighting.device, 9);
  assert.equal(memory.of(OTHER).length, 2);
});
