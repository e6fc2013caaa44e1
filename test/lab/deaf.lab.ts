import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeProgram } from '../../src/kernel/bpf/assembler.js';
import { snoopFilter } from '../../src/kernel/bpf/snoop-filter.js';
import { BondListener } from '../../src/listen/bond-listener.js';
import { KernelRequests } from '../../src/listen/kernel-requests.js';
import { ECHO_MARK } from '../../src/listen/mirror-echo.js';
import { MirrorNews } from '../../src/listen/mirror-news.js';
import type { Hearing } from '../../src/sources/hearing.js';
import { waitForAny } from '../../src/sys/eventfd.js';
import { openLinkSocket } from '../../src/sys/netlink/link-socket.js';
import { OWN_FRAMES_MARK } from '../../src/sys/packets/packet-sender.js';
import { ReceiveRing } from '../../src/sys/packets/receive-ring.js';
import { dissect } from '../support/dissect.js';
import * as say from '../support/say.js';
import { BOND, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { command } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { inNetns } from './net/netns.js';
import { deviceIndex } from './net/sockets.js';
import { attachTcx, TCX_NEXT, TCX_PASS } from './net/tcx.js';

/** RTNLGRP_LINK and RTNLGRP_TC. */
const NEWS_GROUPS = (1 << 0) | (1 << 3);
/** Within so many seconds whatever makes us deaf is noticed. */
const NOTICED = 2;
const DAY = 24 * 3600;
const STEP = 0.1;

/** A listener on the bond of the real kernel, whose clock the test turns. */
class Ear {
  private now = 0;
  private readonly listener: BondListener;
  private readonly news: MirrorNews;
  hearing: Hearing = { how: 'deaf', reason: 'not begun' };
  readonly heard = { in: [] as string[], out: [] as string[] };

  constructor(lab: Lab) {
    const filter = encodeProgram(snoopFilter(OWN_FRAMES_MARK, ECHO_MARK));
    const socket = inNetns(HYPERVISOR, () => openLinkSocket(0));
    const requests = new KernelRequests(socket);
    this.news = new MirrorNews(
      inNetns(HYPERVISOR, () => openLinkSocket(NEWS_GROUPS)),
      socket.port,
    );
    const tools = { requests, filter, ring: new ReceiveRing(), now: () => this.now };
    const report = (hearing: Hearing): void => void (this.hearing = hearing);
    this.listener = new BondListener(deviceIndex(HYPERVISOR, BOND), tools, report);
    inNetns(HYPERVISOR, () => {
      this.listener.open();
      this.listener.look();
    });
    this.news.follow(this.listener.devices);
    lab.onDestroy(() => {
      inNetns(HYPERVISOR, () => this.listener.close());
      this.news.close();
      requests.close();
    });
  }

  /** What the listening thread does in so many seconds of its clock. */
  pass(seconds: number): void {
    inNetns(HYPERVISOR, () => {
      for (const end = this.now + seconds; this.now < end; this.now += STEP) this.turn();
    });
  }

  /** So many seconds later, of which the listening thread knows no more than that they are over. */
  skip(seconds: number): void {
    this.now += seconds;
  }

  /** Two days later: that nobody did anything for so long is all forgotten. */
  passLong(): void {
    for (let day = 0; day < 2; day++) {
      this.pass(NOTICED);
      this.skip(DAY);
    }
    this.pass(NOTICED);
  }

  private turn(): void {
    this.read();
    if (waitForAny([this.news.descriptor], 0).length > 0 && this.news.changed() !== null) this.listener.urge();
    if (this.listener.due <= this.now) this.listener.look();
    this.news.follow(this.listener.devices);
    this.read();
  }

  private read(): void {
    this.listener.read(100, ({ bytes, direction }) => {
      const { etherType } = dissect(Buffer.from(bytes));
      if (etherType === 0x0806) this.heard[direction].push(Buffer.from(bytes.subarray(28, 32)).join('.'));
    });
  }
}

let addresses = 0;
const nextAddress = (): string => `10.9.${(++addresses >> 8) & 255}.${addresses & 255}`;

/** Whether a frame of a guest's is heard leaving. */
function hearsLeaving(lab: Lab, ear: Ear, who = 'g1'): boolean {
  const { netns, device, mac } = lab.guest(who);
  const spa = nextAddress();
  lab.inject(netns, device, say.arp({ src: mac }, { spa, tpa: spa }));
  ear.pass(STEP);
  return ear.heard.out.includes(spa);
}

/** Which way a frame from outside is heard: it comes in, and must not pass for one that left. */
function hearsArriving(lab: Lab, ear: Ear): string {
  const spa = nextAddress();
  lab.inject('sw1', 'p-hv', say.arp({ src: '52:54:00:aa:00:07' }, { spa, tpa: spa }));
  ear.pass(STEP);
  return (['in', 'out'] as const).filter((way) => ear.heard[way].includes(spa)).join();
}

/** What somebody does to our hearing, and how the bond is heard within two seconds, or after somebody undid it. */
interface Way {
  readonly does: string;
  readonly how: Hearing['how'];
  readonly undo?: string;
  /** Why it is heard so. */
  readonly reason?: RegExp;
  /** Guests' frames do not leave any more: there is nothing to hear. */
  readonly nothingLeaves?: boolean;
}

const MIRROR = 'bh-$I';
const NFT = (device: string): string =>
  `nft 'add table netdev deaf; add chain netdev deaf c { type filter hook egress device "${device}" priority 0; policy drop; }'`;

const WAYS: Readonly<Record<string, Way>> = {
  'the qdisc deleted': { does: 'tc qdisc del dev bond0 clsact', how: 'mirror' },
  'an ingress qdisc in its place': {
    does: 'tc qdisc del dev bond0 clsact && tc qdisc add dev bond0 handle ffff: ingress',
    undo: 'tc qdisc del dev bond0 ingress',
    how: 'socket',
    reason: /qdisc ingress has the place/,
  },
  'a clsact whose filters belong to a shared block': {
    does: 'tc qdisc del dev bond0 clsact && tc qdisc add dev bond0 egress_block 22 clsact && tc qdisc add dev up1 egress_block 22 clsact',
    undo: 'tc qdisc del dev bond0 clsact; tc qdisc del dev up1 clsact',
    how: 'socket',
  },
  'a filter of a lower pref that accepts everything': {
    does: 'tc filter add dev bond0 egress pref 7 protocol all matchall action ok',
    undo: 'tc filter del dev bond0 egress pref 7',
    how: 'socket',
    reason: /pref 7, comes before ours/,
  },
  'a filter of a lower pref that redirects': {
    does: 'tc filter add dev bond0 egress pref 8 protocol all matchall action mirred egress redirect dev lo',
    undo: 'tc filter del dev bond0 egress pref 8',
    how: 'socket',
    reason: /pref 8, comes before ours/,
    nothingLeaves: true,
  },
  'one of our filters deleted': { does: 'tc filter del dev bond0 egress pref 49190', how: 'mirror' },
  'our copies sent elsewhere': {
    does: 'tc actions change action mirred egress mirror dev lo index $(tc actions list action mirred | grep -o "index [0-9]*" | head -1 | cut -c7-)',
    how: 'mirror',
  },
  'the mirror device set down': { does: `ip link set ${MIRROR} down`, how: 'mirror' },
  'the mirror device deleted': { does: `ip link del ${MIRROR}`, how: 'mirror' },
  'the mirror device renamed': {
    does: `ip link set ${MIRROR} name other`,
    undo: `ip link set other name ${MIRROR}`,
    how: 'mirror',
  },
  'the mirror device moved to another namespace': {
    does: `ip link set ${MIRROR} netns sw2`,
    undo: `ip -n sw2 link del ${MIRROR}`,
    how: 'mirror',
  },
  'the mirror device made a port of a bridge': { does: `ip link set ${MIRROR} master br0`, how: 'mirror' },
  'a queue on the mirror device that loses everything': {
    does: `tc qdisc add dev ${MIRROR} root netem loss 100%`,
    how: 'mirror',
  },
  'nftables drops at the egress of the mirror device': {
    does: NFT(MIRROR),
    undo: 'nft delete table netdev deaf',
    how: 'mirror',
  },
  'nftables drops at the egress of the bond': {
    does: NFT('bond0'),
    undo: 'nft delete table netdev deaf',
    how: 'socket',
    nothingLeaves: true,
  },
  'a queue of its own on the bond': {
    does: 'tc qdisc add dev bond0 root pfifo limit 100',
    undo: 'tc qdisc del dev bond0 root',
    how: 'mirror',
  },
  'the bond down and up': { does: 'ip link set bond0 down && ip link set bond0 up', how: 'mirror' },
};

/** Runs it on the hypervisor, and waits for its end. */
async function onHypervisor(line: string, { index }: { index: number }): Promise<'done' | 'refused'> {
  const shell = ['sh', '-c', line.replaceAll('$I', String(index))];
  const { code, stderr } = await command(['ip', 'netns', 'exec', HYPERVISOR, ...shell]);
  // User Mode Linux has no nftables for devices; before Linux 6.2 a device that is up keeps its name.
  if (/^nft .*Operation not supported|^ip .* name .*busy/s.test(`${line} ${stderr}`)) return 'refused';
  assert.equal(code, 0, `${line}: ${stderr}`);
  return 'done';
}

test('whatever makes the daemon deaf is noticed within 2 s or of no effect, and heals', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const ear = new Ear(lab);
  const host = { index: deviceIndex(HYPERVISOR, BOND) };
  assert.deepEqual(ear.hearing, { how: 'mirror', reason: null });
  for (const [name, way] of Object.entries(WAYS)) {
    await t.test(name, async () => {
      if ((await onHypervisor(way.does, host)) === 'refused') return; // by this kernel, and so it has no effect
      ear.pass(NOTICED);
      if (way.does.includes('bond0 up')) await lab.untilUp('up1');
      assert.equal(ear.hearing.how, way.how, String(ear.hearing.reason));
      assert.match(String(ear.hearing.reason), way.reason ?? /./);
      assert.equal(hearsLeaving(lab, ear), !way.nothingLeaves);
      assert.equal(hearsArriving(lab, ear), 'in');
      if (way.undo !== undefined) await onHypervisor(way.undo, host);
      ear.passLong();
      assert.equal(ear.hearing.how, 'mirror', String(ear.hearing.reason));
      assert.ok(hearsLeaving(lab, ear));
    });
  }
});

