import { asBond } from '../../../src/topology/bond-id.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { BOND, ownBridge, plainBridge } from '../../lab/net/hypervisor.js';
import { GUEST, REMEMBER, Story } from '../../support/story.js';

test('a guest that fell silent until its row aged out is announced as long as its port stands', () => {
  const story = new Story();
  story.learned('tap1');
  story.now = 10;
  story.agedOut('tap1');
  assert.equal(story.verdict, null);
  story.take(story.host.change('tap1', { lowerUp: false }));
  assert.equal(story.verdict, undefined, 'the process behind the tap is gone');
  story.take(story.host.change('tap1', { lowerUp: true }));
  assert.equal(story.verdict, undefined, 'and another may have taken its place');
});

test('a silent guest is forgotten after the time for which guests are remembered', () => {
  const story = new Story();
  story.learned('tap1');
  story.agedOut('tap1');
  story.state.expire(REMEMBER);
  assert.equal(story.verdict, null);
  story.state.expire(REMEMBER + 1);
  assert.equal(story.verdict, undefined);
});

test('a guest whose row goes after its port has lost its carrier is forgotten too', () => {
  const story = new Story();
  story.learned('tap1');
  story.take(story.host.change('tap1', { lowerUp: false }));
  story.agedOut('tap1');
  story.take(story.host.change('tap1', { lowerUp: true }));
  assert.equal(story.verdict, undefined);
});

test('a guest that left by the uplink stays away, also when the uplink leaves the bridge and comes back', () => {
  const story = new Story();
  story.learned('tap1');
  story.now = 5;
  story.learned(BOND);
  story.agedOut(BOND);
  const { master } = story.host.get(BOND);
  story.take(story.host.change(BOND, { master: null }));
  assert.equal(story.verdict, undefined);
  story.take(story.host.change(BOND, { master }));
  assert.equal(story.verdict, 'seen-on-uplink');
});

test('a guest that moves to another port is followed, and the port that it left counts no more', () => {
  const story = new Story();
  story.learned('tap1');
  story.now = 1;
  story.learned('tap2');
  assert.equal(story.verdict, null);
  story.now = 2;
  story.agedOut('tap2');
  story.take(story.host.change('tap2', { lowerUp: false }));
  assert.equal(story.verdict, undefined);
});

test('a guest that left by the uplink is not announced, also when its row there has aged out, until it is back', () => {
  const story = new Story();
  story.learned('tap1');
  story.now = 5;
  story.learned(BOND);
  assert.equal(story.verdict, 'seen-on-uplink');
  story.now = 300;
  story.agedOut(BOND);
  assert.equal(story.verdict, 'seen-on-uplink');
  story.now = 301;
  story.learned('tap1');
  assert.equal(story.verdict, 'seen-on-uplink', 'the row alone is no proof: a filter may drop the frame');
  story.heard('out');
  assert.equal(story.verdict, null);
  story.now = 302;
  story.agedOut('tap1');
  assert.equal(story.verdict, null, 'it fell silent after it had come back');
});

test('a guest that was heard before it left, and is heard again, is to be judged again', () => {
  const story = new Story();
  story.learned('tap1');
  story.heard('out');
  story.now = 5;
  story.learned(BOND);
  story.now = 6;
  story.learned('tap1');
  assert.equal(story.verdict, 'seen-on-uplink');
  story.now = 7;
  story.heard('out');
  assert.deepEqual(story.state.takeStale(), new Set([GUEST]));
  assert.equal(story.verdict, null);
});

test('a silent guest behind a bridge of its own is followed to its innermost port', () => {
  const story = new Story(ownBridge);
  for (const port of ['tap1', 'qvo']) story.learned(port);
  for (const port of ['tap1', 'qvo']) story.agedOut(port);
  assert.equal(story.verdict, null);
  story.take(story.host.change('tap1', { lowerUp: false }));
  assert.equal(story.verdict, undefined, 'the veth between the bridges still stands, the guest does not');
});

