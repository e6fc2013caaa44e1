import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { missedFailovers, snapshotBonds } from '../../../src/topology/named-devices.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { GUEST, Story } from '../../support/story.js';

const ADDRESS = '192.0.2.1' as Ip;

/** Deletes the bond. @returns makes it anew, under a name */
function remove(story: Story): (name: string) => void {
  const { host } = story;
  const { details, master } = host.get(BOND);
  for (const slave of ['up1', 'up2']) story.take(host.change(slave, { master: null, bondSlaveActive: null }));
  story.take(host.remove(BOND));
  return (name) => {
    host.add(name, details);
    story.take(host.get(name), host.change(name, { master, bridgePortState: 3 }));
  };
}

test('a bond that is made anew has the addresses of its guests, and knows who lives elsewhere', () => {
  const story = new Story();
  story.learned('tap1');
  story.heard('out', { claims: [ADDRESS] });
  remove(story)(BOND);
  assert.equal(story.verdict, null);
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);

  const away = new Story();
  away.learned('tap1');
  away.heard('in');
  remove(away)(BOND);
  assert.equal(away.verdict, 'seen-on-uplink');
});

test('so has one that was made under another name and renamed, and none that keeps another name', () => {
  const renamed = new Story();
  renamed.learned('tap1');
  renamed.heard('out', { claims: [ADDRESS] });
  remove(renamed)('bond9');
  const link = renamed.host.get('bond9');
  renamed.host.remove('bond9');
  renamed.host.add(BOND, link.details, { ifindex: link.ifindex, master: link.master, bridgePortState: 3 });
  renamed.take(renamed.host.get(BOND));
  assert.equal(renamed.verdict, null);
  assert.deepEqual(renamed.addresses(), [[ADDRESS, false]]);

  const other = new Story();
  other.learned('tap1');
  other.heard('out', { claims: [ADDRESS] });
  remove(other)('bond9');
  other.state.takeStale();
  const [verdict] = other.state.verdicts(GUEST);
  assert.ok(verdict && verdict.suppressed === null);
  assert.deepEqual(other.state.addressesOf(GUEST, verdict, 0), []);
});

test('an address that was claimed on the new bond before belongs to who claimed it there', () => {
  const story = new Story();
  story.learned('tap1');
  story.heard('out', { claims: [ADDRESS] });
  const before = story.host.index(BOND);
  remove(story)(BOND);
  const other = '52:54:00:00:00:02' as Mac;
  story.take(story.host.fdb(other, 'tap2'));
  story.heard('out', { mac: other, claims: [ADDRESS] });
  assert.deepEqual([story.addresses(), story.addresses({ mac: other })], [[], [[ADDRESS, false]]]);
  assert.notEqual(story.host.index(BOND), before);
});

test('who was only heard leaving by a bond is announced by the one that is made anew within a minute', () => {
  for (const [seconds, verdict] of [
    [60, null],
    [61, undefined],
  ] as const) {
    const story = new Story();
    story.now = 10;
    story.heard('out');
    story.state.settle(10, 10);
    assert.equal(story.verdict, null);
    const makeAnew = remove(story);
    story.now += seconds;
    story.state.expire(story.now);
    makeAnew(BOND);
    assert.equal(story.verdict, verdict, `after ${seconds} s`);
  }
});

test('a bond that was made anew while no daemon ran is announced at the start, with what was heard before', () => {
  const [before, after] = [new Story(), new Story()];
  before.learned('tap1');
  before.heard('out', { claims: [ADDRESS] });
  const bonds = snapshotBonds(before.state.topology);
  assert.deepEqual(missedFailovers(after.state.topology, bonds), []);
  remove(after)(BOND);
  after.learned('tap1');
  after.state.restore(before.state.snapshot(0).guests, 0);
  assert.equal(after.verdict, null);
  assert.deepEqual(after.addresses(), [[ADDRESS, false]]);
  const [bond, slave] = [after.host.index(BOND), after.host.index('up1')];
  assert.deepEqual(missedFailovers(after.state.topology, bonds), [{ bond, slave }]);
});
