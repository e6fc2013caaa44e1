import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelEvent, LinkEvent } from '../../../src/kernel/events.js';
import { eventsOf, type Fixture, KERNELS, loadFixture } from '../../support/fixtures.js';

/*
 * Recorded bytes against the word of iproute2, which read the same tables in the same second with code of its own.
 */
const MODES = ['balance-rr', 'active-backup'];
const PROTOCOLS = new Map([
  [0x8100, '802.1Q'],
  [0x88a8, '802.1ad'],
]);
const PORT_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'];

/** A line for each VLAN of a range. */
function eachVlan(port: string | null, range: { first: number; last: number }, said: readonly unknown[]): string[] {
  const count = range.last - range.first + 1;
  return Array.from({ length: count }, (_, n) => `${port} ${range.first + n}: ${said.join(' ')}`);
}

const vlanFlags = ({ pvid, untagged }: { pvid: boolean; untagged: boolean }): string[] => [
  ...(pvid ? ['PVID'] : []),
  ...(untagged ? ['Egress Untagged'] : []),
];

/** The same of what iproute2 says. */
const vlansOf =
  (port: string, states: boolean) =>
  ({ vlan, vlanEnd, flags = [], state }: Record<string, any>): string[] =>
    eachVlan(port, { first: vlan, last: vlanEnd ?? vlan }, [...flags, ...(states ? [state] : [])]);

function fromIproute2(row: Record<string, any>): Record<string, unknown> {
  const { info_kind: kind, info_data: data, info_slave_kind: slaveKind, info_slave_data: slave } = row.linkinfo ?? {};
  return {
    ifindex: row.ifindex,
    ifname: row.ifname,
    up: row.flags.includes('UP'),
    lowerUp: row.flags.includes('LOWER_UP'),
    // `ip` prints NO-CARRIER for a device that is up and not RUNNING (iproute2, ip/ipaddress.c: print_link_flags).
    running: row.flags.includes('UP') && !row.flags.includes('NO-CARRIER'),
    address: row.address,
    master: row.master ?? null,
    link: row.link ?? null,
    kind: kind ?? null,
    ...(kind === 'bond' && { mode: data.mode, activeSlave: data.active_slave ?? null, arpInterval: data.arp_interval }),
    ...(kind === 'vlan' && { id: data.id, protocol: data.protocol }),
    ...(kind === 'bridge' && { vlanFiltering: data.vlan_filtering === 1, vlanProtocol: data.vlan_protocol }),
    bondSlave: slaveKind === 'bond' ? slave.state : null,
    bridgePort: slaveKind === 'bridge' ? slave.state : null,
  };
}

const NUD = new Map([
  ['STALE', 0x04],
  ['FAILED', 0x20],
  ['NOARP', 0x40],
  ['PERMANENT', 0x80],
]);

