import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/addr/ip.js';
import { type Mac, parseMacPrefix } from '../../../src/addr/mac.js';
import type { HostState } from '../../../src/guests/host-state.js';
import { servedBonds } from '../../../src/topology/bonds.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { guestSettings } from '../../support/settings.js';
import { GUEST, REMEMBER, Story } from '../../support/story.js';

const ADDRESS = '192.0.2.1' as Ip;
const mac = (n: number): Mac => `52:54:00:00:01:${n.toString(16).padStart(2, '0')}` as Mac;

function configure(story: Story, change: Parameters<typeof guestSettings>[0], bonds: 'auto' | string[] = 'auto'): void {
  story.state.configure(guestSettings({ total: 10, perPort: 4, remember: REMEMBER, ...change }), bonds);
}

const known = (state: HostState): number => [...state.macs()].length;

test('an exclusion acts on guests that are known, and so does its end', () => {
  const story = new Story();
  story.learned('tap1');
  assert.equal(story.verdict, null);
  const macs = [parseMacPrefix('52:54:00/24') ?? assert.fail()];
  for (const exclude of [
    { macs, vlans: [], ports: [] },
    { macs: [], vlans: [], ports: ['tap?'] },
  ]) {
    configure(story, { exclude });
    assert.equal(story.state.takeStale(), 'all', 'everyone is to be judged again');
    assert.equal(story.verdict, 'excluded');
  }
  configure(story, { virtualRouters: macs });
  assert.equal(story.verdict, 'virtual-router');
  configure(story, {});
  assert.equal(story.verdict, null);
});

test('a source that is turned off says nothing any more, and on again what it says now', () => {
  const story = new Story();
  story.learned('tap1');
  configure(story, { sources: { fdb: false, neighbour: true, hostAddresses: true, snoop: true } });
  assert.equal(story.verdict, undefined);
  configure(story, {});
  assert.equal(story.verdict, null);
});

test('the host itself goes and comes with the source of its addresses', () => {
  const story = new Story();
  story.take(story.host.change('br0', { address: mac(1) }));
  story.take({ type: 'address', gone: false, ifindex: story.host.index('br0'), address: ADDRESS, usable: true });
  const announced = (): unknown[] => {
    story.state.takeStale();
    return story.state.verdicts(mac(1)).map(({ suppressed }) => suppressed);
  };
  assert.deepEqual(announced(), [null]);
  configure(story, { sources: { fdb: true, neighbour: true, hostAddresses: false, snoop: true } });
  assert.deepEqual(announced(), []);
  configure(story, {});
  assert.deepEqual(announced(), [null]);
});

test('when nobody listens any more, addresses are not known any more, nor what comes late', () => {
  const story = new Story();
  story.learned('tap1');
  story.heard('out', { claims: [ADDRESS] });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
  configure(story, { sources: { fdb: true, neighbour: true, hostAddresses: true, snoop: false } });
  story.heard('out', { claims: [ADDRESS] });
  assert.deepEqual(story.addresses(), []);
  configure(story, {});
  assert.deepEqual(story.addresses(), [], 'who has the address now is not known');
  story.heard('out', { claims: [ADDRESS] });
  assert.deepEqual(story.addresses(), [[ADDRESS, false]]);
});

test('guests that the configuration names come and go with it', () => {
  const story = new Story();
  const named = { mac: GUEST, vlan: null, bond: BOND, addresses: [ADDRESS] };
  configure(story, { static: [named] });
  assert.deepEqual([story.verdict, story.addresses()], [null, [[ADDRESS, false]]]);
  story.heard('in', { mac: mac(9), claims: [ADDRESS] });
  configure(story, { static: [named, { ...named, mac: mac(1), addresses: [] }] });
  assert.deepEqual(story.addresses(), [], 'who has claimed an address is remembered');
  configure(story, {});
  assert.equal(story.verdict, undefined);
});

test('a lower limit turns out nobody who is known; newcomers keep to it, to a higher one as well', () => {
  const story = new Story();
  for (let n = 1; n <= 4; n++) story.take(story.host.fdb(mac(n), 'tap1'));
  configure(story, { perPort: 2 });
  assert.equal(known(story.state), 4);
  story.take(story.host.fdb(mac(5), 'tap1'));
  assert.equal(known(story.state), 4);
  configure(story, { perPort: 6 });
  for (let n = 5; n <= 8; n++) story.take(story.host.fdb(mac(n), 'tap1'));
  assert.equal(known(story.state), 6);
});

test('of addresses beyond a lower limit the oldest go with the next one', () => {
  const story = new Story();
  story.learned('tap1');
  for (let n = 1; n <= 5; n++) story.heard('out', { claims: [`192.0.2.${n}` as Ip] });
  configure(story, { addressesPerGuest: 2 });
  assert.equal(story.addresses().length, 5);
  story.heard('out', { claims: ['192.0.2.6' as Ip] });
  assert.deepEqual(story.addresses(), [['192.0.2.5', false], ['192.0.2.6', false]]); // prettier-ignore
});

test('how long silence is borne counts for those who are silent already', () => {
  const story = new Story();
  story.learned('tap1');
  story.agedOut('tap1');
  story.now = REMEMBER / 2;
  configure(story, { remember: REMEMBER / 4 });
  story.state.expire(story.now);
  assert.equal(story.verdict, undefined);
});

test('bonds are left alone, and watched again, by their names', () => {
  const story = new Story();
  story.learned('tap1');
  const bonds = (): string[] => servedBonds(story.state.topology).map(({ name }) => name);
  configure(story, {}, ['bond9']);
  assert.deepEqual(bonds(), []);
  configure(story, {}, [BOND]);
  assert.deepEqual([bonds(), story.verdict], [[BOND], null]);
  configure(story, {});
  assert.deepEqual(bonds(), [BOND]);
});