test('the qdisc taken away five times: a week apart, and within seconds', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const ear = new Ear(lab);
  /** @returns how many seconds pass until a mirror hears again; meanwhile a socket does */
  const takeAway = async (): Promise<number> => {
    await onHypervisor('tc qdisc del dev bond0 clsact', { index: 0 });
    ear.pass(2 * STEP);
    let steps = 0;
    for (; ear.hearing.how !== 'mirror'; steps++) {
      assert.ok(steps < 1000, String(ear.hearing.reason));
      if (steps % 10 === 0) assert.ok(hearsLeaving(lab, ear));
      ear.pass(STEP);
    }
    assert.ok(hearsLeaving(lab, ear));
    return Math.round(steps * STEP);
  };
  for (let week = 0; week < 5; week++) {
    assert.equal(await takeAway(), 0, 'at once');
    ear.skip(7 * DAY);
  }
  const pauses: number[] = [];
  while (pauses.length < 5) pauses.push(await takeAway());
  assert.deepEqual(
    pauses,
    pauses.toSorted((a, b) => a - b),
    'it grows',
  );
  assert.ok((pauses.at(-1) ?? 0) >= 4 && (pauses.at(-1) ?? 0) <= 10, String(pauses));
  ear.skip(DAY);
  assert.equal(await takeAway(), 0, 'and shrinks');
});

