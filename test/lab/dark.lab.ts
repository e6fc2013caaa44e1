import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capture } from './net/capture.js';
import { rarp } from './net/frames.js';
import { labFor } from './net/lab.js';
import { Stream, type GuestRecord } from './net/stream.js';

function assertDark({ guest, longestOutage, darkAtEnd }: GuestRecord): void {
  assert.ok(darkAtEnd, `${guest.name} is dark at the end`);
  assert.ok(longestOutage > 1500, `${guest.name} was dark for ${longestOutage} ms`);
}

test('without an announcer a silent guest stays dark to the end of the test', async (t) => {
  const lab = await labFor(t);
  const said = lab.guests.map(({ port, mac }) => capture(lab, 'hv', String(port), { filter: `ether src ${mac}` }));
  const stream = await Stream.start(lab);
  await stream.goesOn(100);
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await stream.goesOn(400);
  (await stream.stop()).forEach(assertDark);
  await Promise.all(said.map((port) => port.settled()));
  assert.deepEqual(
    said.map((port) => port.frames),
    [[], [], []],
    'the guests kept silent',
  );
});

test('one correct RARP frame on the new link makes a dark guest reachable, and only that guest', async (t) => {
  const lab = await labFor(t);
  const stream = await Stream.start(lab);
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await stream.goesOn(100);
  const saved = lab.guest('g2');
  lab.inject('hv', 'bond0', rarp(saved.mac));
  await stream.arrivesAgain(20, { guests: [saved] });
  await stream.goesOn(300);
  for (const record of await stream.stop()) {
    if (record.guest !== saved) assertDark(record);
    else assert.ok(!record.darkAtEnd, `${saved.name} is back`);
  }
});

test('without an announcer a failback leaves a silent guest dark, from behind either switch', async (t) => {
  const lab = await labFor(t);
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await lab.teach();
  await lab.mendLink(1);
  const streams = [await Stream.start(lab, { from: 'client' }), await Stream.start(lab, { from: 'client2' })];
  await lab.untilUp('up1');
  await lab.setActive('up1');
  await lab.untilActive('up1');
  await streams[0]?.goesOn(400);
  for (const stream of streams) (await stream.stop()).forEach(assertDark);
});

test("without an announcer an administrator's switch of the active slave leaves a silent guest dark", async (t) => {
  const lab = await labFor(t);
  const stream = await Stream.start(lab);
  await lab.setActive('up2');
  await stream.goesOn(400);
  (await stream.stop()).forEach(assertDark);
});

test('without an announcer a silent guest stays dark after all links were down and another came back', async (t) => {
  const lab = await labFor(t);
  const stream = await Stream.start(lab);
  // The backup first, so that no failover comes between; and it comes back first, so that what the switches know is old.
  await lab.cutLink(2);
  await lab.cutLink(1);
  await lab.untilActive(null);
  await lab.mendLink(2);
  await lab.untilActive('up2');
  await stream.goesOn(400);
  (await stream.stop()).forEach(assertDark);
});

test('without an announcer a cut that only ARP monitoring sees leaves a silent guest dark', async (t) => {
  const bond = { arp_interval: 100, arp_ip_target: '10.78.0.1', arp_validate: 'all' };
  const lab = await labFor(t, { bond, gateway: { behind: 2, hostDevice: 'br0' } });
  const stream = await Stream.start(lab);
  await lab.cutBetweenSwitches();
  await lab.untilActive('up2');
  await stream.goesOn(400);
  (await stream.stop()).forEach(assertDark);
});
