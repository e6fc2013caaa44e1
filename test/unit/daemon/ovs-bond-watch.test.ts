import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { OvsBondWatch } from '../../../src/daemon/ovs-bond-watch.js';
import { OvsBonds } from '../../../src/host/ovs/bonds.js';
import type { HostState } from '../../../src/guests/host-state.js';
import type { Verdict } from '../../../src/guests/verdict.js';
import type { LinkEvent } from '../../../src/kernel/events.js';
import type { OvsBond, OvsConfig, OvsInterface, OvsMacRow } from '../../../src/sources/ovs/config.js';
import type { Tag } from '../../../src/frames/ethernet.js';
import { Topology } from '../../../src/topology/topology.js';
import { Events } from '../../../src/tasks/events.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import type { FirstRound } from '../../../src/wire/thread-messages.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ovsBond, ovsBridge, ovsInterface, ovsPort } from '../../support/ovs-rows.js';

const BOND = asBond(-5);
const UP1 = 11;
const UP2 = 12;
const TAG: Tag = { tpid: 0x8100, vid: 905 };
const MAC = '52:54:00:00:00:01' as Mac;
const STRANGER = '02:00:00:00:00:99' as Mac;
const SILENT = '52:54:00:00:00:02' as Mac;

function link(ifindex: number, name: string, more: Partial<LinkEvent> = {}): LinkEvent {
  return {
    ...{
      type: 'link',
      ifindex,
      name,
      up: true,
      lowerUp: true,
      running: true,
      address: null,
      master: null,
      lower: null,
    },
    ...{ details: { type: 'other', kind: null }, bondSlaveActive: null, bridgePortState: null },
    ...more,
  };
}

/** Devices as a test says, those of the kernel and others. */
class Devices extends Topology {
  readonly #links = new Map<number, LinkEvent>();

  put(device: LinkEvent): void {
    this.#links.set(device.ifindex, device);
  }

  override link(ifindex: number | null): LinkEvent | undefined {
    return this.#links.get(ifindex ?? 0);
  }

  override *allLinks(): Generator<LinkEvent> {
    yield* this.#links.values();
  }

  override slavesOf(master: number): readonly LinkEvent[] {
    return [...this.#links.values()].filter((device) => device.master === master);
  }
}

/** A host with a bond of Open vSwitch, obond, of up1 and up2, and a guest on port 9. */
class World {
  readonly clock = new FakeClock();
  readonly topology = new Devices();
  readonly bonds = new Map<BondId, BondGuests>();
  readonly events = new Events<DaemonEvents>();
  readonly rounds: FirstRound[] = [];
  readonly lost: string[] = [];
  tablesRead = 0;
  bond: Partial<OvsBond> = {};
  members: OvsInterface[] = [ovsInterface('up1', 1), ovsInterface('up2', 2)];
  rows: OvsMacRow[] = [];
  /** What the next reading brings; null: the same. */
  rowsRead: OvsMacRow[] | null = null;
  entry: { port: number; tags: Tag[] } | null = { port: 21, tags: [] };
  readonly ovs = new OvsBonds(
    { topology: this.topology, verdicts: () => [{ ...this.verdict(MAC), entry: this.entry }] } as unknown as HostState,
    { config: () => this.config(), macTable: () => ({ rows: this.rows, age: 0 }), folder: '/run/ovs' },
  );
  readonly watch: OvsBondWatch;

  constructor(damping = { failovers: 4, within: 180, holdOff: 30 }) {
    const { clock, topology, bonds, ovs } = this;
    const { events } = this;
    events.on('failover', (round) => {
      this.rounds.push(round);
      this.watch.compare(); // as the daemon does
    });
    events.on('lost', (_, reason) => void this.lost.push(reason));
    const readTables = (): Promise<void> => {
      this.tablesRead++;
      this.rows = this.rowsRead ?? this.rows;
      return Promise.resolve();
    };
    this.watch = new OvsBondWatch({ clock, topology, bonds, ovs, events, readTables }, { damping });
    topology.put(link(21, 'tap1'));
    topology.put(link(-7, 'patch-int'));
    this.active(UP1);
    const guests = new BondGuests(10);
    for (const mac of [MAC, SILENT]) guests.update(mac, [this.verdict(mac)]);
    bonds.set(BOND, guests);
  }

  /** The topology's bond sends by that member now. */
  active(activeSlave: number | null): void {
    const details = { type: 'bond', mode: 1, activeSlave, arpInterval: 0 } as const;
    this.topology.put(link(BOND, 'obond', { details, lowerUp: activeSlave !== null }));
    for (const [ifindex, name] of [
      [UP1, 'up1'],
      [UP2, 'up2'],
    ] as const)
      // prettier-ignore
      this.topology.put(link(ifindex, name, { master: BOND }));
    this.watch.compare();
  }

  verdict(mac: Mac): Verdict {
    return { mac, bond: BOND, tags: [TAG], source: 'fdb', device: 21, lastSeen: null, suppressed: null, entry: null };
  }

