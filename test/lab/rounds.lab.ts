import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mostWithin } from '../support/announcing.js';
import { dissect, ETHERTYPE } from '../support/dissect.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { capture, type Capture } from './net/capture.js';
import { labWithDaemon } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import { BOND, type Guest, HYPERVISOR, type Hypervisor, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import type { Lab } from './net/lab.js';

/** One guest in a VLAN, one in none. */
function twoKinds(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { native: 20, tagged: [10] });
  hv.guest('br0', { access: 10, wire: [10] });
  hv.guest('br0', { access: 20, wire: [] });
}

const v4 = (n: number): string => `10.9.0.${n}`;
const v6 = (n: number): string => `2001:db8::${n}`;

/** Each frame says an address of a guest; resolves when the bond has let them all out and there was time to read them. */
async function tell(lab: Lab, guest: Guest, frames: readonly Buffer[]): Promise<void> {
  const leaving = capture(lab, HYPERVISOR, BOND, {});
  for (const frame of frames) {
    lab.inject(guest.netns, guest.device, frame);
    await leaving.waitFor(({ bytes }) => bytes.includes(frame.subarray(14, 42)));
  }
  await sleep(300);
}

const isType = (bytes: Buffer, type: number): boolean => dissect(bytes).etherType === type;
const times = ({ frames }: Capture, type: number): number[] =>
  frames.filter(({ bytes }) => isType(bytes, type)).map(({ time }) => time / 1000);

test('each guest is announced by RARP, ARP and NA, with its tags, in rounds that reach past half a minute', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: twoKinds });
  const wanted: string[] = [];
  for (const [n, guest] of lab.guests.entries()) {
    const ends = { src: guest.mac, tags: guest.wire ?? [] };
    const advertised = { from: v6(n + 1), target: v6(n + 1) };
    await tell(lab, guest, [arpFrom(guest.mac, v4(n + 1)), say.na({ src: guest.mac }, advertised)]);
    const garp = say.arp(ends, { spa: v4(n + 1), tpa: v4(n + 1) });
    const each: [Buffer, number][] = [
      [say.rarp(ends), 6],
      [garp, 6],
      [say.na(ends, advertised), 3],
      [say.groupReport(ends, '::', say.groupRecord(2, `ff02::1:ff00:${n + 1}`)), 2],
    ];
    // A switch that takes a tag off is left with a whole frame: those with one are longer than the shortest.
    for (const [frame, count] of each) wanted.push(`${count} × ${padded(frame, ends.tags.length).toString('hex')}`);
  }
  const far = capture(lab, 'sw2', 'p-hv', { filter: 'not ether proto 0x88cc' });
  await lab.setActive('up2');
  await daemon.logs(/announcement finished bond=bond0 result=completed rarp=12 garp=12 na=6 mcast=4 refused=0/, {
    timeout: 60_000,
  });
  await far.settled();
  const seen = new Map<string, number>();
  for (const { bytes } of far.frames) seen.set(bytes.toString('hex'), (seen.get(bytes.toString('hex')) ?? 0) + 1);
  assert.deepEqual([...seen].map(([frame, count]) => `${count} × ${frame}`).sort(), wanted.sort());
  for (const [kind, count] of [
    ['rarp', 12],
    ['garp', 12],
    ['na', 6],
    ['mcast', 4],
  ] as const) {
    assert.equal(await daemon.metric(`bondherald_frames_sent_total{bond="bond0",kind="${kind}"}`), count);
  }
  assert.equal(await daemon.metric('bondherald_announcements_total{bond="bond0",result="completed"}'), 1);
});

function padded(frame: Buffer, tags: number): Buffer {
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, 60 + 4 * tags - frame.length))]);
}

test('forty guests and a chatty one: never more than 15 ARP frames in a second, after all RARPs, and everyone in turn', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(2) });
  const [host, chatty] = lab.guests;
  assert.ok(host && chatty);
  const macs = Array.from({ length: 40 }, (_, n) => `52:54:01:00:00:${(n + 1).toString(16).padStart(2, '0')}`);
  await tell(
    lab,
    host,
    macs.map((mac, n) => arpFrom(mac, v4(n + 1))),
  );
  const far = capture(lab, 'sw2', 'p-hv', { filter: 'arp or rarp' });
  const talking = setInterval(() => lab.inject(chatty.netns, chatty.device, arpFrom(chatty.mac, v4(99))), 200);
  await sleep(2000);
  await lab.setActive('up2');
  await daemon.logs(/failover announced/);
  const everyone = (): boolean => {
    const garps = far.frames.filter(({ bytes }) => isType(bytes, ETHERTYPE.arp)).map(({ bytes }) => dissect(bytes).src);
    return macs.every((mac) => garps.includes(mac));
  };
  await until(everyone, { what: 'every address is announced', timeout: 60_000, every: 50 });
  await sleep(5000);
  clearInterval(talking);
  await far.settled();
  const most = mostWithin(times(far, ETHERTYPE.arp), 1);
  console.log(`the most ARP frames in a second: ${most}`);
  assert.ok(most <= 15);
  const firstGarp = far.frames.findIndex(
    ({ bytes }) => macs.includes(dissect(bytes).src) && isType(bytes, ETHERTYPE.arp),
  );
  const before = new Set(
    far.frames.slice(0, firstGarp).map(({ bytes }) => dissect(bytes).arp?.op === 3 && dissect(bytes).src),
  );
  assert.ok(
    [...macs, host.mac, chatty.mac].every((mac) => before.has(mac)),
    'all RARPs come first',
  );
});

for (const { what, result, happening } of [
  // The kernel takes its links away first, and a round may meet the bond at its end before that is known.
  {
    what: 'is deleted',
    result: '(?:no-active-slave|bond-gone)',
    happening: () => ip(HYPERVISOR, [`link del ${BOND}`]),
  },
  {
    what: 'loses its last link',
    result: 'no-active-slave',
    happening: async (lab: Lab) => {
      await lab.cutLink(1);
      await lab.cutLink(2);
    },
  },
]) {
  test(`an announcement ends when the bond ${what}, and the daemon goes on`, async (t) => {
    const { lab, daemon } = await labWithDaemon(t);
    await lab.setActive('up2');
    await daemon.logs(/failover announced/);
    await happening(lab);
    const [, ended] = await daemon.logs(new RegExp(`announcement finished bond=bond0 result=(${result}) `));
    assert.equal(await daemon.metric(`bondherald_announcements_total{bond="bond0",result="${ended}"}`), 1);
  });
}
