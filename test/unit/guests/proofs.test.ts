import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { NUD_NOARP, NUD_REACHABLE } from '../../../src/kernel/constants.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { GUEST, Story } from '../../support/story.js';

const ADDRESS = '192.0.2.1' as Ip;
const LOCAL = 'fe80::5054:ff:fe00:1' as Ip;
const OTHER = '52:54:00:00:00:02' as Mac;
const paused = { domain: 'web', mac: GUEST, target: 'tap1' };

/** A guest that was at tap1, and came in by the bond since. */
function away(): Story {
  const story = new Story();
  story.learned('tap1');
  story.heard('out');
  story.now = 1;
  story.heard('in');
  assert.equal(story.verdict, 'seen-on-uplink');
  story.now = 2;
  return story;
}

test('what a kernel says by itself takes no guest back', () => {
  const story = away();
  story.heard('out', { proof: false });
  assert.equal(story.verdict, 'seen-on-uplink');
  story.heard('out');
  assert.equal(story.verdict, null);
});

test('nor does its echo, right after a failover, make it forget that the guest came in', () => {
  const story = away();
  story.heard('out', { proof: false });
  story.now = 2.1;
  story.heard('in');
  story.state.failedOver(story.state.verdicts(GUEST)[0]?.bond ?? assert.fail(), 2.05);
  assert.equal(story.verdict, 'seen-on-uplink');
});

test('nothing takes a guest back while libvirt has it paused at its port; at another port it does', () => {
  const story = away();
  story.state.setGuestInterfaces([], [paused]);
  story.heard('out', { claims: [ADDRESS] });
  assert.equal(story.verdict, 'seen-on-uplink');
  assert.deepEqual(story.addresses(), []);
  story.learned('tap2');
  story.heard('out', { claims: [ADDRESS] });
  assert.equal(story.verdict, null);
});

test('a guest that is paused and was not seen running is not announced; one that is only paused for a while is', () => {
  const story = new Story();
  story.state.setGuestInterfaces([], [paused]);
  story.learned('tap1');
  assert.equal(story.verdict, 'paused');
  story.state.setGuestInterfaces([paused], []);
  assert.equal(story.verdict, null);
  story.state.setGuestInterfaces([], [paused]);
  assert.equal(story.verdict, null);
  story.state.setGuestInterfaces([], []);
  assert.equal(story.verdict, null);
});

test("what the host says of its own address on a guest's macvtap is not the guest's word", () => {
  const story = new Story((hv) => void hv.macvlan(BOND, { type: 'macvtap' }));
  const ifindex = story.host.index('macvtap1');
  story.take({ type: 'address', gone: false, ifindex, address: LOCAL, usable: true });
  story.now = 1;
  story.heard('in');
  story.now = 2;
  story.heard('out', { claims: [LOCAL] });
  assert.equal(story.verdict, 'seen-on-uplink');
  assert.deepEqual(story.addresses(), []);
  story.heard('out', { claims: [ADDRESS] });
  assert.equal(story.verdict, null);
});

/** A guest on a macvtap to which the host's kernel gives the address LOCAL when told. */
function onMacvtap(kind = 'macvtap'): { story: Story; given: () => void } {
  const story = new Story((hv) => void hv.macvlan(BOND, { type: kind as 'macvtap' }));
  const ifindex = story.host.index(`${kind}1`);
  const event = { type: 'address', gone: false, ifindex, address: LOCAL, usable: true } as const;
  return { story, given: () => story.take(event) };
}

const RS = { claims: [LOCAL], router: false, rsSent: true, proof: false };
const SAYS_CHOSEN = { claims: ['fe80::1' as Ip] };
const UNKNOWN = [['fe80::1', 'router-unknown']];

for (const kind of ['macvtap', 'macvlan']) {
  test(`of a guest behind a ${kind} nobody knows whether it is a router by what the host solicits, whichever is read first`, () => {
    for (const hostFirst of [true, false]) {
      const { story, given } = onMacvtap(kind);
      if (hostFirst) given();
      story.heard('out', RS);
      story.now = 0.1;
      if (!hostFirst) given();
      story.now = 5;
      story.heard('out', { ...RS, claims: [] });
      story.heard('out', { claims: [LOCAL], router: true });
      story.heard('out', SAYS_CHOSEN);
      assert.deepEqual(story.addresses(), UNKNOWN, `${hostFirst}`);
    }
  });
}

