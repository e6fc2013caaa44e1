import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { FarSide } from './net/attacks.js';
import { BONDHERALD, type Daemon, labWithDaemon, ONE_BURST, runIn } from './net/daemon.js';
import { chatter } from './net/frames.js';
import { BOND, type Guest, type Hypervisor } from './net/hypervisor.js';
import type { Lab } from './net/lab.js';
import { named } from './net/words.js';

/*
 * What guests can make the far side hear at the next failover. SECURITY.md tells it; each test here is a line there.
 */

const HOST = '192.0.2.200';
const VICTIM = '192.0.2.2';
const VICTIM_V6 = named('2001:db8::2');
const ROUTER = named('fe80::1');
const GATEWAY = '52:54:00:aa:00:01';
const NOTHING = { added: [], gone: [] };

/** A VLAN-aware bridge with access ports, through which the host speaks untagged, and a plain one in VLAN 905. */
function shape(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [10, 20] });
  hv.ip(`addr add ${HOST}/24 dev br0`);
  hv.guest('br0', { access: 10, wire: [10] });
  hv.guest('br0', { access: 10, wire: [10] });
  hv.guest('br0', { access: 20, wire: [20] });
  hv.guest('br0', { access: 20, wire: [20] });
  hv.guest('br0', { wire: [] });
  hv.bridge('br905');
  hv.port('br905', hv.vlan(BOND, 905));
  hv.guest('br905', { wire: [905] });
}

interface Scene {
  lab: Lab;
  far: FarSide;
  attacker: Guest;
  victim: Guest;
  /** In another VLAN. */
  other: Guest;
  /** In the host's own VLAN. */
  neighbour: Guest;
  /** On a plain bridge. */
  plain: Guest;
}

const garp = (guest: { mac: string }, ip: string): Buffer => say.arp({ src: guest.mac }, { spa: ip, tpa: ip });

/** Words that claim an address, or a place in the frame's source, for another: nobody who hears them believes them of us. */
async function onBehalfOfAnother({ far, attacker, victim }: Scene): Promise<void> {
  const about = { from: 'fe80::77', target: VICTIM_V6 };
  const own = await far.after([
    victim,
    garp(victim, VICTIM),
    say.na({ src: victim.mac }, { from: VICTIM_V6, target: VICTIM_V6 }),
  ]);
  assert.deepEqual(own, {
    added: [`garp ${victim.mac} ${VICTIM} [10]`, `mcast ${victim.mac} [10]`, `na ${victim.mac} ${VICTIM_V6} - [10]`],
    gone: [],
  });
  const forged = await far.after([
    attacker,
    say.arp({ src: attacker.mac }, { sha: victim.mac, spa: '192.0.2.77', tpa: '192.0.2.77' }),
    say.arp({ src: attacker.mac }, { op: 2, sha: victim.mac, spa: '192.0.2.78', tpa: VICTIM, tha: victim.mac }),
    say.na({ src: attacker.mac }, { ...about, lla: victim.mac }),
    say.na({ src: attacker.mac }, { ...about, flags: 0 }),
    say.ethernet({ src: attacker.mac }, 0x8035, say.rarp({ src: victim.mac }).toString('hex', 14)),
    say.dhcp({ src: attacker.mac }, { type: 5, from: '192.0.2.5', dport: 68, chaddr: victim.mac, ciaddr: VICTIM }),
    say.dhcp({ src: attacker.mac }, { type: 7, from: VICTIM, ciaddr: VICTIM, chaddr: victim.mac }),
  ]);
  assert.deepEqual(forged, NOTHING, 'nobody speaks for another, and nobody gives up what is another’s');
}

/** Who claims an address as his own, last, has it: that is what the filters on the host's ports are for. */
async function plainSpoof({ far, attacker, victim }: Scene): Promise<void> {
  const taken = await far.after([attacker, garp(attacker, VICTIM)]);
  assert.deepEqual(taken, {
    added: [`garp ${attacker.mac} ${VICTIM} [10]`],
    gone: [`garp ${victim.mac} ${VICTIM} [10]`],
  });
  const back = await far.after([victim, garp(victim, VICTIM)]);
  assert.deepEqual(back, { added: taken.gone, gone: taken.added });
}