async function prefsAtEgress(): Promise<string[]> {
  const { stdout } = await command(['tc', '-n', HYPERVISOR, 'filter', 'show', 'dev', BOND, 'egress']);
  return [...new Set([...stdout.matchAll(/ pref (\d+) /g)].map(([, pref = '']) => pref))];
}

test('the kernel does not let a bond leave its namespace', async (t) => {
  await labFor(t, { attach: plainBridge(1) });
  const { code, stderr } = await command(['ip', '-n', HYPERVISOR, 'link', 'set', BOND, 'netns', 'sw2']);
  assert.notEqual(code, 0);
  assert.match(stderr, /Invalid argument|cannot be moved|immutable/i);
});

test('a tcx program counts only while it keeps frames from tc', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const ear = new Ear(lab);
  const next = attachTcx(lab, TCX_NEXT);
  ear.pass(NOTICED);
  assert.deepEqual(ear.hearing, { how: 'mirror', reason: null });
  assert.ok(hearsLeaving(lab, ear));
  const passing = attachTcx(lab, TCX_PASS);
  ear.pass(NOTICED);
  assert.ok(hearsLeaving(lab, ear));
  if (typeof passing === 'string') {
    assert.deepEqual([next, passing, ear.hearing.how], ['EINVAL', 'EINVAL', 'mirror'], 'a kernel without tcx');
    return;
  }
  assert.equal(ear.hearing.how, 'socket');
  assert.match(String(ear.hearing.reason), /^a tcx program at its egress, id \d+, \d+, keeps frames from our filters$/);
  passing();
  ear.pass(NOTICED);
  assert.equal(ear.hearing.how, 'mirror', 'at once: nothing else stands in the way');
  assert.ok(hearsLeaving(lab, ear));
  ear.passLong();
  const unlessArp = attachTcx(lab, TCX_PASS, 'all but ARP');
  ear.pass(NOTICED);
  assert.equal(ear.hearing.how, 'socket', 'other protocols count as well');
  if (typeof unlessArp !== 'string') unlessArp();
  ear.pass(NOTICED);
  assert.equal(ear.hearing.how, 'mirror');
  assert.deepEqual(await prefsAtEgress(), ['49190', '49191', '49192', '49193', '49194', '49195'], 'nothing is left');
});