test("a guest's own frame that comes back right after a failover takes no guest away, and its row is put back", () => {
  const story = new Story();
  story.learned('tap1');
  story.now = 50;
  story.state.failedOver(asBond(story.host.index(BOND)), 50);
  story.now = 50.1;
  story.learned(BOND);
  assert.equal(story.verdict, null);
  const port = story.host.index('tap1');
  assert.deepEqual(
    story.state.takeReflected().map(({ row: { mac, device } }) => [mac, device]),
    [[GUEST, port]],
  );
  assert.deepEqual(story.state.takeReflected(), [], 'once');
});

test('the same when the bridge tells of the frame before the kernel tells of the failover', () => {
  const story = new Story();
  story.learned('tap1');
  story.now = 50.1;
  story.learned(BOND);
  assert.equal(story.verdict, 'seen-on-uplink');
  story.state.failedOver(asBond(story.host.index(BOND)), 50);
  assert.equal(story.verdict, null);
  assert.equal(story.state.takeReflected().length, 1);
});

test('a guest that moves out long after a failover, or of another bond, has migrated', () => {
  const story = new Story();
  story.learned('tap1');
  story.state.failedOver(asBond(story.host.index(BOND)), 50);
  story.state.failedOver(asBond(999), 59);
  story.now = 60;
  story.learned(BOND);
  assert.equal(story.verdict, 'seen-on-uplink');
  assert.deepEqual(story.state.takeReflected(), []);
});

test('a dump that tells of a reflection takes no guest away', () => {
  const story = new Story();
  story.learned('tap1');
  story.state.failedOver(asBond(story.host.index(BOND)), 0);
  story.state.startDump();
  story.take(...story.host.dump());
  story.learned(BOND);
  story.state.finishDump(0);
  assert.equal(story.state.verdicts(GUEST)[0]?.lastSeen, null, 'its row is known still');
});

test('of several moves before the failover is told, the latest is undone, and only where the guest has not moved on', () => {
  const story = new Story();
  const ports = (): unknown[] => story.state.takeReflected().map(({ row: { device } }) => device);
  const moves = (...through: string[]): void => {
    for (const port of through) {
      story.now += 0.1;
      story.learned(port);
    }
  };
  moves('tap1', BOND, 'tap2', BOND);
  story.state.failedOver(asBond(story.host.index(BOND)), 0);
  assert.deepEqual(ports(), [story.host.index('tap2')]);
  story.now = 100;
  moves('tap1', BOND, 'tap2');
  story.state.failedOver(asBond(story.host.index(BOND)), 100);
  assert.deepEqual(ports(), [], 'its row is on the right port already');
});

test('a move is no reflection when it comes after the window, or from a port that does not stand any more', () => {
  const late = new Story();
  late.learned('tap1');
  late.now = 52.5;
  late.learned(BOND);
  late.state.failedOver(asBond(late.host.index(BOND)), 50);
  assert.equal(late.verdict, 'seen-on-uplink', 'though the failover itself was told late');
  const fallen = new Story();
  fallen.learned('tap1');
  fallen.learned(BOND);
  fallen.take(fallen.host.change('tap1', { lowerUp: false }));
  fallen.state.failedOver(asBond(fallen.host.index(BOND)), 0);
  assert.equal(fallen.verdict, undefined);
  assert.deepEqual(fallen.state.takeReflected(), []);
});

test('a guest whose frame comes in from the network lives elsewhere, until a frame of it leaves again', () => {
  const story = new Story();
  story.learned('tap1');
  story.now = 5;
  story.heard('in');
  assert.equal(story.verdict, 'seen-on-uplink');
  story.now = 6;
  story.heard('out');
  assert.equal(story.verdict, null);
});

test("a guest's own frame that is heard coming back right after a failover is no sign of a move", () => {
  for (const heardFirst of [false, true]) {
    const story = new Story();
    story.learned('tap1');
    story.now = 50.1;
    if (heardFirst) story.heard('in');
    story.state.failedOver(asBond(story.host.index(BOND)), 50);
    if (!heardFirst) story.heard('in');
    assert.equal(story.verdict, null);
  }
});