async function hostsOwn({ lab, far, neighbour, attacker }: Scene): Promise<void> {
  assert.deepEqual(await far.after([neighbour, garp(neighbour, HOST)]), NOTHING, "the host's own address");
  const [bridge, bond] = [await lab.macOf('br0'), await lab.macOf(BOND)];
  const frames = [bridge, bond].flatMap((src) => [
    say.rarp({ src }),
    say.arp({ src }, { spa: '192.0.2.9', tpa: HOST }),
  ]);
  assert.deepEqual(await far.after([neighbour, ...frames]), NOTHING, 'the MAC of the bridge, and of the bond');
  lab.inject(attacker.netns, attacker.device, say.rarp({ src: bridge }));
  await until(() => far.announces(bridge, 10), { what: 'who was heard in another VLAN is a guest', every: 50 });
  assert.deepEqual(await far.after(), { added: [`rarp ${bridge} [10]`], gone: [] }, 'in a VLAN that is not the host’s');
}

async function sharedMacs({ far, attacker }: Scene): Promise<void> {
  const none = ['ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00', '01:00:5e:00:00:01', '33:33:00:00:00:01'];
  const routers = [
    '00:00:5e:00:01:01',
    '00:00:5e:00:02:01',
    '00:00:0c:07:ac:01',
    '00:00:0c:9f:f0:01',
    '00:07:b4:00:01:01',
  ];
  const frames = [...none, ...routers, '02:bf:01:02:03:04'].flatMap((src) => [
    say.rarp({ src }),
    say.arp({ src }, { spa: '192.0.2.66', tpa: '192.0.2.66' }),
  ]);
  assert.deepEqual(await far.after([attacker, ...frames]), NOTHING);
}

/** The bridge itself believes it: only a filter on the guest's port prevents that. */
async function macOfAnother({ lab, far, attacker, victim, other }: Scene): Promise<void> {
  assert.deepEqual(await far.after([attacker, say.rarp({ src: victim.mac })]), NOTHING, 'it is behind this bond still');
  const elsewhere = await far.after([other, say.rarp({ src: victim.mac })]);
  assert.deepEqual(elsewhere, { added: [`rarp ${victim.mac} [20]`], gone: [] }, 'a VLAN has its own');
  lab.inject(victim.netns, victim.device, say.rarp({ src: victim.mac }));
}

async function macOfGateway({ lab, far, attacker }: Scene): Promise<void> {
  const speak = (): void => lab.inject('client', 'eth0', chatter(GATEWAY, [{ tpid: 0x8100, vid: 10 }]));
  const learned = (port: string): Promise<unknown> =>
    until(async () => (await lab.learned('hv')).get(GATEWAY) === port, {
      what: `the gateway is on ${port}`,
      every: 10,
    });
  speak();
  await learned(BOND);
  const words = [`garp ${GATEWAY} 192.0.2.254 [10]`, `rarp ${GATEWAY} [10]`];
  const isTaken = (): Promise<boolean> => {
    lab.inject(attacker.netns, attacker.device, garp({ mac: GATEWAY }, '192.0.2.254'));
    return far.announces(GATEWAY);
  };
  await until(isTaken, { what: 'the attacker has the MAC of the gateway', every: 50 });
  assert.deepEqual(await far.after(), { added: words, gone: [] }, 'until the gateway speaks');
  speak(); // within the time in which a frame that comes back would be an echo
  await learned(BOND);
  assert.deepEqual(await far.after(), { added: [], gone: words });
  assert.equal((await lab.learned('hv')).get(GATEWAY), BOND, 'nobody put it back to the attacker');
}

async function stackedTags({ far, attacker, plain }: Scene): Promise<void> {
  const tagged = (guest: Guest, ...stacks: say.SaidTag[][]): [Guest, ...Buffer[]] => [
    guest,
    ...stacks.map((tags) => say.rarp({ src: guest.mac, tags })),
  ];
  const ad = { tpid: 0x88a8, vid: 20 };
  assert.deepEqual(await far.after(tagged(attacker, [0], [20], [20, 10])), NOTHING, 'in at no other VLAN than its own');
  const within = await far.after(tagged(attacker, [ad], [10, 20]));
  const inner = [`rarp ${attacker.mac} [10 20]`];
  assert.deepEqual(within, { added: inner, gone: [] }, 'tags behind that of its port are what it sent itself');
  const behind = await far.after(tagged(plain, [0], [20], [ad]));
  assert.deepEqual(behind, { added: [`rarp ${plain.mac} [905 20]`], gone: [] });
}

async function advertisements({ far, attacker }: Scene): Promise<void> {
  const forged = await far.after([
    attacker,
    say.ra({ src: attacker.mac }, { from: 'fe80::99', lla: GATEWAY }),
    say.ra({ src: attacker.mac }, { from: ROUTER }),
  ]);
  const added = [`mcast ${attacker.mac} [10]`, `na ${attacker.mac} ${ROUTER} R [10]`];
  assert.deepEqual(forged, { added, gone: [] }, 'its own word, and no RA');
}

