import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OvsAnswerError } from '../../../../src/errors.js';
import type { OvsBridge, OvsConfig, OvsPort } from '../../../../src/sources/ovs/config.js';
import { OvsDatabase } from '../../../../src/sources/ovs/database.js';
import { loadOvsRecording, messagesOf, type OvsPart } from '../../../support/ovs-recording.js';

const { database: RECORDED } = loadOvsRecording();

function take(database: OvsDatabase, part: OvsPart): void {
  for (const message of messagesOf(part)) {
    if (message.kind === 'response') database.load(message.result);
    else database.update(message.params);
  }
}

/** The database after the first steps of the recording, up to and including `what`. */
function after(what: string): OvsDatabase {
  const last = RECORDED.findLastIndex((part) => part.what === what);
  const database = new OvsDatabase();
  for (const part of RECORDED.slice(0, last + 1)) take(database, part);
  return database;
}

const MONITOR = 'monitor Open_vSwitch';
const first = (): OvsDatabase => {
  const database = new OvsDatabase();
  take(database, RECORDED[0] as OvsPart);
  return database;
};

function bridge({ bridges }: OvsConfig, name: string): OvsBridge {
  const found = bridges.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

function port(config: OvsConfig, name: string): OvsPort {
  const found = config.bridges.flatMap(({ ports }) => ports).find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

const told = (config: OvsConfig, name: string): unknown[] =>
  port(config, name).interfaces.map(({ ifindex, mac, up, lowerUp }) => [ifindex !== null, mac !== null, up, lowerUp]);
const ALL_TOLD = [true, true, true, true];

test('bridges: which are programmed, how long MACs are kept and how many, whose the ports are', () => {
  const config = first().config();
  const seen = config.bridges.map(({ name, programmed, macAgingTime, macTableSize, ports }) => [
    ...[name, programmed, macAgingTime, macTableSize],
    ports.map((each) => each.name).sort(),
  ]);
  const ports = ['bond', 'missing', 'ovs0', 'tap1', 'tap2', 'tap3', 'tap4', 'tap5', 'tap6', 'to1'];
  assert.deepEqual(seen.sort(), [
    ['ovs0', false, 600, 8192, ports],
    ['ovs1', true, 300, 8192, ['inner', 'ovs1', 'to0']],
  ]);
});

test('ports: what VLANs they carry', () => {
  const config = first().config();
  const none = { trunks: [], cvlans: [], ethertype: 0x88a8 };
  assert.deepEqual(port(config, 'tap1').vlans, { ...none, mode: 'trunk', tag: null });
  assert.deepEqual(port(config, 'tap2').vlans, { ...none, mode: 'access', tag: 905 });
  assert.deepEqual(port(config, 'tap3').vlans, { ...none, mode: 'native-untagged', tag: 7, trunks: [8, 9, 7] });
  const tunnel = { mode: 'dot1q-tunnel', tag: 100, trunks: [], cvlans: [5, 6], ethertype: 0x8100 };
  assert.deepEqual(port(config, 'tap4').vlans, tunnel);
  assert.deepEqual(port(config, 'tap5').vlans, { ...none, mode: 'access', tag: 4095 });
  assert.deepEqual(port(config, 'tap6').vlans, { ...none, mode: 'trunk', tag: null, trunks: [10] });
});

test('interfaces: devices, the bridge itself, ends of a patch, one whose device is missing', () => {
  const config = first().config();
  const only = (name: string): unknown => {
    const [{ uuid: _, ifindex, mac, ...rest } = assert.fail(name)] = port(config, name).interfaces;
    return { ...rest, ifindex: ifindex !== null, mac: mac !== null };
  };
  const here = { ifindex: true, mac: true, up: true, lowerUp: true, peer: null };
  assert.deepEqual(only('tap1'), { ...here, name: 'tap1', type: 'system', ofport: 8 });
  assert.deepEqual(only('ovs0'), { ...here, name: 'ovs0', type: 'internal', ofport: 0xfffe });
  assert.deepEqual(only('to1'), { ...here, name: 'to1', type: 'patch', ofport: 4, peer: 'to0', ifindex: false });
  const away = { name: 'missing', type: 'system', ofport: null, up: false, lowerUp: false, peer: null };
  assert.deepEqual(only('missing'), { ...away, ifindex: false, mac: false });
});

test('a bond: its members, and which of them is active, before and after a change', () => {
  const active = (config: OvsConfig): unknown => {
    const { bond, interfaces } = port(config, 'bond');
    return interfaces.find(({ uuid }) => uuid === bond?.active)?.name;
  };
  const config = first().config();
  const { active: _, ...rest } = port(config, 'bond').bond ?? assert.fail();
  assert.deepEqual(rest, { mode: 'active-backup', lacp: 'off', updelay: 100 });
  assert.equal(active(config), 'up1');
  assert.equal(active(after('another active member').config()), 'up2');
  assert.equal(port(config, 'tap1').bond, null);
});

test('each change is seen, and what has not changed stays the very same', () => {
  const database = first();
  const before = database.config();
  assert.equal(database.config(), before);
  for (const part of RECORDED.slice(1, 5)) take(database, part);
  const now = database.config();
  assert.equal(port(now, 'tap2').vlans.tag, 906);
  assert.notEqual(bridge(now, 'ovs0'), bridge(before, 'ovs0'));
  assert.equal(bridge(now, 'ovs1'), bridge(before, 'ovs1'));
  assert.equal(port(now, 'tap4'), port(before, 'tap4'));
  const [link] = port(after('a link fails').config(), 'tap1').interfaces;
  assert.deepEqual([link?.up, link?.lowerUp], [false, false]);
  const names = (what: string): string[] =>
    after(what)
      .config()
      .bridges.flatMap(({ ports }) => ports.map((p) => p.name));
  assert.ok(names('it comes back').includes('tap6'));
  assert.ok(!names('a port goes').includes('tap6'));
  assert.ok(names('a bridge comes').includes('ovs2'));
  assert.ok(!names('and goes').includes('ovs2'));
});

test('a server that starts anew has forgotten the devices: what was known counts until they are told again', () => {
  const fresh = new OvsDatabase();
  take(fresh, RECORDED[RECORDED.length - 2] as OvsPart);
  assert.deepEqual(told(fresh.config(), 'tap1'), [[false, false, false, false]], 'the server has forgotten');
  const before = after('and goes').config();
  const now = after(MONITOR).config();
  assert.deepEqual(now, before);
  for (const name of ['tap1', 'tap2', 'bond'])
    assert.ok(told(now, name).every((each) => String(each) === String(ALL_TOLD)));
  assert.deepEqual(after('ovs-vswitchd tells again').config(), before);
});

/** A database of one bridge `br` with one port `p`. */
function single(columns: { bridge?: object; port?: object; interfaces?: object[] }): Record<string, any> {
  const interfaces = columns.interfaces ?? [{}];
  const none = ['set', []];
  const status = { ofport: 1, ifindex: 5, mac_in_use: '52:54:00:00:00:01', admin_state: 'up', link_state: 'up' };
  const refs = interfaces.map((_, n) => ['uuid', `i${n}`]);
  const bond = { bond_mode: none, bond_active_slave: none, bond_updelay: 0, lacp: none };
  const vlans = { tag: none, trunks: none, cvlans: none, vlan_mode: none };
  const map = { other_config: ['map', []] };
  return {
    Open_vSwitch: { o: { new: { bridges: ['uuid', 'b'] } } },
    Bridge: {
      b: { new: { name: 'br', ports: ['uuid', 'p'], controller: none, fail_mode: none, ...map, ...columns.bridge } },
    },
    Port: { p: { new: { name: 'p', interfaces: ['set', refs], ...vlans, ...bond, ...map, ...columns.port } } },
    Interface: Object.fromEntries(
      interfaces.map((each, n) => [
        `i${n}`,
        { new: { name: `if${n}`, type: '', options: ['map', []], ...status, ...each } },
      ]),
    ),
  };
}

function loaded(columns: Parameters<typeof single>[0]): OvsConfig {
  const database = new OvsDatabase();
  database.load(single(columns));
  return database.config();
}

const NOTHING = { ifindex: ['set', []], mac_in_use: ['set', []], admin_state: ['set', []], link_state: ['set', []] };

test('while ovs-vswitchd is silent, a change of another kind forgets nothing; once it tells, nothing is kept', () => {
  const database = new OvsDatabase();
  database.load(single({ interfaces: [{}, {}] }));
  const silent = single({ interfaces: [NOTHING, NOTHING] });
  database.load(silent);
  assert.deepEqual(told(database.config(), 'p'), [ALL_TOLD, ALL_TOLD]);
  const { i0 } = silent.Interface as { i0: { new: object } };
  database.update([null, { Interface: { i0: { new: { ...i0.new, ofport: 9 } } } }]);
  assert.deepEqual(told(database.config(), 'p'), [ALL_TOLD, ALL_TOLD]);
  assert.equal(port(database.config(), 'p').interfaces[0]?.ofport, 9);
  const { i1 } = single({ interfaces: [{}, { ifindex: 7 }] }).Interface as { i1: object };
  database.update([null, { Interface: { i1 } }]);
  assert.deepEqual(told(database.config(), 'p'), [[false, false, false, false], ALL_TOLD], 'the first device is gone');
  database.load(silent);
  assert.deepEqual(told(database.config(), 'p'), [[false, false, false, false], ALL_TOLD], 'as it was last');
});

test('VLANs: the defaults, and what nobody should have written is taken for the dead VLAN', () => {
  const vlans = (columns: object): string => {
    const { mode, tag, trunks } = port(loaded({ port: columns }), 'p').vlans;
    return `${mode} ${tag} ${trunks.join()}`;
  };
  const set = (...atoms: unknown[]): unknown => ['set', atoms];
  const table: [object, string][] = [
    [{}, 'trunk null '],
    [{ tag: 0 }, 'access 0 '],
    [{ tag: set(5), trunks: set(1, 2) }, 'access 5 '],
    [{ vlan_mode: 'access' }, 'access 0 '],
    [{ vlan_mode: 'trunk', tag: 5, trunks: 6 }, 'trunk null 6'],
    [{ vlan_mode: 'native-tagged' }, 'native-tagged 0 '],
    [{ vlan_mode: 'native-tagged', trunks: set(0, 4) }, 'native-tagged 0 0,4'],
    [{ vlan_mode: 'native-tagged', tag: 4, trunks: set(0, 4) }, 'native-tagged 4 4'],
    [{ vlan_mode: 'native-untagged', tag: 4 }, 'native-untagged 4 '],
    [{ vlan_mode: 'dot1q-tunnel' }, 'dot1q-tunnel 0 '],
    [{ vlan_mode: 'upside-down' }, 'access 4095 '],
    [{ vlan_mode: 7 }, 'access 4095 '],
    [{ vlan_mode: set('access', 'trunk') }, 'access 4095 '],
    [{ vlan_mode: undefined }, 'access 4095 '],
    [{ tag: 4096 }, 'access 4095 '],
    [{ tag: -1 }, 'access 4095 '],
    [{ tag: 1.5 }, 'access 4095 '],
    [{ tag: '5' }, 'access 4095 '],
    [{ tag: set(1, 2) }, 'access 4095 '],
    [{ tag: undefined }, 'access 4095 '],
    [{ trunks: ['uuid', 'x'] }, 'access 4095 '],
    [{ trunks: set(1, 'x') }, 'access 4095 '],
    [{ trunks: { a: 1 } }, 'access 4095 '],
    [{ cvlans: ['map', []] }, 'access 4095 '],
  ];
  for (const [columns, meaning] of table) assert.equal(vlans(columns), meaning, JSON.stringify(columns));
});

test('bonds: the defaults, and what we cannot read is taken for a bond that needs no help', () => {
  const members = [{ mac_in_use: '52:54:00:00:00:01' }, { mac_in_use: '52:54:00:00:00:02' }];
  const bond = (columns: object, interfaces: object[] = members): string => {
    const { mode, active, lacp, updelay } = port(loaded({ port: columns, interfaces }), 'p').bond ?? assert.fail();
    return `${mode} ${active} ${lacp} ${updelay}`;
  };
  const second = { bond_active_slave: '52:54:00:00:00:02' };
  const table: [object, string][] = [
    [{}, 'active-backup null off 0'],
    [second, 'active-backup i1 off 0'],
    [{ bond_active_slave: '52:54:00:00:00:09' }, 'active-backup null off 0'],
    [{ bond_active_slave: '00:00:00:00:00:00' }, 'active-backup null off 0'],
    [{ bond_active_slave: 7 }, 'active-backup null off 0'],
    [{ bond_mode: 'balance-slb', lacp: 'off', bond_updelay: 31000 }, 'balance-slb null off 31000'],
    [{ bond_mode: 'balance-tcp', lacp: 'active' }, 'balance-tcp null active 0'],
    [{ lacp: 'passive' }, 'active-backup null passive 0'],
    [{ bond_mode: 'best', lacp: 'maybe', bond_updelay: -5 }, 'balance-tcp null active 0'],
    [{ bond_mode: 1, lacp: undefined, bond_updelay: 'x' }, 'balance-tcp null active 0'],
  ];
  for (const [columns, meaning] of table) assert.equal(bond(columns), meaning, JSON.stringify(columns));
  const twins = [{ mac_in_use: '52:54:00:00:00:02' }, { mac_in_use: '52:54:00:00:00:02' }];
  assert.equal(bond(second, twins), 'active-backup null off 0', 'two members of one MAC');
  assert.equal(bond({}, [NOTHING, NOTHING]), 'active-backup null off 0');
});

test('bridges: whether they are programmed, and settings as ovs-vswitchd brings them into range', () => {
  const map = (key: string, value: unknown): object => ({ other_config: ['map', [[key, value]]] });
  const programmed = (columns: object): unknown => loaded({ bridge: columns }).bridges[0]?.programmed;
  assert.equal(programmed({ fail_mode: 'standalone' }), false);
  assert.equal(programmed({ fail_mode: 'secure' }), true);
  assert.equal(programmed({ fail_mode: 'new' }), true);
  assert.equal(programmed({ fail_mode: undefined }), true);
  assert.equal(programmed({ controller: ['uuid', 'c'] }), true);
  assert.equal(programmed({ controller: 7 }), true);
  assert.equal(programmed({ controller: undefined }), true);
  const setting = (value: unknown, key = 'mac-aging-time'): unknown[] => {
    const [found] = loaded({ bridge: map(key, value) }).bridges;
    return [found?.macAgingTime, found?.macTableSize];
  };
  const ages: [unknown, number][] = [
    ...([
      ['0', 300],
      ['', 300],
      ['x', 300],
      ['10 s', 300],
      ['99999999999', 300],
      [600, 300],
    ] as [unknown, number][]),
    ...([
      ['600', 600],
      ['1', 15],
      ['9999', 3600],
      ['-1', 3600],
    ] as [unknown, number][]),
  ];
  for (const [value, age] of ages) assert.deepEqual(setting(value), [age, 8192], String(value));
  for (const [value, size] of [
    ['5', 10],
    ['50000', 50_000],
    ['2000000', 1_000_000],
  ] as const) {
    assert.deepEqual(setting(value, 'mac-table-size'), [300, size], value);
  }
});

test('interfaces: what they cannot have is null', () => {
  const one = (columns: object): unknown => {
    const [{ uuid: _u, name: _n, ...rest } = assert.fail()] = port(loaded({ interfaces: [columns] }), 'p').interfaces;
    return rest;
  };
  const good = { type: 'system', ifindex: 5, ofport: 1, peer: null, mac: '52:54:00:00:00:01', up: true, lowerUp: true };
  assert.deepEqual(one({}), good);
  assert.deepEqual(one({ type: 'vxlan', options: ['map', [['peer', 'x']]] }), { ...good, type: 'vxlan' });
  assert.deepEqual(one({ type: 'patch', options: ['map', [['peer', 5]]] }), { ...good, type: 'patch' });
  assert.deepEqual(one({ ofport: -1, ifindex: 0 }), { ...good, ofport: null, ifindex: null });
  assert.deepEqual(one({ ofport: 65535, ifindex: 2 ** 31 }), { ...good, ofport: null, ifindex: null });
  assert.deepEqual(one({ ofport: 0xff00, ifindex: '5' }), { ...good, ofport: null, ifindex: null });
  assert.deepEqual(one({ mac_in_use: 'x', admin_state: 'down', link_state: 'odd' }), {
    ...good,
    mac: null,
    up: false,
    lowerUp: false,
  });
  assert.deepEqual(one({ ingress_policing_rate: 1000 }), { ...good, policed: true });
  assert.deepEqual(one({ ingress_policing_rate: 0 }), good);
  assert.deepEqual(one(NOTHING), { ...good, ifindex: null, mac: null, up: false, lowerUp: false });
});

test('a reference to nothing is passed over; rows that nobody refers to are no ports', () => {
  const tables = single({ bridge: { ports: ['set', [['uuid', 'p'], ['uuid', 'gone'], 'odd', ['uuid', 5]]] } });
  tables.Port.stray = { new: { name: 'stray' } };
  const database = new OvsDatabase();
  database.load(tables);
  assert.deepEqual(
    database.config().bridges.map(({ ports }) => ports.map(({ name }) => name)),
    [['p']],
  );
  database.load({});
  assert.deepEqual(database.config(), { bridges: [] });
});

test('crasher: rows that are referred to from everywhere are read once, and the very same the next time', () => {
  const count = 200;
  const names = Array.from({ length: count }, (_, n) => `u${n}`);
  const all = ['set', names.flatMap((name) => [['uuid', name], ['uuid', name]])]; // prettier-ignore
  const table = (column: string) => Object.fromEntries(names.map((name) => [name, { new: { [column]: all } }]));
  const database = new OvsDatabase();
  database.load({
    ...{ Open_vSwitch: { o: { new: { bridges: all } } }, Bridge: table('ports'), Port: table('interfaces') },
    Interface: table('name'),
  });
  const { bridges } = database.config();
  const ports = bridges.flatMap((each) => each.ports);
  const interfaces = ports.flatMap((each) => each.interfaces);
  assert.deepEqual([bridges.length, ports.length, interfaces.length], [count, count, count]);
  assert.equal(database.config().bridges, bridges);
});

test('an answer that makes no sense is refused in one line, and what was known stays', () => {
  const database = first();
  const before = database.config();
  for (const answer of [null, 7, 'x', [], { Port: [] }, { Port: { p: 5 } }, { Port: { p: { new: [] } } }]) {
    assert.throws(
      () => database.load(answer),
      (error) => error instanceof OvsAnswerError && /^[ -~]{5,120}$/.test(error.message),
      JSON.stringify(answer),
    );
    assert.throws(() => database.update([null, answer]), OvsAnswerError);
  }
  assert.throws(() => database.update([]), OvsAnswerError);
  assert.equal(database.config(), before);
  const rows = Object.fromEntries(Array.from({ length: (1 << 18) + 1 }, (_, n) => [`p${n}`, { new: {} }]));
  assert.throws(() => database.load({ Port: rows }), /more than 262144 rows/);
  assert.equal(database.config(), before);
});