test('what such a guest says of an address of its own, or as a router, counts', () => {
  const { story, given } = onMacvtap();
  given();
  story.heard('out', SAYS_CHOSEN);
  story.heard('out', { ...RS, claims: ['fe80::1' as Ip] });
  assert.deepEqual(story.addresses(), [['fe80::1', false]]);
  story.heard('out', { claims: [LOCAL], router: true, raSent: true });
  assert.deepEqual(story.addresses(), [
    ['fe80::1', true],
    [LOCAL, true],
  ]);
  given();
  assert.equal(story.addresses().length, 2, 'that the kernel says again what is known, is no news');
});

test("where the host has no IPv6 on the macvtap, a solicitation is the guest's", () => {
  const { story } = onMacvtap();
  story.heard('out', RS);
  assert.deepEqual(story.addresses(), [[LOCAL, false]]);
});

test('a reply to one station confirms an address of its sender, and takes none from anybody', () => {
  const story = new Story();
  story.learned('tap1');
  story.heard('out', { claims: [ADDRESS] });
  story.heard('out', { mac: OTHER, confirms: [ADDRESS] });
  story.heard('in', { mac: OTHER, confirms: [ADDRESS] });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
  assert.deepEqual(story.addresses({ mac: OTHER }), []);
  story.now = 4 * 3600 - 1;
  story.heard('out', { confirms: [ADDRESS, '192.0.2.9' as Ip] });
  story.now = 4 * 3600 + 1;
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
});

/** A guest whose own frame has just come back: the bridge tells of its move `apart` seconds after the echo was heard. */
function echoed(apart: number, state = NUD_REACHABLE): Story {
  const story = new Story(plainBridge(2));
  story.learned('tap1');
  story.heard('out');
  story.now = 10;
  const learned = (): void => story.take(story.host.fdb(GUEST, BOND, { state }));
  if (apart >= 0) story.heard('echo');
  else learned();
  story.now = 10 + Math.abs(apart);
  if (apart >= 0) learned();
  else story.heard('echo');
  return story;
}

test('an echo is no move, whichever is told of first, and its row is put back without an announcement', () => {
  for (const apart of [0.01, -0.01]) {
    const story = echoed(apart);
    assert.equal(story.verdict, null, `${apart}`);
    const [healable, ...more] = story.state.takeReflected();
    assert.deepEqual([healable?.row.device, healable?.misledSwitches], [story.host.index('tap1'), false]);
    assert.deepEqual(more, []);
  }
});

test('whose frames come back is here though a frame of a kind that we do not hear moves it, until it is heard coming in', () => {
  const story = echoed(30);
  assert.equal(story.verdict, null);
  assert.deepEqual(story.state.takeReflected(), [], 'but nobody knows enough to change the bridge');
  story.heard('in');
  story.learned('tap1');
  story.learned(BOND);
  assert.equal(story.verdict, 'seen-on-uplink');
  assert.equal(echoed(61).verdict, 'seen-on-uplink', 'nor is an echo remembered for ever');
});

test("an administrator's row that an echo moves is put back as one, and at any time", () => {
  for (const apart of [-0.01, 0.01, 30]) {
    const { state, host } = echoed(apart, NUD_NOARP);
    const healed = state.takeReflected().map(({ row, fixed }) => [row.device, fixed]);
    assert.deepEqual(healed, [[host.index('tap1'), true]], `${apart}`);
  }
});

test('an echo right at a failover has misled the switches as well, whichever is told of first', () => {
  const first = new Story(plainBridge(2));
  first.learned('tap1');
  const bond = first.state.verdicts(GUEST)[0]?.bond ?? assert.fail();
  first.state.failedOver(bond, 10);
  first.now = 10.01;
  first.heard('echo');
  first.learned(BOND);
  assert.deepEqual(
    first.state.takeReflected().map(({ misledSwitches }) => misledSwitches),
    [true],
  );
  const last = echoed(0.01);
  assert.equal(last.state.takeReflected().length, 1);
  last.state.failedOver(bond, 10);
  assert.deepEqual(
    last.state.takeReflected().map(({ misledSwitches }) => misledSwitches),
    [true],
  );
});