test('a tcx program that keeps the frames of one guest only is noticed when that guest speaks', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(2) });
  const ear = new Ear(lab);
  const keep = (): ReturnType<typeof attachTcx> => attachTcx(lab, TCX_PASS, { from: lab.guest('g2').mac });
  let detach = keep();
  const byMirror = (): boolean => ear.hearing.how === 'mirror';
  ear.pass(NOTICED);
  assert.ok(byMirror(), String(ear.hearing.reason));
  assert.ok(hearsLeaving(lab, ear, 'g1'));
  if (typeof detach === 'string') {
    assert.equal(detach, 'EINVAL', 'a kernel without tcx');
    return;
  }
  assert.ok(!hearsLeaving(lab, ear, 'g2'), 'the program keeps it');
  ear.pass(NOTICED);
  assert.match(String(ear.hearing.reason), /^a tcx program at its egress, id \d+, keeps some frames from our filters$/);
  assert.deepEqual(
    [ear.hearing.how, hearsLeaving(lab, ear, 'g2'), hearsLeaving(lab, ear, 'g1')],
    ['socket', true, true],
  );
  ear.passLong();
  assert.equal(ear.hearing.how, 'socket', 'as long as it is there');
  detach();
  ear.pass(NOTICED);
  assert.ok(byMirror(), String(ear.hearing.reason));
  assert.ok(hearsLeaving(lab, ear, 'g2'));

  detach = keep();
  ear.pass(60); // by now it is looked from time to time only
  assert.ok(byMirror(), String(ear.hearing.reason));
  for (let seconds = 0; byMirror(); seconds++) {
    assert.ok(seconds < 30, 'it is noticed');
    hearsLeaving(lab, ear, 'g2');
    ear.pass(1);
  }
  assert.ok(hearsLeaving(lab, ear, 'g2'));
});