for (const kernel of KERNELS) {
  const devices = loadFixture('devices', kernel);
  const truth = (table: string): readonly Record<string, any>[] => devices.truth?.[table] ?? [];
  const nameOf = new Map(Object.entries(devices.names).map(([name, ifindex]) => [ifindex, name]));
  const name = (ifindex: number | null): string | null =>
    ifindex === null ? null : (nameOf.get(ifindex) ?? 'unknown');
  const ofType = <T extends KernelEvent['type']>(table: string, type: T): Extract<KernelEvent, { type: T }>[] =>
    eventsOf(devices, `dump ${table}`).filter(
      (event): event is Extract<KernelEvent, { type: T }> => event.type === type,
    );

  /** A link in iproute2's words. */
  function inWords({ details, ...link }: LinkEvent): Record<string, unknown> {
    return {
      ifindex: link.ifindex,
      ifname: link.name,
      up: link.up,
      lowerUp: link.lowerUp,
      running: link.running,
      address: link.address,
      master: name(link.master),
      link: name(link.lower),
      kind: details.type === 'other' ? details.kind : details.type,
      ...(details.type === 'bond' && {
        mode: MODES[details.mode],
        activeSlave: name(details.activeSlave),
        arpInterval: details.arpInterval,
      }),
      ...(details.type === 'vlan' && { id: details.id, protocol: PROTOCOLS.get(details.protocol) }),
      ...(details.type === 'bridge' && {
        vlanFiltering: details.vlanFiltering,
        vlanProtocol: PROTOCOLS.get(details.vlanProtocol),
      }),
      bondSlave: link.bondSlaveActive === null ? null : link.bondSlaveActive ? 'ACTIVE' : 'BACKUP',
      bridgePort: link.bridgePortState === null ? null : PORT_STATES[link.bridgePortState],
    };
  }

  test(`${kernel}: a dump of the links says the same as \`ip link\`, for devices of every kind`, () => {
    const links = ofType('links', 'link');
    assert.deepEqual(links.map(inWords), truth('links').map(fromIproute2));
    const kinds = new Set(links.map(({ details }) => (details.type === 'other' ? details.kind : details.type)));
    for (const kind of ['bond', 'bridge', 'vlan', 'veth', 'tun', 'macvlan', 'macvtap', 'dummy', 'vxlan', null]) {
      assert.ok(kinds.has(kind), `the recording has no ${kind}`);
    }
  });

  test(`${kernel}: a dump of the bridge ports says the same as \`bridge vlan\`, ranges and flags included`, () => {
    const told = ofType('bridgePorts', 'bridgePort').flatMap(({ ifindex, vlans }) =>
      (vlans ?? []).flatMap((range) => eachVlan(name(ifindex), range, vlanFlags(range))),
    );
    const expected = truth('bridgePorts').flatMap(({ ifname, vlans }) => vlans.flatMap(vlansOf(ifname, false)));
    assert.deepEqual(told.sort(), expected.sort());
    const ranges = ofType('bridgePorts', 'bridgePort').flatMap(({ vlans }) => vlans ?? []);
    assert.ok(ranges.some(({ first, last }) => last > first));
  });

  test(`${kernel}: a dump of the VLANs of ports says the same as \`bridge -d vlan\`, states included`, () => {
    const told = ofType('portVlans', 'portVlans').flatMap(({ ifindex, vlans }) =>
      vlans.flatMap((range) => eachVlan(name(ifindex), range, [...vlanFlags(range), PORT_STATES[range.state ?? NaN]])),
    );
    const expected = truth('portVlans').flatMap(({ ifname, vlans }) => vlans.flatMap(vlansOf(ifname, true)));
    assert.deepEqual(told.sort(), expected.sort());
    assert.ok(told.includes('bond0 100: blocking'));
    assert.ok(told.includes('bond0 101: forwarding'));
  });

  test(`${kernel}: a dump of the forwarding database says the same as \`bridge fdb\`, row by row`, () => {
    const told = ofType('fdb', 'fdb').map(({ mac, port, bridge, vlan, state, flags }) => ({
      mac,
      ifname: name(port),
      master: name(bridge),
      vlan,
      state: state & 0x80 ? 'permanent' : state & 0x40 ? 'static' : '',
      self: (flags & 0x02) !== 0,
      external: (flags & 0x10) !== 0,
    }));
    const expected = truth('fdb').map(({ mac, ifname, master, vlan, state, flags }) => ({
      mac,
      ifname,
      master: master ?? null,
      vlan: vlan ?? null,
      state: state ?? '',
      self: flags.includes('self'),
      external: flags.includes('extern_learn'),
    }));
    assert.deepEqual(told, expected);
    assert.deepEqual(new Set(told.map(({ state }) => state)), new Set(['permanent', 'static', '']));
  });

  test(`${kernel}: a dump of the addresses says the same as \`ip addr\`, ours on a point-to-point link included`, () => {
    const told = ofType('addresses', 'address').map(({ ifindex, address, usable }) => [name(ifindex), address, usable]);
    const expected = truth('addresses').flatMap(({ ifname, addr_info }) =>
      addr_info.map(({ local, tentative }: Record<string, unknown>) => [ifname, local, tentative !== true]),
    );
    assert.deepEqual(told.sort(), expected.sort());
    assert.ok(told.some(([, address]) => address === '192.0.2.33'));
  });

  test(`${kernel}: a dump of IPv6 forwarding says the same as \`ip -6 netconf\`, of devices only`, () => {
    const told = ofType('forwarding', 'forwarding').map(({ ifindex, forwarding }) => [name(ifindex), forwarding]);
    const expected = truth('forwarding').filter(({ interface: device }) => device !== 'all' && device !== 'default');
    assert.deepEqual(
      told,
      expected.map(({ interface: device, forwarding }) => [device, forwarding]),
    );
    assert.deepEqual(
      told.filter(([, forwarding]) => forwarding),
      [['br905', true]],
    );
  });

  for (const table of ['neighbours4', 'neighbours6']) {
    test(`${kernel}: a dump of ${table} says the same as \`ip neigh\``, () => {
      const told = ofType(table, 'neighbour').map(({ type: _, ...row }) => ({ ...row, ifindex: name(row.ifindex) }));
      const expected = truth(table).map(({ dst, dev, lladdr, state }) => ({
        gone: false,
        ifindex: dev,
        address: dst,
        mac: lladdr ?? null,
        state: NUD.get(state[0]),
      }));
      assert.deepEqual(told, expected);
      assert.ok(told.length >= 3);
    });
  }

  test(`${kernel}: every dump ends with its request's number, and nothing in it is lost or unknown`, () => {
    const ends = devices.parts.map(({ what }) => {
      const events = eventsOf(devices, what);
      assert.ok(events.every(({ type }) => type !== 'lost'));
      return events.at(-1);
    });
    assert.deepEqual(
      ends,
      [101, 102, 103, 104, 105, 106, 107, 108].map((seq) => ({ type: 'done', seq, interrupted: false })),
    );
  });
}

