import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOND, type Hypervisor, plainBridge } from '../../lab/net/hypervisor.js';
import { Story } from '../../support/story.js';

/** A silent guest whose port has left its bridge. */
function outside(): Story {
  const story = new Story();
  story.learned('tap1');
  story.agedOut('tap1');
  story.take(story.host.change('tap1', { master: null }));
  assert.equal(story.verdict, undefined, 'its frames leave by no bond');
  return story;
}

function join(story: Story, port: string, bridge = 'br0'): void {
  story.take(story.host.change(port, { master: story.host.index(bridge) }));
}

function addBridge(story: Story, name: string): void {
  story.host.add(name, { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 });
  story.take(story.host.get(name));
}

/** Deletes the bridge, as the kernel tells of it: its ports leave it, then it is gone. */
function removeBridge(story: Story): void {
  for (const port of [BOND, 'tap1', 'tap2']) {
    story.take({ type: 'bridgePortGone', ifindex: story.host.index(port) });
    story.take(story.host.change(port, { master: null }));
  }
  story.take(story.host.remove('br0'));
}

test('a silent guest whose port leaves the bridge is kept for a minute', () => {
  const back = outside();
  back.now = 60;
  back.state.expire(back.now);
  join(back, 'tap1');
  assert.equal(back.verdict, null);
  back.now = 61;
  back.state.expire(back.now);
  assert.equal(back.verdict, null, 'it is in its bridge again');

  const late = outside();
  late.now = 60.1;
  late.state.expire(late.now);
  join(late, 'tap1');
  assert.equal(late.verdict, undefined);
});

test('a port that goes down, loses its carrier, is gone or comes to another bridge meanwhile has another guest', () => {
  const fates: readonly ((story: Story) => void)[] = [
    (story) => story.take(story.host.change('tap1', { up: false }), story.host.change('tap1', { up: true })),
    (story) => story.take(story.host.change('tap1', { lowerUp: false }), story.host.change('tap1', { lowerUp: true })),
    (story) => {
      addBridge(story, 'br9');
      join(story, 'tap1', 'br9');
      story.take(story.host.change('tap1', { master: null }));
    },
  ];
  for (const [n, meet] of fates.entries()) {
    const story = outside();
    meet(story);
    join(story, 'tap1');
    assert.equal(story.verdict, undefined, `fate ${n + 1}`);
  }
});

test('a bridge that is made anew under its name has the silent guests of the one before', () => {
  const story = new Story();
  story.learned('tap1');
  const row = story.host.fdb('52:54:00:00:00:01', 'tap1', { gone: true });
  removeBridge(story);
  story.take(row); // the bridge may tell of it last
  story.now = 20;
  addBridge(story, 'br0');
  for (const port of [BOND, 'tap1']) join(story, port);
  assert.equal(story.verdict, null);
});

test('who had migrated before the bridge was made anew lives elsewhere still, also when its uplink comes late', () => {
  const story = new Story();
  story.learned('tap1');
  story.now = 5;
  story.learned(BOND);
  story.agedOut(BOND);
  removeBridge(story);
  addBridge(story, 'br0');
  join(story, 'tap1');
  story.now = 90;
  story.state.expire(story.now);
  join(story, BOND);
  assert.equal(story.verdict, 'seen-on-uplink');
});

test('a bridge under a new name is another one, and one that was renamed is not succeeded', () => {
  const renamed = new Story();
  renamed.learned('tap1');
  renamed.agedOut('tap1');
  renamed.take(renamed.host.change('br0', { name: 'br1' }));
  addBridge(renamed, 'br0');
  assert.equal(renamed.verdict, null, 'its bridge has another name');

  const other = new Story();
  other.learned('tap1');
  other.agedOut('tap1');
  removeBridge(other);
  addBridge(other, 'br1');
  for (const port of [BOND, 'tap1']) join(other, port, 'br1');
  assert.equal(other.verdict, undefined);
});

test('the same is found out by a dump, when the messages were lost', () => {
  const story = new Story();
  story.learned('tap1');
  const old = story.host.remove('br0');
  assert.equal(old.type, 'linkGone');
  story.host.add('br0', { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 });
  for (const port of [BOND, 'tap1', 'tap2']) story.host.change(port, { master: story.host.index('br0') });
  story.state.startDump();
  story.take(...story.host.dump());
  story.state.finishDump(story.now);
  assert.equal(story.verdict, null);
});

function aware(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [10] });
  hv.guest('br0', { access: 10, wire: [10] });
}

test('a port has the VLANs of its guests back later than its bridge', () => {
  const story = new Story(aware);
  story.learned('tap1', 10);
  const vlans = [{ first: 10, last: 10, untagged: true, pvid: true }];
  const ifindex = story.host.index('tap1');
  story.take({ type: 'bridgePortGone', ifindex });
  story.agedOut('tap1', 10); // the VLANs are gone by now
  story.take(story.host.change('tap1', { master: null }));
  assert.equal(story.verdict, undefined);
  join(story, 'tap1');
  const first = { first: 1, last: 1, untagged: true, pvid: true };
  story.take(story.host.setVlans('tap1', [first]));
  assert.equal(story.verdict, undefined);
  story.take({ type: 'portVlans', gone: false, ifindex, vlans: vlans.map((each) => ({ ...each, state: null })) });
  assert.equal(story.verdict, null);
});

test('silent guests of a port that is back are held to the limits of the port', () => {
  const story = new Story(plainBridge(1), { total: 10, perPort: 2 });
  story.learned('tap1');
  story.agedOut('tap1');
  story.take(story.host.change('tap1', { master: null }));
  join(story, 'tap1');
  for (const n of [2, 3]) story.take(story.host.fdb(`52:54:00:00:00:0${n}`, 'tap1'));
  assert.equal(story.verdict, undefined, 'who was silent makes room');
  assert.deepEqual(story.state.takeEvictions(), ['per-port']);
});
