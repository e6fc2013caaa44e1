import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import type { Mac } from '../../../src/addr/mac.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { Story } from '../../support/story.js';

const ADDRESS = '192.0.2.1' as Ip;
const invented = (n: number): Mac =>
  `02:00:${n
    .toString(16)
    .padStart(8, '0')
    .replace(/..(?=.)/g, '$&:')}` as Mac;

/** A guest that has an address, on a host that holds ten MACs. */
function withAddress(): Story {
  const story = new Story();
  story.learned('tap1');
  story.heard('out', { claims: [ADDRESS] });
  return story;
}

test('MACs that a guest invents on its way out cost no other guest its address', () => {
  const story = withAddress();
  for (let n = 0; n < 5000; n++) story.heard('out', { mac: invented(n), claims: [`198.51.100.${n % 250}` as Ip] });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
});

test('nor does it forget for them who lives elsewhere', () => {
  const story = withAddress();
  story.now = 1;
  story.heard('in');
  assert.equal(story.verdict, 'seen-on-uplink');
  for (let n = 0; n < 5000; n++) story.heard('out', { mac: invented(n) });
  assert.equal(story.verdict, 'seen-on-uplink');
});

test('however large the network is, there is room for guests, and silent ones are remembered', () => {
  const story = withAddress();
  story.now = 1;
  story.agedOut('tap1');
  for (let n = 0; n < 100; n++) {
    story.take(story.host.fdb(invented(n), BOND));
    if (n % 2 === 1) story.take(story.host.fdb(invented(n), BOND, { gone: true }));
  }
  assert.equal(story.verdict, null, 'it fell silent, and is remembered');
  const other = invented(1000);
  assert.equal(story.state.apply(story.host.fdb(other, 'tap2'), 1), null, 'there is room');
  assert.equal(story.state.verdicts(other).length, 1);
});

test('a guest that leaves is noticed, also when the network is larger than the table', () => {
  const story = withAddress();
  for (let n = 0; n < 100; n++) story.take(story.host.fdb(invented(n), BOND));
  story.learned(BOND);
  assert.equal(story.verdict, 'seen-on-uplink');
});

test('a MAC that had to make room at its port takes what was heard of it along', () => {
  const story = withAddress();
  for (let n = 0; n < 4; n++) story.take(story.host.fdb(invented(n), 'tap2'));
  story.heard('out', { mac: invented(0), claims: ['192.0.2.9' as Ip] });
  story.take(story.host.fdb(invented(0), 'tap2', { gone: true }));
  story.take(story.host.fdb(invented(9), 'tap2'));
  assert.deepEqual(story.addresses({ mac: invented(0) }), []);
});
