import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Ip } from '../../src/addr/ip.js';
import type { Mac } from '../../src/addr/mac.js';
import { KernelRequests } from '../../src/listen/kernel-requests.js';
import { OvsBondListener } from '../../src/listen/ovs-bond-listener.js';
import { encodeGratuitousArp, encodeRarp } from '../../src/frames/arp.js';
import { IN_PORT_CONTROLLER } from '../../src/frames/openflow/packet-out.js';
import { type DueFrame, rarpTurn } from '../../src/plan/turns.js';
import { encodeProgram } from '../../src/kernel/bpf/assembler.js';
import { snoopFilter } from '../../src/kernel/bpf/snoop-filter.js';
import { systemClock } from '../../src/sys/clock.js';
import { OWN_FRAMES_MARK } from '../../src/sys/packets/packet-sender.js';
import { openLinkSocket } from '../../src/sys/netlink/link-socket.js';
import { ReceiveRing } from '../../src/sys/packets/receive-ring.js';
import { openUnixStream } from '../../src/sys/unix/unix-stream.js';
import { type Entrance, OpenFlowPort } from '../../src/wire/openflow-port.js';
import { dissect } from '../support/dissect.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { type Capture, capture } from './net/capture.js';
import { HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { type Lab, labFor } from './net/lab.js';
import { inNetns } from './net/netns.js';
import { OVS_FOLDER } from './net/ovs.js';
import { OVS_BRIDGE, type OvsBondLab, ovsBondIn } from './net/ovs-bond.js';
import { deviceIndex } from './net/sockets.js';
import { ECHO_MARK } from '../../src/listen/mirror-echo.js';
import type { Hearing } from '../../src/sources/hearing.js';

const ADDRESS = '192.168.123.11' as Ip;
const TAG = { tpid: 0x8100, vid: 905 };
const always = (): boolean => true;

interface World extends OvsBondLab {
  lab: Lab;
  mac: Mac;
  /** Frames of ours' kinds on the far sides of up1 and up2. */
  far: [Capture, Capture];
}

/** g1 is on an access port of VLAN 905, g2 on a trunk. The switches are apart, so that none floods what the other got. */
async function setUp(t: TestContext): Promise<World> {
  const lab = await labFor(t, { attach: plainBridge(2) });
  await lab.cutBetweenSwitches();
  const bond = await ovsBondIn(lab, [['tag=905'], []]);
  const filter = 'rarp or arp or (vlan and (rarp or arp))';
  const far = [1, 2].map((n) => capture(lab, `sw${n}`, 'p-hv', { filter })) as [Capture, Capture];
  return { ...bond, lab, far, mac: lab.guest('g1').mac as Mac };
}

function openPort(lab: Lab, entrance: Entrance, sending?: (frames: readonly Uint8Array[]) => void): OpenFlowPort {
  const path = `${OVS_FOLDER}/${OVS_BRIDGE}.mgmt`;
  const port = new OpenFlowPort({
    clock: systemClock,
    path: () => path,
    connect: (file, listener) => openUnixStream(file, listener),
    entrance: () => entrance,
    ...(sending ? { sending } : {}),
  });
  lab.onDestroy(() => port.close());
  return port;
}

const rarpOf = (mac: Mac, tags = [TAG]): DueFrame => ({ turn: rarpTurn(`${mac} -1`), bytes: encodeRarp(mac, tags) });
const garpOf = (mac: Mac): DueFrame => ({
  turn: { id: `${mac} -1 ${ADDRESS}`, kind: 'garp', key: `${mac} -1`, ip: ADDRESS },
  bytes: encodeGratuitousArp(mac, ADDRESS, [TAG]),
});

/** Who sent what, behind which VLANs, in order. */
async function seen(far: Capture): Promise<string[]> {
  await far.settled();
  return far.frames.map(({ bytes }) => {
    const { src, tags, etherType } = dissect(bytes);
    return `${src} ${tags.map(({ vid }) => vid).join('.')} ${etherType.toString(16)}`;
  });
}

test('frames leave by the active member with the VLAN of the guest, byte for byte, in each version of OpenFlow', async (t) => {
  const { lab, ovs, far, mac, ofport, learned, setActive } = await setUp(t);
  const inPort = await ofport('tap1');
  for (const protocols of ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow10,OpenFlow13', 'OpenFlow15']) {
    await ovs.vsctl('set', 'bridge', OVS_BRIDGE, `protocols=${protocols}`);
    const port = openPort(lab, { inPort, tags: [] });
    assert.deepEqual(await port.send([rarpOf(mac), garpOf(mac)], always), new Map(), protocols);
    assert.deepEqual((await seen(far[0])).slice(-2), [`${mac} 905 8035`, `${mac} 905 806`], protocols);
    port.close();
  }
  assert.equal(far[0].frames.at(-2)?.bytes.equals(rarpOf(mac).bytes), true, 'padding and tag as ours');
  assert.deepEqual(await learned(mac), [`${inPort} 905`], 'the MAC stays on the port of its guest');
  await setActive('up2');
  const port = openPort(lab, { inPort, tags: [] });
  await far[1].waitFor(({ bytes }) => dissect(bytes).etherType === 0x8035); // Open vSwitch's own
  assert.deepEqual(await port.send([garpOf(mac)], always), new Map());
  assert.deepEqual(await seen(far[1]), [`${mac} 905 8035`, `${mac} 905 806`], 'nothing came by it before');
});

test('a guest on a trunk, and one whose port nobody knows, leave with their tags; of the latter nothing is learned', async (t) => {
  const { lab, far, mac, ofport, learned } = await setUp(t);
  const other = lab.guest('g2').mac as Mac;
  const trunk = openPort(lab, { inPort: await ofport('tap2'), tags: [{ tpid: 0x8100, vid: 7 }] });
  assert.deepEqual(await trunk.send([rarpOf(other)], always), new Map());
  const nowhere = openPort(lab, { inPort: IN_PORT_CONTROLLER, tags: [TAG] });
  assert.deepEqual(await nowhere.send([rarpOf('52:54:00:00:99:99' as Mac)], always), new Map());
  assert.deepEqual(await seen(far[0]), [`${other} 7 8035`, '52:54:00:00:99:99 905 8035']);
  assert.deepEqual(await learned(other), [`${await ofport('tap2')} 7`]);
  assert.deepEqual(await learned('52:54:00:00:99:99'), []);
  assert.deepEqual(await learned(mac), []);
});

test('a thousand frames are all taken, and all leave', async (t) => {
  const { lab, far, ofport } = await setUp(t);
  const port = openPort(lab, { inPort: await ofport('tap1'), tags: [] });
  const macs = Array.from(
    { length: 1000 },
    (_, n) => `52:54:01:00:0${n >> 8}:${(n & 0xff).toString(16).padStart(2, '0')}`,
  );
  for (let n = 0; n < macs.length; n += port.capacity) {
    const slice = macs.slice(n, n + port.capacity).map((mac) => rarpOf(mac as Mac));
    assert.deepEqual(await port.send(slice, always), new Map());
  }
  assert.deepEqual(new Set((await seen(far[0])).map((line) => line.slice(0, 17))), new Set(macs));
});

test('what the switch refuses has its name, and the frames around it are taken', async (t) => {
  const { lab, ovs, far, mac, ofport } = await setUp(t);
  await ovs.vsctl('set', 'bridge', OVS_BRIDGE, 'protocols=OpenFlow13');
  const inPort = await ofport('tap1');
  let calls = 0;
  const port = new OpenFlowPort({
    clock: systemClock,
    path: () => `${OVS_FOLDER}/${OVS_BRIDGE}.mgmt`,
    connect: (file, listener) => openUnixStream(file, listener),
    entrance: () => ({ inPort: calls++ === 1 ? 0xff17 : inPort, tags: [] }), // a reserved number
  });
  lab.onDestroy(() => port.close());
  const refused = await port.send([rarpOf(mac), rarpOf(mac), garpOf(mac)], always);
  assert.deepEqual(refused, new Map([[1, 'OFPBRC_BAD_PORT']]));
  assert.deepEqual(await seen(far[0]), [`${mac} 905 8035`, `${mac} 905 806`]);
});

test('kill -9 of ovs-vswitchd while frames are under way gives them a name; the next go by its successor', async (t) => {
  const { lab, ovs, far, mac, ofport } = await setUp(t);
  const port = openPort(lab, { inPort: await ofport('tap1'), tags: [] });
  assert.deepEqual(await port.send([rarpOf(mac)], always), new Map());
  await ovs.kill('ovs-vswitchd', 'SIGSTOP');
  let settled = false;
  const sending = port.send([garpOf(mac)], always).finally(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(settled, false, 'a switch that stands still has taken nothing yet');
  await ovs.kill('ovs-vswitchd', 'SIGKILL');
  const code = (await sending)?.get(0) ?? '';
  assert.ok(['ECONNREFUSED', 'ECONNRESET'].includes(code), code); // its socket may outlive it by a moment
  await ovs.restart('ovs-vswitchd');
  const takes = async (): Promise<boolean> => (await port.send([garpOf(mac)], always))?.size === 0;
  await until(takes, { what: 'it takes frames again', every: 50 });
  const left = async (): Promise<boolean> => {
    await takes(); // as long as it has not chosen a member, it takes them and drops them
    return [...(await seen(far[0])).slice(1), ...(await seen(far[1]))].includes(`${mac} 905 806`);
  };
  await until(left, { what: 'the frame is seen', every: 50 });
});

test('a bridge that is deleted has its name', async (t) => {
  const { lab, ovs, mac, ofport } = await setUp(t);
  const port = openPort(lab, { inPort: await ofport('tap1'), tags: [] });
  await ovs.vsctl('del-br', OVS_BRIDGE);
  assert.deepEqual(await port.send([rarpOf(mac)], always), new Map([[0, 'ENOENT']]));
});

/** The ears on the members, and what they let through as `direction MAC EtherType`. */
class Ears {
  readonly ways: string[] = [];
  readonly ear: OvsBondListener;
  readonly heard: string[] = [];

  /** @param names the bond's members, in the order in which they are read; the first one is active */
  constructor(lab: Lab, names: readonly string[] = ['up1', 'up2']) {
    const requests = inNetns(HYPERVISOR, () => new KernelRequests(openLinkSocket(0)));
    const filter = encodeProgram(snoopFilter(OWN_FRAMES_MARK, ECHO_MARK));
    const tools = { requests, filter, ring: new ReceiveRing(), now: () => systemClock.monotonic() };
    const members = names.map((name) => deviceIndex(HYPERVISOR, name));
    const report = ({ how }: Hearing): void => void this.ways.push(how);
    this.ear = new OvsBondListener(members, members[0] ?? null, tools, report);
    inNetns(HYPERVISOR, () => {
      this.ear.open();
      for (let mirrors = 0; mirrors < members.length; mirrors++) this.ear.look();
    });
    lab.onDestroy(() => {
      this.ear.close();
      requests.close();
    });
  }

  read(): string[] {
    this.ear.read(
      1000,
      ({ bytes, direction }) => {
        const { src, tags, etherType } = dissect(Buffer.from(bytes));
        this.heard.push(`${direction} ${src} ${tags.map(({ vid }) => vid).join('.')} ${etherType.toString(16)}`);
      },
      () => undefined,
    );
    return this.heard;
  }

  /** Waits for a line, and gives all up to it. */
  async until(line: string): Promise<string[]> {
    await until(() => this.read().includes(line), { what: `${line}; heard: ${this.heard.join(', ')}`, every: 10 });
    return this.heard.splice(0);
  }
}

test('a guest is heard by the members as by one bond; our frames and Open vSwitch’s are no word of a guest’s', async (t) => {
  const { lab, mac, ofport, setActive, learned, far } = await setUp(t);
  const guest = lab.guest('g1');
  const ears = new Ears(lab);
  const port = openPort(lab, { inPort: await ofport('tap1'), tags: [] }, (frames) => ears.ear.sending(frames));
  const speaks = (spa: string): void =>
    lab.inject(guest.netns, guest.device, say.arp({ src: mac }, { spa, tpa: '192.168.123.1' }));

  assert.deepEqual(await port.send([rarpOf(mac), garpOf(mac)], always), new Map());
  await seen(far[0]);
  speaks('192.168.123.11');
  assert.deepEqual(await ears.until(`out ${mac} 905 806`), [`out ${mac} 905 806`]);
  assert.deepEqual(await learned(mac), [`${await ofport('tap1')} 905`]);
  assert.deepEqual(ears.ways, ['socket', 'mirror'], 'by tc, as on the kernel’s bonds');

  await setActive('up2'); // Open vSwitch sends its RARP
  await far[1].waitFor(({ bytes }) => dissect(bytes).etherType === 0x8035);
  ears.ear.active = deviceIndex(HYPERVISOR, 'up2');
  assert.deepEqual(await seen(far[1]), [`${mac} 905 8035`]);
  speaks('192.168.123.11');
  assert.deepEqual(await ears.until(`out ${mac} 905 806`), [`out ${mac} 905 806`], 'by the other member, and no RARP');
});

test('what comes in counts on the active member only, and not what has just left by the other', async (t) => {
  const { lab, mac, far } = await setUp(t);
  const ears = new Ears(lab);
  const outside = '52:54:00:aa:00:0';
  const arp = (src: string): Buffer => say.arp({ src, tags: [905] }, { spa: '192.168.123.9', tpa: '192.168.123.1' });
  lab.inject('sw2', 'p-hv', arp(`${outside}1`)); // up2 is the backup
  lab.inject('sw1', 'p-hv', arp(`${outside}2`));
  assert.deepEqual(await ears.until(`in ${outside}2 905 806`), [`in ${outside}2 905 806`]);
  await lab.mendBetweenSwitches();
  // A guest's broadcast goes around by the switches, and is back on the other member.
  ears.ear.active = deviceIndex(HYPERVISOR, 'up2');
  const guest = lab.guest('g1');
  lab.inject(guest.netns, guest.device, say.arp({ src: mac }, { spa: '192.168.123.11', tpa: '192.168.123.1' }));
  const all = await ears.until(`out ${mac} 905 806`);
  await far[1].waitFor(({ bytes }) => dissect(bytes).src === mac);
  await seen(far[1]);
  lab.inject('sw2', 'p-hv', arp(`${outside}3`));
  all.push(...(await ears.until(`in ${outside}3 905 806`)));
  assert.deepEqual(all, [`out ${mac} 905 806`, `in ${outside}3 905 806`]);
});

test('a guest’s own frame that is back by a member read before the one that it left by is not from outside', async (t) => {
  const { lab, mac, far } = await setUp(t);
  await lab.mendBetweenSwitches();
  const ears = new Ears(lab, ['up2', 'up1']); // as when we hear of the next active member before its frames are read
  const guest = lab.guest('g1');
  for (const spa of ['192.168.123.11', '192.168.123.12', '192.168.123.13']) {
    const frame = say.arp({ src: mac }, { spa, tpa: '192.168.123.1' });
    lab.inject(guest.netns, guest.device, frame);
    await far[1].waitFor(({ bytes }) => bytes.includes(frame.subarray(14))); // it has left, and is back
    ears.read();
  }
  assert.deepEqual(ears.heard, Array(3).fill(`out ${mac} 905 806`));
});
