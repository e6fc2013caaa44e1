import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Ip } from '../../src/addr/ip.js';
import type { Mac } from '../../src/addr/mac.js';
import { encodeGratuitousArp } from '../../src/frames/arp.js';
import { HostState } from '../../src/guests/host-state.js';
import { decodeDatagram } from '../../src/kernel/decode.js';
import { BatchOfHeard } from '../../src/listen/snoop-messages.js';
import { BondPlan, newBuckets } from '../../src/plan/bond-plan.js';
import { type Heard, readFrame } from '../../src/sources/snoop.js';
import { asBond } from '../../src/topology/bond-id.js';
import { BatchWriter } from '../../src/wire/batch-writer.js';
import { BondGuests } from '../../src/wire/bond-guests.js';
import { FailoverWatch } from '../../src/wire/failover-watch.js';
import type { FailoverOwner } from '../../src/wire/first-round.js';
import { BOND, plainBridge } from '../lab/net/hypervisor.js';
import { ANNOUNCE_DEFAULTS } from '../support/announce-defaults.js';
import { FakeKernel, linkMessage } from '../support/fake-kernel.js';
import { FakeHost } from '../support/host.js';
import { attribute, message, ndmsg, u32 } from '../support/netlink.js';
import { guestSettings } from '../support/settings.js';
import { visitedFiles } from '../support/visited-files.js';

const PAGE = readFileSync(new URL('../../../docs/architecture.md', import.meta.url), 'utf8');

/** The files that the page lists under a heading, in alphabetical order. */
function listed(heading: string): string[] {
  const [, section = ''] = PAGE.split(`\n### ${heading}\n`);
  const [own = ''] = section.split('\n### ');
  return [...own.matchAll(/^- `src\/([^`]+)`/gm)].map(([, file = '']) => file).sort();
}

function readHeard(bytes: Uint8Array): Heard {
  const heard = readFrame(bytes, 'out');
  return typeof heard === 'string' || 'groups' in heard ? assert.fail('no station was heard') : heard;
}

const mac = (n: number): Mac => `52:54:00:00:00:0${n}` as Mac;

/** A host with one guest, its bond and what is announced there. */
class World {
  readonly fake = new FakeHost(plainBridge(1));
  readonly host = new HostState(guestSettings());
  readonly bond = asBond(this.fake.index(BOND));
  readonly guests = new BondGuests(8);
  now = 0;

  constructor() {
    for (const event of this.fake.dump()) this.host.apply(event, this.now);
    this.learn(mac(1));
  }

  /** A row of the bridge's forwarding database, from the kernel's bytes to the frame in the batch. */
  learn(guest: Mac): void {
    const { ifindex, master } = this.fake.get('tap1');
    const address = attribute(
      2,
      Uint8Array.from(guest.split(':'), (byte) => parseInt(byte, 16)),
    );
    const row = message({ type: 28 }, ndmsg(ifindex), address, u32(9, master ?? 0));
    for (const event of decodeDatagram(row)) this.host.apply(event, this.now);
    this.refresh();
  }

  refresh(): void {
    const stale = this.host.takeStale();
    for (const guest of stale === 'all' ? this.host.macs() : stale) {
      const verdicts = this.host.verdicts(guest);
      this.guests.update(
        guest,
        verdicts.filter(({ bond }) => bond === this.bond),
      );
    }
    this.guests.batch.publish();
  }
}

test('a row of the forwarding database passes the files that the page lists, up to the batch', async () => {
  const world = new World();
  const files = await visitedFiles(() => world.learn(mac(2)));
  assert.equal(world.guests.batch.size, 2);
  assert.deepEqual(files, listed('FDB row to batch'));
  assert.ok(files.length <= 14);
});

test('a snooped ARP frame passes the files that the page lists, up to the gratuitous ARP', async () => {
  const world = new World();
  const { batch } = world.guests;
  const plan = new BondPlan(
    { ...ANNOUNCE_DEFAULTS, kinds: ['garp'] },
    newBuckets(ANNOUNCE_DEFAULTS.rate),
    {
      keys: () => world.guests.keys(),
      rarp: (key) => batch.bytes(key),
      place: (key) => world.guests.place(key),
      addresses: ({ mac: guest, tags }, now) => world.host.addressesOf(guest, { bond: world.bond, tags }, now),
      reports: () => [],
      waiting: () => false,
    },
    () => 0,
  );
  const heard = new BatchOfHeard();
  const ip = '192.0.2.1' as Ip;
  const bytes = encodeGratuitousArp(mac(1), ip, []);
  const frames: Uint8Array[] = [];
  plan.begin(world.now, () => false);
  world.host.heard(world.bond, { ...readHeard(bytes), claims: [] }, world.now); // it has spoken before
  world.refresh();
  const files = await visitedFiles(() => {
    heard.add(readFrame(bytes, 'out'));
    for (const each of heard.drain()?.heard ?? []) world.host.heard(world.bond, each, world.now);
    frames.push(...plan.next(world.now, 8).map((frame) => frame.bytes));
  });
  assert.deepEqual(frames, [bytes]);
  assert.deepEqual(files, listed('Snooped ARP to gratuitous ARP'));
  assert.ok(files.length <= 14);
});

test('a LINK message passes the files that the page lists, up to the first frame', async () => {
  const fake = new FakeHost();
  const kernel = new FakeKernel(fake);
  const arriving: Uint8Array[] = [];
  const { memory, capacity } = batchOfOne();
  const { rate, damping } = ANNOUNCE_DEFAULTS;
  const order = { type: 'watch', bond: asBond(fake.index(BOND)), memory, capacity, damping, rate: rate.rarp } as const;
  const orders: ReturnType<FailoverOwner['received']> = [order];
  const firstFrame = new Error('the first frame');
  let isWatched = false;
  const watch = new FailoverWatch({
    owner: { post: () => undefined, received: () => orders.splice(0) },
    socket: {
      descriptor: -1,
      receive: () => arriving.shift() ?? 'nothing',
      send: (request) => void arriving.push(...kernel.answer(request)),
      close: () => undefined,
    },
    openSender: () => ({
      send(_, count) {
        if (isWatched) throw firstFrame;
        return count;
      },
      close: () => undefined,
    }),
    openRequests: () => assert.fail(),
    slaveOrder: () => [],
    hear: () => undefined,
    now: () => 0,
    pause: () => undefined,
    settle: () => null,
    collect: () => undefined,
    tidy: () => undefined,
  });
  for (let turns = 0; turns < 6; turns++) watch.turn(); // until it knows all links
  isWatched = true;
  const message = linkMessage({ ...fake.get('up2'), bondSlaveActive: true });
  const files = await visitedFiles(() => assert.throws(() => watch.received(message), firstFrame));
  const ends = ['sys/netlink/link-socket.ts', 'sys/packets/packet-sender.ts'];
  assert.deepEqual([...files, ...ends].sort(), listed('LINK message to first frame'));
  assert.ok(files.length + ends.length <= 10);
});

/** A batch with one frame. */
function batchOfOne(): BatchWriter {
  const batch = new BatchWriter(8);
  batch.put('a guest', new Uint8Array(60));
  batch.publish();
  return batch;
}
