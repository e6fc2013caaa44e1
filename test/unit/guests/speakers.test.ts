import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import { MAX_ADMITTED } from '../../../src/guests/speakers.js';
import type { Heard } from '../../../src/sources/snoop.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { BOND, type Hypervisor, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';

const STRANGER = '52:54:00:00:0f:0f' as Mac;
const OWN = '02:00:00:00:0b:01' as Mac;
const SAYS = { claims: [], confirms: [], releases: [], proof: true };
const SILENT = { ...SAYS, router: null, raSent: false, rsSent: false, arp: false };
const ip = (text: string): Ip => text as Ip;

/** A host that hears its bond, and settles when told. */
class Ears {
  readonly host: FakeHost;
  state: HostState;
  now = 1000;

  constructor(
    attach: (hv: Hypervisor) => void = plainBridge(2),
    private readonly change: Parameters<typeof guestSettings>[0] = {},
  ) {
    this.host = new FakeHost(attach);
    this.state = new HostState(guestSettings(change));
    this.take(...this.host.dump());
  }

  take(...events: Parameters<HostState['apply']>[0][]): void {
    for (const event of events) this.state.apply(event, this.now);
    this.look();
  }

  /** As the daemon does after each change: judges whoever is stale. */
  look(): void {
    const stale = this.state.takeStale();
    for (const mac of stale === 'all' ? this.state.macs() : stale) this.state.verdicts(mac);
  }

  hears(mac: Mac, vids: number[] = [], more: Partial<Heard> = {}, bond = BOND): void {
    const tags = vids.map((vid) => ({ tpid: 0x8100, vid }));
    this.state.heard(asBond(this.host.index(bond)), { mac, tags, direction: 'out', ...SILENT, ...more }, this.now);
    this.look();
  }

  settle(): void {
    this.state.settle(this.now, this.now);
    this.look();
  }

  wait(seconds: number): void {
    this.now += seconds;
    this.state.expire(this.now);
    this.look();
  }

  learned(mac: Mac, port: string, gone = false): void {
    this.take(this.host.fdb(mac, port, gone ? { gone } : {}));
  }

  restart(): void {
    const { guests } = this.state.snapshot(this.now);
    const saved = JSON.parse(JSON.stringify([...guests])) as typeof guests;
    this.state = new HostState(guestSettings(this.change));
    this.take(...this.host.dump());
    this.state.restore(saved, this.now);
    this.look();
  }

  /** [tags, source, why not] of each verdict. */
  verdicts(mac: Mac = STRANGER): unknown[] {
    this.look();
    return this.state
      .verdicts(mac)
      .map(({ tags, source, suppressed }) => [tags.map(({ vid }) => vid), source, suppressed]);
  }
}

test('who is heard leaving and explained by nothing is a guest, with the tags heard, once the kernel has told all', () => {
  const ears = new Ears();
  ears.hears(STRANGER, [100]);
  assert.deepEqual(ears.verdicts(), [], 'a row may be on its way');
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[100], 'heard', null]]);
  assert.ok([...ears.state.macs()].includes(STRANGER));
});

test('an ARP probe, which kernels send of themselves, makes nobody a guest', () => {
  const ears = new Ears();
  ears.hears(STRANGER, [], { arp: true, proof: false });
  ears.settle();
  assert.deepEqual(ears.verdicts(), []);
  ears.hears(STRANGER, [], { arp: true, claims: [ip('192.0.2.1')] });
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]]);
});

test('a row that comes in time explains who was heard before it', () => {
  const ears = new Ears();
  ears.hears(STRANGER);
  ears.learned(STRANGER, 'tap1');
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[], 'fdb', null]]);
  const row = ears.host.fdb(STRANGER, 'tap1', { gone: true });
  ears.take(row, ears.host.remove('tap1'));
  assert.deepEqual(ears.verdicts(), [], 'its port is gone, and it may run elsewhere');
});

test('a guest that was known when it spoke is no speaker when its port goes; one that speaks later is', () => {
  const ears = new Ears();
  ears.learned(STRANGER, 'tap1');
  ears.hears(STRANGER);
  ears.settle();
  const row = ears.host.fdb(STRANGER, 'tap1', { gone: true });
  ears.take(row, ears.host.remove('tap1'));
  assert.deepEqual(ears.verdicts(), []);
  ears.wait(0.5);
  ears.hears(STRANGER); // it was on its way
  ears.settle();
  assert.deepEqual(ears.verdicts(), []);
  ears.wait(3);
  ears.hears(STRANGER);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]]);
});