test('a failover does not bring back one that was heard elsewhere before it, or after its window', () => {
  for (const times of [[5, 50.1], [52.5], [50.1, 52.5]]) {
    const story = new Story();
    story.learned('tap1');
    for (story.now of times) story.heard('in');
    story.state.failedOver(asBond(story.host.index(BOND)), 50);
    assert.equal(story.verdict, 'seen-on-uplink', times.join());
  }
});

test('a frame that came in before a failover is no reflection of it, though it is told later', () => {
  const story = new Story();
  story.learned('tap1');
  story.state.failedOver(asBond(story.host.index(BOND)), 50);
  story.now = 49.9;
  story.heard('in');
  assert.equal(story.verdict, 'seen-on-uplink');
});

test('a guest that tags its own traffic is announced in the VLANs that it was heard in', () => {
  const story = new Story();
  story.learned('tap1');
  story.heard('out', { tags: [{ tpid: 0x8100, vid: 905 }] });
  story.state.takeStale();
  const tags = story.state.verdicts(GUEST).map((verdict) => verdict.tags.map(({ vid }) => vid));
  assert.deepEqual(tags, [[], [905]]);
});

test('an address belongs to whoever claimed it last, on either side of the bond', () => {
  const story = new Story();
  const way = { bond: asBond(story.host.index(BOND)), tags: [] };
  const address = '192.0.2.1' as Ip;
  const other = '52:54:00:00:00:02' as Mac;
  const holders = (): boolean[] =>
    [GUEST, other].map((mac) => story.state.addressesOf(mac, way, story.now).some(({ ip }) => ip === address));
  story.learned('tap1');
  story.heard('out', { claims: [address] });
  assert.deepEqual(holders(), [true, false]);
  story.heard('out', { mac: other, claims: [address] });
  assert.deepEqual(holders(), [false, true]);
  story.heard('in', { mac: '52:54:00:00:00:77' as Mac, claims: [address] });
  assert.deepEqual(holders(), [false, false]);
  story.heard('out', { claims: [address] });
  story.heard('out', { releases: [address] });
  assert.deepEqual(holders(), [false, false]);
});

test('the guests of an earlier run count towards the limit of their port', () => {
  const mac = (n: number): Mac => `52:54:00:00:00:0${n}` as Mac;
  const [before, after] = [new Story(), new Story()];
  for (const n of [1, 2, 3, 4]) before.take(before.host.fdb(mac(n), 'tap1'));
  after.take(after.host.fdb(mac(5), 'tap1'), after.host.fdb(mac(6), 'tap1'));
  after.state.restore(before.state.snapshot(0).guests, 0);
  after.state.takeStale();
  assert.equal([...after.state.macs()].length, 4);
  assert.deepEqual([...after.state.macs()].slice(0, 2), [mac(5), mac(6)], 'those who are there go before');
});

test('a guest whose words had to make room for those of others is to be judged again', () => {
  const story = new Story(plainBridge(4));
  story.learned('tap1');
  story.heard('out');
  const others = Array.from({ length: 9 }, (_, n) => `52:54:00:00:01:0${n}` as Mac);
  others.forEach((mac, n) => story.take(story.host.fdb(mac, `tap${2 + (n % 3)}`)));
  for (const mac of others) story.heard('out', { mac });
  story.state.takeStale();
  story.take(story.host.fdb('52:54:00:00:02:00', 'tap1', { state: 0x40 })); // a static row has no limit
  story.heard('out', { mac: '52:54:00:00:02:00' as Mac });
  assert.ok((story.state.takeStale() as Set<Mac>).has(GUEST));
});

test('guests that came and went take no room from those that come', () => {
  const story = new Story(plainBridge(2), { total: 10, perPort: 4 });
  for (let n = 0; n < 30; n++) {
    const mac = `52:54:00:00:07:${n.toString(16).padStart(2, '0')}`;
    story.take(story.host.fdb(mac, 'tap1'));
    const words = [story.host.fdb(mac, 'tap1', { gone: true }), story.host.change('tap1', { lowerUp: false })];
    for (const word of n % 2 === 0 ? words : words.reverse()) story.take(word); // the kernel may say either first
    story.take(story.host.change('tap1', { lowerUp: true }));
    assert.deepEqual(story.state.takeEvictions(), [], `guest ${n + 1}`);
  }
});