  private config(): OvsConfig {
    const ports = [ovsBond('obond', { interfaces: this.members }, this.bond), ovsPort('tap1', 9, { ifindex: 21 })];
    const patch = ovsPort('patch-int', 3, { type: 'patch' });
    return { bridges: [ovsBridge('br-int', []), ovsBridge('ovs0', [...ports, patch])] };
  }
}

const what = ({ bond, slave, cause }: FirstRound) => [bond, slave, cause];

test('another active member is a failover, the first one that is seen is none', () => {
  const world = new World();
  world.watch.compare();
  assert.deepEqual(world.rounds, []);
  world.active(UP2);
  world.watch.compare();
  assert.deepEqual(world.rounds.map(what), [[BOND, UP2, 'failover']]);
  world.active(UP1);
  assert.deepEqual(world.rounds.map(what).at(-1), [BOND, UP1, 'failover'], 'failback');
  assert.deepEqual(world.rounds.map(({ epoch }) => epoch), [1, 2]); // prettier-ignore
  assert.equal(world.tablesRead, 2);
});

test('a bond without an active member has lost its links; the same one back is a failover', () => {
  const world = new World();
  world.active(null);
  world.watch.compare();
  assert.deepEqual([world.lost, world.rounds], [['no-active-slave'], []]);
  world.active(UP1);
  assert.deepEqual(world.rounds.map(what), [[BOND, UP1, 'failover']]);
});

test('with balance-slb a member that goes down is a failover of those that it carried, with active-backup a spare is none', () => {
  for (const [mode, failovers] of [
    ['balance-slb', 1],
    ['active-backup', 0],
  ] as const) {
    // prettier-ignore
    const world = new World();
    world.bond = { mode };
    world.watch.compare();
    world.members = [ovsInterface('up1', 1), ovsInterface('up2', 2, { lowerUp: false })];
    world.watch.compare();
    world.watch.compare();
    world.members = [ovsInterface('up1', 1), ovsInterface('up2', 2)]; // and up again
    world.watch.compare();
    assert.equal(world.rounds.length, failovers, mode);
    world.members = [ovsInterface('up1', 1), ovsInterface('up3', 3, { lowerUp: false })]; // a new one, not up yet
    world.watch.compare();
    assert.equal(world.rounds.length, failovers, mode);
  }
});

test('Open vSwitch stands for those of its MAC table, we for the silent ones', () => {
  const world = new World();
  world.rows = [
    { ofport: 9, vlan: 905, mac: MAC, age: 5 },
    { ofport: 1, vlan: 905, mac: SILENT, age: 5 },
  ];
  world.active(UP2);
  const [round] = world.rounds;
  assert.deepEqual([...(round?.doneByOvs ?? [])], [`${MAC} ${BOND}/${TAG.tpid}.905`]);
  assert.deepEqual([round?.portion?.count, round?.portion?.turns], [2, 1]);
  assert.deepEqual([round?.sent, round?.damped], [0, null]);
});

test('one whom Open vSwitch turns out not to know any more has his turn when the table is read', async () => {
  for (const superseded of [false, true]) {
    const world = new World();
    const joined: string[] = [];
    world.events.on('announceable', (_, key) => void joined.push(key));
    world.rows = [{ ofport: 9, vlan: 905, mac: MAC, age: 5 }];
    world.rowsRead = [];
    world.active(UP2);
    assert.equal(world.rounds[0]?.doneByOvs?.size, 1);
    if (superseded) world.active(null);
    await Promise.resolve();
    assert.deepEqual(joined, superseded ? [] : [`${MAC} ${BOND}/${TAG.tpid}.905`]);
  }
});

test('what was missed or held back is all ours', () => {
  const world = new World({ failovers: 1, within: 100, holdOff: 10 });
  world.rows = [{ ofport: 9, vlan: 905, mac: MAC, age: 5 }];
  world.watch.announce(BOND, UP1, 'missed');
  assert.deepEqual([world.rounds[0]?.cause, world.rounds[0]?.doneByOvs?.size], ['missed', 0]);
  world.active(UP2);
  assert.deepEqual([world.rounds[1]?.damped, world.rounds[1]?.portion], [world.clock.now + 100, null]);
  world.watch.announce(BOND, UP2, 'window');
  assert.equal(world.rounds.length, 2, 'too early');
  world.clock.advance(100);
  world.watch.announce(BOND, UP2, 'window');
  assert.deepEqual([world.rounds[2]?.cause, world.rounds[2]?.doneByOvs?.size], ['window', 0]);
});

test('frames enter by the OpenFlow port of the device that the topology names, or of none', () => {
  const world = new World();
  const station = { source: MAC, tags: [TAG] };
  assert.deepEqual(world.ovs.entrance(BOND, station), { inPort: 9, tags: [] });
  world.entry = { port: -7, tags: [TAG] };
  assert.deepEqual(world.ovs.entrance(BOND, station), { inPort: 3, tags: [TAG] }, 'a patch port, by its name');
  world.entry = { port: 99, tags: [] };
  assert.equal(world.ovs.entrance(BOND, station), null, 'a device that is no port of the bridge');
  world.entry = null;
  assert.deepEqual(world.ovs.entrance(BOND, station), { inPort: 0xfffd, tags: [TAG] });
  assert.deepEqual(world.ovs.entrance(BOND, { source: STRANGER, tags: [] }), { inPort: 0xfffd, tags: [] });
  assert.equal(
    world.ovs.entrance(BOND, {
      source: STRANGER,
      tags: [
        { ...TAG, vid: 1 },
        { ...TAG, vid: 2 },
      ],
    }),
    null,
  );
  assert.equal(world.ovs.entrance(asBond(-99), station), null);
});
