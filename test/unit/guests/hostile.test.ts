import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { GUEST, Story } from '../../support/story.js';

const HOST = '02:00:00:00:00:0b' as Mac;
const ADDRESS = '192.0.2.10' as Ip;

/** A station outside whose MAC a guest uses, and who speaks itself `later` seconds after that, right after a failover. */
function usedByGuest(later: number): Story {
  const story = new Story();
  story.learned(BOND);
  story.now = 10;
  story.learned('tap1');
  story.now = 10 + later;
  story.state.failedOver(asBond(story.host.index(BOND)), story.now);
  story.learned(BOND);
  return story;
}

test('a station outside whose MAC a guest used gets no row put back to that guest when it speaks after a failover', () => {
  const story = usedByGuest(5);
  assert.equal(story.verdict, 'seen-on-uplink');
  assert.deepEqual(story.state.takeReflected(), []);
  story.state.failedOver(asBond(story.host.index(BOND)), story.now - 0.1);
  assert.deepEqual(story.state.takeReflected(), [], 'nor when we hear of the failover after its frame');
});

test('also when the guest uses the MAC after the failover, again and again', () => {
  const story = new Story();
  story.learned(BOND);
  story.now = 50;
  story.state.failedOver(asBond(story.host.index(BOND)), story.now);
  for (let n = 0; n < 5; n++) {
    story.now += 0.1;
    story.learned(n % 2 === 0 ? 'tap1' : BOND);
  }
  assert.deepEqual(story.state.takeReflected(), []);
});

test('a guest that came long ago is put back', () => {
  const story = usedByGuest(61);
  assert.equal(story.state.takeReflected().length, 1);
});

/** A host that has an address on its bridge. */
function withHost(): Story {
  const story = new Story();
  story.take(story.host.change('br0', { address: HOST }));
  story.take({ type: 'address', gone: false, ifindex: story.host.index('br0'), address: ADDRESS, usable: true });
  story.learned('tap1');
  story.heard('out', { claims: [ADDRESS] });
  return story;
}

test("an address of the host's own is not announced for a guest that claims it, as long as the host has it there", () => {
  const story = withHost();
  assert.deepEqual(story.addresses(), []);
  assert.deepEqual(story.addresses({ mac: HOST }), [[ADDRESS, false]]);
  story.heard('out', { tags: [{ tpid: 0x8100, vid: 7 }], claims: [ADDRESS] });
  assert.deepEqual(story.addresses({ vids: [7] }), [[ADDRESS, false]], 'another VLAN is another network');
  story.take({ type: 'address', gone: true, ifindex: story.host.index('br0'), address: ADDRESS, usable: true });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
});

test('a macvlan that the host itself speaks through keeps its address', () => {
  const story = new Story((hv) => void hv.macvlan(BOND));
  const ifindex = story.host.index('macvlan1');
  story.take({ type: 'address', gone: false, ifindex, address: ADDRESS, usable: true });
  story.heard('out', { claims: [ADDRESS] });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
});

test('a guest that takes the MACs of silent guests beyond its own share takes only so many', () => {
  const story = new Story();
  const victims = Array.from({ length: 4 }, (_, n) => `52:54:00:00:01:0${n}` as Mac);
  for (const mac of victims) story.take(story.host.fdb(mac, 'tap2'));
  for (const mac of ['0a', '0b', '0c', '0d']) story.take(story.host.fdb(`52:54:00:00:02:${mac}` as Mac, 'tap1'));
  for (const mac of victims) story.take(story.host.fdb(mac, 'tap1'));
  for (const mac of victims) story.take(story.host.fdb(mac, 'tap1', { gone: true }));
  story.state.takeStale();
  assert.deepEqual(
    victims.map((mac) => story.state.verdicts(mac).map(({ suppressed }) => suppressed)),
    victims.map(() => [null]),
    'they are where they were: behind tap2',
  );
  story.take(story.host.change('tap2', { lowerUp: false }));
  story.state.takeStale();
  assert.deepEqual(
    victims.flatMap((mac) => story.state.verdicts(mac)),
    [],
    'as long as it stands',
  );
  assert.equal(story.state.verdicts(GUEST).length, 0);
});