async function addressFlood({ far, attacker, victim }: Scene): Promise<void> {
  const count = 3000;
  const flood = Array.from({ length: count }, (_, n) => [
    garp(attacker, `10.66.${n >> 8}.${n & 255}`),
    say.ns({ src: attacker.mac }, { from: `2001:db8:66::${n.toString(16)}`, target: '2001:db8::fe' }),
  ]).flat();
  await far.after([attacker, ...flood]);
  const words = await far.failover();
  const theirs = (kind: string, mac: string): number =>
    words.filter((word) => word.startsWith(`${kind} ${mac}`)).length;
  const [arp, nd] = [theirs('garp', attacker.mac), theirs('na', attacker.mac)];
  console.log(`${2 * count} claims of one guest: ${arp} GARP and ${nd} NA announced of it`);
  assert.ok(arp + nd <= 16);
  assert.equal(theirs('garp', victim.mac), 1, 'the others keep theirs');
}

/** A guest that takes the MACs of guests that stay silent takes no more than its own share, and those are announced too. */
async function floodOfOthers({ far, attacker, victim }: Scene): Promise<void> {
  const macs = (group: string): string[] =>
    Array.from({ length: 50 }, (_, n) => `52:54:00:${group}:00:${(n + 16).toString(16)}`);
  const frames = (group: string): Buffer[] => macs(group).map((src) => say.rarp({ src }));
  await far.after([victim, ...frames('01')]);
  await far.after([attacker, ...frames('02')]);
  await far.after([attacker, ...frames('01')]);
  const words = await far.failover();
  for (const mac of macs('01')) assert.ok(words.includes(`rarp ${mac} [10]`), mac);
}

const NETWORK = (1n << 12n) | (1n << 13n); // CAP_NET_ADMIN, CAP_NET_RAW

/** The threads of a process by their names, with what /proc says of their rights. */
function threads(pid: number): Map<string, { effective: bigint; permitted: bigint; noNewPrivileges: boolean }> {
  const folder = `/proc/${pid}/task`;
  const found = readdirSync(folder).map((task) => {
    const status = readFileSync(`${folder}/${task}/status`, 'utf8');
    const set = (name: string): bigint => BigInt(`0x${new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? ''}`);
    const name = task === String(pid) ? 'main' : readFileSync(`${folder}/${task}/comm`, 'utf8').trim();
    const noNewPrivileges = set('NoNewPrivs') === 1n;
    return [name, { effective: set('CapEff'), permitted: set('CapPrm'), noNewPrivileges }] as const;
  });
  return new Map(found);
}

/** After all that guests have sent, and failovers: who reads it and who announces, held nothing but frames and bonds. */
function leastPrivilege(pid: number): void {
  const all = threads(pid);
  for (const name of ['bh-listen', 'bh-failover'])
    assert.deepEqual(all.get(name), { effective: 0n, permitted: NETWORK, noNewPrivileges: true }, name);
  const main = all.get('main');
  assert.ok(main?.noNewPrivileges);
  assert.equal(main.effective & NETWORK, NETWORK);
  assert.equal(main.permitted & (1n << 21n), 0n, 'CAP_SYS_ADMIN');
}

async function noDebugger(daemon: Daemon): Promise<void> {
  daemon.signal('SIGUSR1');
  assert.equal((await runIn([BONDHERALD, 'status'])).code, 0);
  assert.doesNotMatch(daemon.stderr, /Debugger/);
  assert.doesNotMatch((await runIn(['ss', '-Hltn'])).stdout, /:9229\b/);
}

test('what guests do to each other, and to the host, is heard on the far side as SECURITY.md tells', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { config: ONE_BURST, attach: shape });
  const [attacker, victim, other, witness, neighbour, plain] = lab.guests;
  assert.ok(attacker && victim && other && witness && neighbour && plain);
  const far = new FarSide(lab, daemon, witness);
  const scene: Scene = { lab, far, attacker, victim, other, neighbour, plain };
  await far.after();
  for (const attack of [
    onBehalfOfAnother,
    plainSpoof,
    hostsOwn,
    sharedMacs,
    macOfAnother,
    macOfGateway,
    stackedTags,
    advertisements,
    addressFlood,
    floodOfOthers,
  ])
    await t.test(attack.name, () => attack(scene));
  await t.test(leastPrivilege.name, () => leastPrivilege(daemon.pid));
  await t.test(noDebugger.name, () => noDebugger(daemon));
});
