import { asBond } from '../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FromSnoopThread, LISTENING_THREAD, type ToSnoopThread } from '../../src/listen/snoop-messages.js';
import type { Heard } from '../../src/sources/snoop.js';
import { ThreadHandle } from '../../src/wire/thread-handle.js';
import { startThread } from '../../src/sys/process/thread.js';
import { dissect } from '../support/dissect.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import type { LabOptions } from './net/build.js';
import { capture } from './net/capture.js';
import { BONDHERALD, runIn } from './net/daemon.js';
import { chatter } from './net/frames.js';
import { BOND, type Guest, HYPERVISOR, type Hypervisor, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { inNetns } from './net/netns.js';
import { deviceIndex } from './net/sockets.js';

/** The addresses of frames that say: all that was said before has been heard. */
const MARKER = '52:54:00:ff:ff:';
const OUTSIDE = '52:54:00:aa:00:01';

/** The listening thread on the hypervisor's bond, and what it told. */
class Ear {
  readonly heard: Heard[] = [];
  readonly ignored = new Map<string, number>();
  arpLeft = 0;
  lost = 0;
  largest = 0;
  /** The devices that were heard. */
  readonly devices = new Set<number>();
  readonly thread: ThreadHandle<ToSnoopThread, FromSnoopThread>;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #calls = 0;
  /** The bonds that are heard as they will be. */
  readonly #settled = new Set<number>();

  constructor(readonly bond: number) {
    this.thread = new ThreadHandle(startThread, { ...LISTENING_THREAD, report: (message) => this.report(message) });
    // A thread starts in the namespace of the thread that starts it.
    inNetns(HYPERVISOR, () => {
      this.#running = this.thread.run(this.#stop.signal);
    });
  }

  private report(message: FromSnoopThread): void {
    if (message.type === 'lost') this.lost += message.count;
    if (message.type === 'hearing' && (message.hearing.how === 'mirror' || message.hearing.reason !== null))
      this.#settled.add(message.bond);
    if (message.type !== 'heard') return;
    const { bond, heard, arpLeft, ignored } = message;
    this.thread.leave({ type: 'taken' });
    if (heard.length > 0) this.devices.add(bond);
    this.heard.push(...heard);
    if (heard.length > 0) this.arpLeft += arpLeft;
    this.largest = Math.max(this.largest, heard.length);
    for (const [reason, count] of Object.entries(ignored))
      this.ignored.set(reason, (this.ignored.get(reason) ?? 0) + count);
  }

  /** Resolves when its mirror is there. */
  async watch(bond: number): Promise<string | null> {
    this.#settled.delete(bond);
    const order = { bond: asBond(bond), members: null, active: null, wanted: 'mirror' } as const;
    const error = await this.thread.ask({ type: 'watch', ...order });
    if (error === null) await until(() => this.#settled.has(bond), { what: 'the bond is heard as it will be' });
    return error;
  }

  forget(bond: number): void {
    this.thread.order({ type: 'forget', bond: asBond(bond) });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** What was heard until now, as [mac, direction, tags, claims]; the bond must let a frame out. */
  async all(lab: Lab): Promise<unknown[]> {
    const last = `${MARKER}${(this.#calls++).toString(16).padStart(2, '0')}`;
    await until(
      () => {
        lab.inject(HYPERVISOR, BOND, say.rarp({ src: last }));
        return this.heard.some(({ mac }) => mac === last);
      },
      { what: 'the last frame is heard', every: 20 },
    );
    const tagsOf = ({ tags }: Heard): unknown[] => tags.map(({ tpid, vid }) => (tpid === 0x8100 ? vid : { tpid, vid }));
    const found = this.heard.filter(({ mac }) => !mac.startsWith(MARKER));
    this.heard.length = 0;
    return found.map((one) => [one.mac, one.direction, tagsOf(one), one.claims]);
  }
}

async function listen(t: TestContext, options: LabOptions): Promise<{ lab: Lab; ear: Ear }> {
  const lab = await labFor(t, options);
  const ear = new Ear(deviceIndex(HYPERVISOR, BOND));
  lab.onDestroy(() => ear.stop());
  await ear.thread.ready;
  assert.equal(await ear.watch(ear.bond), null);
  return { lab, ear };
}

/** A guest says one thing of each kind, behind tags of its own. */
function speak(lab: Lab, { netns, device, mac }: Guest, tags: readonly say.SaidTag[] = []): void {
  const ends = { src: mac, tags };
  lab.inject(
    netns,
    device,
    say.arp(ends, { spa: '10.9.0.1', tpa: '10.9.0.2' }),
    say.arp(ends, { spa: '0.0.0.0', tpa: '10.9.0.9' }),
    say.na(ends, { from: '2001:db8::1', target: '2001:db8::1' }),
    say.rs(ends, { from: 'fe80::1' }),
    say.dhcp(ends, { type: 3, from: '10.9.0.3', ciaddr: '10.9.0.3' }),
    say.rarp(ends),
    chatter(
      mac,
      tags.map((tag) => (typeof tag === 'number' ? { tpid: 0x8100, vid: tag } : tag)),
    ),
  );
}

const SAID = [['10.9.0.1'], [], ['2001:db8::1'], ['fe80::1'], ['10.9.0.3'], []];

/** What `speak` is heard as. */
function spoken({ mac }: Guest, tags: readonly unknown[]): unknown[] {
  return SAID.map((claims) => [mac, 'out', tags, claims]);
}

/** A guest with VLANs 1 and 905 tagged, and one that is untagged in VLAN 20. */
function trunk(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { native: 20, tagged: [1, 905] });
  hv.bridgeLines.push(`vlan add dev ${BOND} vid 1`);
  const { port } = hv.guest('br0', { access: 20, wire: [] });
  for (const vid of [1, 905]) hv.bridgeLines.push(`vlan add dev ${port} vid ${vid}`);
}

test('a trunk guest is heard in each of its VLANs with the tags of the wire', async (t) => {
  const { lab, ear } = await listen(t, { attach: trunk });
  const far = capture(lab, 'sw1', 'p-hv', { filter: 'arp or (vlan and arp)' });
  const guest = lab.guest('g1');
  for (const tags of [[1], [905], []]) {
    speak(lab, guest, tags);
    assert.deepEqual(await ear.all(lab), spoken(guest, tags), `tags ${tags.join()}`);
  }
  await far.settled();
  const onTheWire = far.frames.filter(({ bytes }) => bytes.toString('hex', 6, 12) === guest.mac.replaceAll(':', ''));
  const typeAndVlan = onTheWire.map(({ bytes }) => bytes.toString('hex', 12, 16));
  assert.deepEqual(typeAndVlan, ['81000001', '81000001', '81000389', '81000389', '08060001', '08060001']);
});

const STACKS: Record<string, { attach: (hv: Hypervisor) => void; tags: unknown[] }> = {
  'a plain bridge': { attach: plainBridge(1), tags: [] },
  'a VLAN device': { attach: (hv) => stacked(hv, (bond) => hv.vlan(bond, 905)), tags: [905] },
  '802.1Q in 802.1Q': { attach: (hv) => stacked(hv, (bond) => hv.vlan(hv.vlan(bond, 10), 20)), tags: [10, 20] },
  '802.1Q in 802.1ad': {
    attach: (hv) => stacked(hv, (bond) => hv.vlan(hv.vlan(bond, 10, '802.1ad'), 20)),
    tags: [{ tpid: 0x88a8, vid: 10 }, 20],
  },
  'a macvlan on a VLAN device': { attach: (hv) => void hv.macvlan(hv.vlan(BOND, 905), { wire: [905] }), tags: [905] },
};

function stacked(hv: Hypervisor, devices: (bond: string) => string): void {
  hv.bridge('br1');
  hv.port('br1', devices(BOND));
  hv.guest('br1', { wire: null });
}

for (const [name, { attach, tags }] of Object.entries(STACKS)) {
  test(`a guest and a station outside are heard with tags and directions as on the wire: ${name}`, async (t) => {
    const { lab, ear } = await listen(t, { attach, teach: false });
    await until(
      () => (lab.speakOnce(lab.guest('g1')), lab.learned('sw2').then((known) => known.has(lab.guest('g1').mac))),
      {
        what: 'the way is open',
      },
    );
    await ear.all(lab);
    speak(lab, lab.guest('g1'));
    assert.deepEqual(await ear.all(lab), spoken(lab.guest('g1'), tags));

    const wire = tags as say.SaidTag[];
    lab.inject('client', 'eth0', say.arp({ src: OUTSIDE, tags: wire }, { spa: '10.9.0.1', tpa: '10.9.0.1' }));
    await until(() => ear.heard.some(({ mac }) => mac === OUTSIDE), { what: 'the station outside is heard' });
    assert.deepEqual(await ear.all(lab), [[OUTSIDE, 'in', tags, ['10.9.0.1']]], 'once, by the active slave');
  });
}

test('our own announcements are not heard, those of others are', async (t) => {
  const { lab, ear } = await listen(t, { attach: plainBridge(2) });
  const far = capture(lab, 'sw1', 'p-hv', { filter: 'ether proto 0x8035' });
  const { code, stderr } = await runIn([BONDHERALD, 'announce', BOND]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(await ear.all(lab), []);
  await far.settled();
  const announced = far.frames.map(({ bytes }) => dissect(bytes).src).filter((mac) => !mac.startsWith(MARKER));
  assert.deepEqual(
    announced.sort(),
    lab.guests.map(({ mac }) => mac),
  );
});

test('a bond is heard after a failover, and after it was down', async (t) => {
  const { lab, ear } = await listen(t, { attach: plainBridge(1) });
  const guest = lab.guest('g1');
  await lab.setActive('up2');
  await lab.untilActive('up2');
  speak(lab, guest);
  assert.deepEqual(await ear.all(lab), spoken(guest, []));
  lab.inject('client', 'eth0', say.rarp({ src: OUTSIDE }));
  await until(() => ear.heard.some(({ mac }) => mac === OUTSIDE), { what: 'the new slave is heard' });

  await ip(HYPERVISOR, [`link set ${BOND} down`, `link set ${BOND} up`]);
  await lab.untilUp('up1');
  await ear.all(lab);
  await until(() => (speak(lab, guest), ear.heard.some(({ mac }) => mac === guest.mac)), { what: 'it is heard again' });
});

test('a bond that is gone or forgotten is heard no more, and the thread goes on', async (t) => {
  const { lab, ear } = await listen(t, { attach: plainBridge(1) });
  assert.match(String(await ear.watch(4711)), /^a packet socket on device 4711: bind: ENODEV$/);
  await ip(HYPERVISOR, ['link add v1 type veth peer name v2', 'link set v1 up', 'link set v2 up']);
  assert.equal(await ear.watch(deviceIndex(HYPERVISOR, 'v1')), null);
  await ip(HYPERVISOR, ['link del v1']);
  speak(lab, lab.guest('g1'));
  assert.equal((await ear.all(lab)).length, SAID.length);
  assert.deepEqual([...ear.devices], [ear.bond]);

  const up1 = deviceIndex(HYPERVISOR, 'up1');
  ear.forget(ear.bond);
  assert.equal(await ear.watch(up1), null); // the order before it is carried out
  ear.devices.clear();
  speak(lab, lab.guest('g1'));
  assert.equal((await ear.all(lab)).length, SAID.length);
  assert.deepEqual([...ear.devices], [up1]);
});

test('of a flood some is heard, the rest counted, and what comes after it is heard', async (t) => {
  const { lab, ear } = await listen(t, { attach: plainBridge(1) });
  const { netns, device, mac } = lab.guest('g1');
  const frames = 30_000;
  const flood = Array.from({ length: frames }, (_, n) => {
    const src = `52:54:01:${[n >> 16, (n >> 8) & 0xff, n & 0xff].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
    return say.arp({ src }, { spa: '10.9.0.1', tpa: '10.9.0.1' });
  });
  // In portions, so that what is heard is taken in meanwhile.
  while (flood.length > 0) {
    lab.inject(netns, device, ...flood.splice(0, 250));
    await sleep(1);
  }
  await until(() => ear.arpLeft + ear.lost >= frames, { what: 'all are accounted for', timeout: 60_000 });
  t.diagnostic(`heard ${ear.arpLeft}, lost ${ear.lost}, largest batch ${ear.largest}`);
  assert.equal(ear.arpLeft + ear.lost, frames);
  assert.ok(ear.largest <= 128);
  ear.heard.length = 0;
  lab.inject(netns, device, say.arp({ src: mac }, { spa: '10.9.0.7', tpa: '10.9.0.7' }));
  assert.deepEqual(await ear.all(lab), [[mac, 'out', [], ['10.9.0.7']]]);
});

test('what listening costs a frame that leaves', async (t) => {
  const { lab, ear } = await listen(t, { attach: plainBridge(1) });
  const frames = Array<Buffer>(20_000).fill(chatter('52:54:00:00:00:99'));
  const nanoseconds = (): number => {
    const start = process.hrtime.bigint();
    lab.inject(HYPERVISOR, BOND, ...frames);
    return Number(process.hrtime.bigint() - start) / frames.length;
  };
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
  const [deaf, listening]: [number[], number[]] = [[], []];
  for (let round = 0; round < 7; round++) {
    listening.push(nanoseconds());
    ear.forget(ear.bond);
    await ear.watch(4711);
    deaf.push(nanoseconds());
    await ear.watch(ear.bond);
  }
  t.diagnostic(`ns a frame: ${median(deaf).toFixed(0)} without a listener, ${median(listening).toFixed(0)} with one`);
});