test('who comes in is elsewhere until he leaves again, also before he is settled on', () => {
  const ears = new Ears();
  ears.hears(STRANGER);
  ears.hears(STRANGER, [], { direction: 'in' });
  ears.settle();
  assert.deepEqual(ears.verdicts(), []);
  ears.hears(STRANGER);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]]);
  ears.wait(10);
  ears.hears(STRANGER, [], { direction: 'in' });
  assert.deepEqual(ears.verdicts(), [[[], 'heard', 'seen-on-uplink']]);
  ears.wait(10);
  ears.hears(STRANGER);
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]]);
});

test('what comes in within the window after a failover is an echo', () => {
  const ears = new Ears();
  ears.hears(STRANGER);
  ears.settle();
  ears.state.failedOver(asBond(ears.host.index(BOND)), ears.now);
  ears.wait(1);
  ears.hears(STRANGER, [], { direction: 'in' });
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]]);
});

test('a speaker is a guest for heardFor after its last frame', () => {
  const ears = new Ears(plainBridge(1), { heardFor: 100 });
  ears.hears(STRANGER);
  ears.settle();
  ears.wait(99);
  ears.hears(STRANGER);
  ears.settle();
  ears.wait(99);
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]]);
  ears.wait(2);
  assert.deepEqual(ears.verdicts(), []);
  assert.deepEqual([...ears.state.macs()], []);
});

test('with heardFor 0 a speaker is listed for an hour, and announced by hand or by the configuration only', () => {
  const ears = new Ears(plainBridge(1), { heardFor: 0 });
  ears.hears(STRANGER, [7]);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[7], 'heard', 'unexplained']]);
  const exit = { bond: asBond(ears.host.index(BOND)), tags: [{ tpid: 0x8100, vid: 7 }] };
  const [ordered] = ears.state.verdicts(STRANGER, [exit]);
  assert.deepEqual([ordered?.source, ordered?.suppressed], ['manual', null]);
  ears.wait(3601);
  assert.deepEqual(ears.verdicts(), []);
});

test('a static guest without a VLAN is announced in the one where it was heard', () => {
  const guest = { mac: STRANGER, vlan: null, bond: BOND, addresses: [] };
  const ears = new Ears(plainBridge(1), { static: [guest] });
  assert.deepEqual(ears.verdicts(), [[[], 'static', null]]);
  ears.hears(STRANGER, [7]);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[7], 'heard', null]]);
  ears.hears(STRANGER, [7], { direction: 'in' });
  assert.deepEqual(ears.verdicts(), [[[7], 'heard', null]], 'the configuration knows better');
});

test('the configuration explains who is heard where it says', () => {
  const at = (vlan: number | null) => ({ mac: STRANGER, vlan, bond: BOND, addresses: [] });
  for (const [vlan, vids] of [
    [null, []],
    [905, [905]],
  ] as const) {
    const ears = new Ears(plainBridge(1), { static: [at(vlan)] });
    ears.hears(STRANGER, [...vids]);
    ears.settle();
    assert.deepEqual(ears.verdicts(), [[vids, 'static', null]]);
  }
  const ears = new Ears(plainBridge(1), { static: [at(905)] });
  ears.hears(STRANGER, [7]);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [
    [[7], 'heard', null],
    [[905], 'static', null],
  ]);
});

test('refused MACs and excluded VLANs are listed with their reason', () => {
  const exclude = { macs: [], vlans: [66], ports: [] };
  const ears = new Ears(plainBridge(1), { exclude });
  const router = '00:00:5e:00:01:07' as Mac;
  ears.hears(router);
  ears.hears(STRANGER, [66]);
  ears.settle();
  assert.deepEqual(ears.verdicts(router), [[[], 'heard', 'virtual-router']]);
  assert.deepEqual(ears.verdicts(), [[[66], 'heard', 'excluded']]);
});

test('who is listed behind a NIC of the same bridge lives there, whatever passes through', () => {
  const ears = new Ears(plainBridge(1));
  ears.host.add('eth9', { type: 'other', kind: null }, { master: ears.host.index('br0'), bridgePortState: 3 });
  ears.take(...ears.host.dump());
  ears.learned(STRANGER, 'eth9');
  ears.hears(STRANGER);
  ears.settle();
  assert.deepEqual(ears.verdicts(), []);
});

test('who is listed by a bridge whose rows do not count is no speaker', () => {
  const { sources } = guestSettings();
  const ears = new Ears(plainBridge(1), { sources: { ...sources, fdb: false } });
  ears.learned(STRANGER, 'tap1');
  ears.hears(STRANGER);
  ears.hears(STRANGER, [5]);
  ears.settle();
  assert.deepEqual(ears.verdicts(), []);
});

