import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSpeakers } from '../../../src/doctor/speakers.js';
import type { GuestDescription } from '../../../src/guests/description.js';
import { guest, HEALTHY } from './host.js';

const speaker = (n: number, reason: GuestDescription['reason'], vlan: number | null = null): GuestDescription =>
  guest({ mac: `52:54:00:00:00:0${n}` as GuestDescription['mac'], source: 'heard', port: null, vlan, reason });

const findings = (...guests: GuestDescription[]) =>
  checkSpeakers({ ...HEALTHY.guests, bonds: [{ bond: 'bond0', guests }] });

test('five stations that are heard and not announced are named, the rest is counted', () => {
  const many = [1, 2, 3, 4, 5, 6, 7].map((n) =>
    speaker(n, n === 1 ? 'too-many' : 'seen-on-uplink', n === 2 ? 9 : null),
  );
  const [finding, ...more] = findings(...many);
  assert.deepEqual(more, []);
  assert.equal(finding?.level, 'warning');
  assert.equal(
    finding.finding,
    '7 stations were heard leaving that nothing explains, and not announced: 52:54:00:00:00:01 (too-many), ' +
      '52:54:00:00:00:02 in VLAN 9 (seen-on-uplink), 52:54:00:00:00:03 (seen-on-uplink), ' +
      '52:54:00:00:00:04 (seen-on-uplink), 52:54:00:00:00:05 (seen-on-uplink) and 2 more',
  );
  assert.equal(finding.cure, 'bondherald guests bond0');
});

test('stations that live elsewhere or share a MAC are advice; announced, excluded and explained ones are nothing', () => {
  assert.deepEqual(
    findings(speaker(1, 'seen-on-uplink'), speaker(2, 'virtual-router')).map(({ level }) => level),
    ['advice'],
  );
  assert.deepEqual(findings(speaker(1, null), speaker(2, 'excluded'), guest({ reason: 'seen-on-uplink' })), []);
});
