import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import type { StaticGuest } from '../../../src/config/config.js';
import { BOND, type Hypervisor } from '../../lab/net/hypervisor.js';
import { GUEST, Story } from '../../support/story.js';

const ADDRESS = '192.0.2.1' as Ip;
const OTHER = '52:54:00:00:00:02' as Mac;

function onVlan(hv: Hypervisor): void {
  hv.bridge('br905');
  hv.port('br905', hv.vlan(BOND, 905));
  hv.guest('br905', { wire: [905] });
}

function withStatic(guest: Partial<StaticGuest> = {}, attach?: (hv: Hypervisor) => void): Story {
  return new Story(attach, { static: [{ mac: GUEST, vlan: null, bond: BOND, addresses: [ADDRESS], ...guest }] });
}

function judged(story: Story): unknown[] {
  story.state.takeStale();
  return story.state
    .verdicts(GUEST)
    .map(({ source, tags, suppressed }) => [source, ...tags.map(({ vid }) => vid), suppressed]);
}

test('a guest that the configuration names is announced though no source knows it, with its addresses', () => {
  const story = withStatic({ vlan: 11 });
  assert.ok([...story.state.macs()].includes(GUEST));
  assert.deepEqual(judged(story), [['static', 11, null]]);
  assert.deepEqual(story.addresses({ vids: [11] }), [[ADDRESS, false]]);
  assert.deepEqual(story.addresses(), []);
});

test('one that is named without a VLAN is announced where it is known to be, else untagged', () => {
  const story = withStatic({}, onVlan);
  assert.deepEqual(judged(story), [['static', null]]);
  story.learned('tap1');
  assert.deepEqual(judged(story), [['fdb', 905, null]]);
  assert.deepEqual(story.addresses({ vids: [905] }), [[ADDRESS, false]]);
});

test('one on a bond that is not there yet waits for it', () => {
  const story = withStatic({ bond: 'bond9' });
  assert.deepEqual(judged(story), []);
  story.take(story.host.change(BOND, { name: 'bond9' }));
  assert.deepEqual(judged(story), [['static', null]]);
});

test('the configuration says that it is here, whatever was heard on the network', () => {
  const story = withStatic();
  story.learned('tap1');
  story.learned(BOND);
  story.heard('in');
  assert.deepEqual(judged(story), [['fdb', null]]);
});

test('an address of it that another station claims is not announced until it claims it back', () => {
  for (const direction of ['in', 'out'] as const) {
    const story = withStatic();
    story.heard(direction, { mac: OTHER, claims: [ADDRESS] });
    assert.deepEqual(story.addresses(), []);
    story.heard('out', { claims: [ADDRESS] });
    assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
  }
});

test('what it says of being a router counts for its addresses as well', () => {
  const story = withStatic({ addresses: ['fe80::1' as Ip] });
  assert.deepEqual(story.addresses(), [['fe80::1', 'router-unknown']]);
  story.heard('out', { raSent: true, router: true });
  assert.deepEqual(story.addresses(), [['fe80::1', true]]);
});