test('an invention that has no room behind its port gets none as a speaker, until the bridge forgets it', () => {
  const ears = new Ears(plainBridge(1), { perPort: 1 });
  const first = '52:54:00:00:00:01' as Mac;
  ears.learned(first, 'tap1');
  ears.hears(STRANGER);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]], 'before its row is read');
  ears.learned(STRANGER, 'tap1');
  assert.deepEqual(ears.verdicts(), []);
  ears.hears(STRANGER);
  ears.settle();
  assert.deepEqual(ears.verdicts(), []);
  ears.learned(STRANGER, 'tap1', true);
  ears.wait(5);
  ears.hears(STRANGER);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]]);
});

test('the host itself is no speaker; who shares the MAC of its VLAN device and has other addresses is', () => {
  const ears = new Ears((hv) => {
    hv.vlan(BOND, 100);
    hv.vlan(BOND, 200);
  });
  for (const name of [BOND, `${BOND}.100`, `${BOND}.200`]) ears.take(ears.host.change(name, { address: OWN }));
  const own = (name: string, address: string): void =>
    ears.take({
      type: 'address',
      ifindex: ears.host.index(name),
      address: ip(address),
      gone: false,
      usable: true,
    });
  own(BOND, '192.0.2.1');
  own(`${BOND}.100`, '198.51.100.1');
  ears.hears(OWN, [], { claims: [ip('192.0.2.1')] });
  ears.hears(OWN, [100], { claims: [ip('198.51.100.1')] });
  ears.settle();
  assert.deepEqual(ears.verdicts(OWN), [], "the kernel's own business");
  ears.hears(OWN, [200]);
  ears.settle();
  assert.deepEqual(ears.verdicts(OWN), [[[200], 'heard', null]], 'the host has no address there');
  ears.hears(OWN, [100], { claims: [ip('198.51.100.1')] });
  ears.hears(OWN, [100], { claims: [ip('198.51.100.2')] });
  ears.settle();
  assert.deepEqual(ears.verdicts(OWN), [
    [[200], 'heard', null],
    [[100], 'heard', null],
  ]);
});

test('nobody but the host has the MAC of a bond that is a port of a bridge', () => {
  const ears = new Ears(plainBridge(1));
  ears.take(ears.host.change(BOND, { address: OWN }));
  ears.hears(OWN, [], { claims: [ip('192.0.2.9')] });
  ears.settle();
  assert.deepEqual(ears.verdicts(OWN), []);
});

test('who leaves by another bond with the same tags has moved there', () => {
  const ears = new Ears();
  const bond1 = ears.host.add('bond1', { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 });
  ears.take(...ears.host.dump());
  ears.hears(STRANGER, [5]);
  ears.hears(STRANGER, [6]);
  ears.settle();
  ears.hears(STRANGER, [5], {}, 'bond1');
  ears.settle();
  assert.deepEqual(ears.verdicts(), [
    [[6], 'heard', null],
    [[5], 'heard', null],
  ]);
  assert.equal(ears.state.verdicts(STRANGER)[1]?.bond, bond1);
});

test('a speaker outlives a restart; a guest that spoke when it was known does not become one by it', () => {
  const ears = new Ears();
  const guest = '52:54:00:00:00:01' as Mac;
  ears.learned(guest, 'tap1');
  ears.hears(guest);
  ears.hears(STRANGER, [5]);
  ears.settle();
  ears.host.remove('tap1');
  ears.restart();
  assert.deepEqual(ears.verdicts(), [[[5], 'heard', null]]);
  assert.deepEqual(ears.verdicts(guest), []);
});

test('while everything is read anew nobody is settled on', () => {
  const ears = new Ears();
  ears.hears(STRANGER);
  ears.state.startDump();
  ears.settle();
  assert.equal(ears.state.isUnsettled, false);
  for (const event of ears.host.dump()) ears.state.apply(event, ears.now);
  ears.state.finishDump(ears.now);
  assert.equal(ears.state.isUnsettled, true);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[], 'heard', null]]);
});

test('inventions fill their own share, are counted, and make room for a station of another VLAN', () => {
  const ears = new Ears();
  const invented = (n: number): Mac =>
    `06:00:00:${[n >> 16, (n >> 8) & 255, n & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}` as Mac;
  const count = MAX_ADMITTED + 3000;
  for (let n = 0; n < count; n++) ears.hears(invented(n), [10]);
  ears.settle();
  ears.hears(STRANGER, [20]);
  ears.settle();
  assert.deepEqual(ears.verdicts(), [[[20], 'heard', null]]);
  const reasons = [...ears.state.macs()].map((mac) => ears.state.verdicts(mac)[0]?.suppressed);
  assert.equal(reasons.filter((reason) => reason === null).length, MAX_ADMITTED);
  assert.ok(reasons.filter((reason) => reason === 'too-many').length <= 1024);
  const evictions = ears.state.takeEvictions().filter((reason) => reason === 'heard').length;
  assert.equal(evictions + reasons.length, count + 1);
  ears.wait(3601);
  assert.deepEqual([...ears.state.macs()], []);
});