/** A message as one line: what changed for whom. */
function line(fixture: Fixture, event: KernelEvent): string {
  const names = new Map(Object.entries(fixture.names).map(([device, ifindex]) => [ifindex, device]));
  const of = (ifindex: number | null): string => (ifindex === null ? 'none' : (names.get(ifindex) ?? `#${ifindex}`));
  if (event.type !== 'link') return 'ifindex' in event ? `${event.type} ${of(event.ifindex)}` : event.type;
  const { details, bondSlaveActive } = event;
  const role = bondSlaveActive === null ? '' : bondSlaveActive ? ' active' : ' backup';
  const bond = details.type === 'bond' ? ` active=${of(details.activeSlave)}` : '';
  return `${of(event.ifindex)}${event.lowerUp ? '' : ' no-carrier'}${role}${bond}`;
}

const lines = (fixture: Fixture, what: string): string[] =>
  eventsOf(fixture, what).map((event) => line(fixture, event));
/** A line once where the kernel repeats itself. */
const once = (all: string[]): string[] => all.filter((text, i) => text !== all[i - 1]);

test('the messages of a failover read in the order of the kernel: the slave turns active before the bond says so', () => {
  const seen = once(lines(loadFixture('miimon'), 'the active link fails')).filter((text) => !text.startsWith('br0'));
  assert.deepEqual(seen, [
    'up1 no-carrier active',
    'up1 no-carrier backup',
    'up2 backup',
    'up2 active',
    'bond0 active=up2',
  ]);
});

test('the messages of a recovery after all links were down read in order: the bond gets carrier last, without an event', () => {
  const seen = once(lines(loadFixture('all-down'), 'the second link comes back'));
  assert.deepEqual(seen.slice(0, seen.indexOf('bond0 active=up2') + 1), [
    'up2 backup',
    'up2 active',
    'bond0 no-carrier active=up2',
    'bridgePort bond0',
    'bond0 active=up2',
  ]);
});

test('a bond that moves its own address with the failover is seen with its new one', () => {
  const fixture = loadFixture('fail-over-mac');
  const addresses = eventsOf(fixture, 'the active link fails').flatMap((event) =>
    event.type === 'link' && event.ifindex === fixture.names.bond0 ? [event.address] : [],
  );
  assert.deepEqual([...new Set(addresses)], ['02:00:00:00:0b:02']);
});

test('devices, ports and rows that go are seen going', () => {
  const fixture = loadFixture('changes');
  const { tap1, bond0 } = fixture.names;
  const left = eventsOf(fixture, 'the guest leaves the bridge');
  assert.ok(left.some((event) => event.type === 'bridgePortGone' && event.ifindex === tap1));
  const dropped = left.flatMap((event) => (event.type === 'fdb' && event.gone && event.state === 2 ? [event.mac] : []));
  assert.deepEqual(dropped.sort(), ['52:54:00:00:00:01', '52:54:00:cc:00:01']);
  const deleted = eventsOf(fixture, 'the bond is deleted');
  assert.ok(deleted.some((event) => event.type === 'linkGone' && event.ifindex === bond0));
  assert.ok(deleted.some((event) => event.type === 'bridgePortGone' && event.ifindex === bond0));
});
