import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mac } from '../../../src/addr/mac.js';
import { LibvirtStatusError } from '../../../src/errors.js';
import type { LinkEvent } from '../../../src/kernel/events.js';
import { readInterfaces, withOwnMacs } from '../../../src/sources/guest-interfaces.js';
import { guestInterfaces, parseDomainStatus, standbyInterfaces } from '../../../src/sources/libvirt.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { domainStatus, statusFixture } from '../../support/domain-status.js';
import { FakeHost } from '../../support/host.js';

/** [state, interfaces, reasons] of a status file. */
function read(xml: string): [string, string[], readonly string[]] {
  const { state, interfaces, ignored } = parseDomainStatus(xml);
  return [state, interfaces.map(({ mac, type, target }) => `${mac} ${type} ${target}`), ignored];
}

/** Files that libvirt 9.0.0 (older), 11.3.0 and 12.8.0 (vlans, whole) wrote of QEMU's guests, with names of ours. */
const WRITTEN: Record<string, ReturnType<typeof read>> = {
  two: ['running', ['52:54:00:bb:0a:01 bridge vnet0', '52:54:00:bb:0a:02 bridge vnet1'], []],
  macvtaps: ['running', ['52:54:00:bb:0b:01 direct macvtap0', '52:54:00:bb:0b:02 direct macvtap1'], []],
  mactable: ['running', ['52:54:00:bb:0c:01 bridge vnet5'], []],
  portgroup: ['running', ['52:54:00:bb:0d:01 bridge vnet3'], []],
  'ovs-vlan': [
    'running',
    ['52:54:00:bb:0e:01 bridge vnet0', '52:54:00:bb:0e:02 bridge vnet1', '52:54:00:bb:0e:03 bridge vnet2'],
    [],
  ],
  'ovs-trunk': ['running', ['52:54:00:bb:0f:01 bridge vnet3', '52:54:00:bb:0f:02 bridge vnet4'], []],
  vlans: [
    'running',
    ['52:54:00:bb:10:01 bridge vnet1', '52:54:00:bb:10:02 bridge vnet2', '52:54:00:bb:10:03 bridge vnet3'],
    [],
  ],
  // Its guest had changed both MACs by then.
  untold: ['running', ['52:54:00:bb:11:01 bridge vnet0', '52:54:00:bb:11:02 direct macvtap0'], []],
  older: ['running', ['52:54:00:bb:12:01 bridge vnet0', '52:54:00:bb:12:02 direct macvtap0'], []],
  whole: ['running', ['52:54:00:bb:13:01 bridge vnet0'], []],
};

const SHAPES: Record<string, ReturnType<typeof read>> = {
  bridge: ['running', ['52:54:00:aa:01:01 bridge vnet0'], []],
  network: [
    'running',
    ['52:54:00:aa:02:01 network vnet1', '52:54:00:aa:02:02 bridge vnet2'],
    ['bypasses-host'], // the network gave it a piece of hardware
  ],
  direct: ['running', ['52:54:00:aa:03:01 direct macvtap0', '52:54:00:aa:03:02 direct macvtap1'], []],
  openvswitch: ['running', ['52:54:00:aa:04:01 bridge vnet3'], []],
  several: [
    'running',
    ['52:54:00:aa:05:01 bridge vnet4', '52:54:00:aa:05:02 bridge vnet5', '52:54:00:aa:05:04 ethernet tap-by-hand'],
    ['unplugged'],
  ],
  paused: ['paused', ['52:54:00:aa:06:01 bridge vnet7'], []],
  leaving: ['running', ['52:54:00:aa:07:01 bridge vnet8'], []],
  left: ['paused', ['52:54:00:aa:07:02 bridge vnet9'], []],
  arriving: ['paused', ['52:54:00:aa:07:03 bridge vnet10'], []],
  starting: ['paused', [], ['no-device']],
  mixed: [
    'running',
    ['52:54:00:aa:08:05 bridge vnet11'],
    ['bypasses-host', 'bypasses-host', 'bypasses-host', 'bypasses-host'],
  ],
  without: ['running', [], []],
  chosen: ['running', ['02:00:00:00:00:07 bridge vnet0', '02:00:00:00:00:08 direct macvtap0'], []],
  teamed: [
    'running',
    ['52:54:00:aa:09:01 bridge vnet12', '52:54:00:aa:09:02 bridge vnet13', '52:54:00:aa:09:03 bridge vnet14'],
    ['bypasses-host'],
  ],
  ...WRITTEN,
};

for (const [name, expected] of Object.entries(SHAPES)) {
  test(`a status file is understood: ${name}`, () => {
    assert.deepEqual(read(statusFixture(name)), expected);
    assert.equal(parseDomainStatus(statusFixture(name)).name, name);
  });
}

test('a domain has its name as people wrote it, and its UUID', () => {
  const domain = parseDomainStatus(domainStatus({ name: 'a &lt;b&gt; &amp;amp; &quot;c&quot;' }));
  assert.equal(domain.name, 'a <b> &amp; "c"');
});

test('a state that we have not heard of is no mistake, and no running', () => {
  const domain = parseDomainStatus(domainStatus({ name: 'new', state: 'dreaming' }));
  assert.equal(domain.state, 'unknown');
});

test('the interfaces of guests that run count, those that migrate away among them, and no others', () => {
  const domains = Object.keys(SHAPES).map((name) => parseDomainStatus(statusFixture(name)));
  const interfaces = guestInterfaces(domains);
  assert.deepEqual(
    new Set(interfaces.map(({ domain }) => domain)),
    new Set([
      ...['bridge', 'network', 'direct', 'openvswitch', 'several', 'leaving', 'mixed', 'chosen', 'teamed'],
      ...Object.keys(WRITTEN),
    ]),
  );
  assert.deepEqual(interfaces[0], { domain: 'bridge', mac: '52:54:00:aa:01:01', target: 'vnet0' });
  for (const state of ['paused', 'shutdown', 'crashed', 'pmsuspended', 'nostate', 'dreaming']) {
    const interfaces = [{ mac: '52:54:00:00:00:01', target: 'vnet0' }];
    assert.deepEqual(guestInterfaces([parseDomainStatus(domainStatus({ name: 'x', state, interfaces }))]), [], state);
  }
});

test('an interface is a standby as long as hardware is plugged that its guest uses in its place', () => {
  const standbys = (xml: string): string[] => standbyInterfaces([parseDomainStatus(xml)]).map(({ target }) => target);
  assert.deepEqual(standbys(statusFixture('teamed')), ['vnet12', 'vnet14']);
  const one = { mac: '52:54:00:00:00:01', target: 'vnet0' };
  const other = { mac: '52:54:00:00:00:02', target: 'vnet1', teamed: true };
  assert.deepEqual(standbys(domainStatus({ name: 'x', interfaces: [one, other] })), ['vnet1']);
  assert.deepEqual(standbys(domainStatus({ name: 'x', interfaces: [one, { ...other, teamed: false }] })), []);
  assert.deepEqual(standbys(domainStatus({ name: 'x', state: 'paused', interfaces: [other] })), ['vnet1']);
});

test('a macvtap has the MAC that it has itself, any other interface that of the file', () => {
  const host = new FakeHost((hv) => {
    hv.bridge('br0');
    hv.guest('br0');
    hv.macvlan(BOND, { type: 'macvtap' });
  });
  const own = '02:00:00:00:00:08' as Mac;
  for (const name of ['tap1', 'macvtap2']) host.change(name, { address: own });
  const links = host.dump().filter((event): event is LinkEvent => event.type === 'link');
  const interfaces = ['tap1', 'macvtap2', 'vnet7'].map((target) => ({ domain: 'g', mac: MAC, target }));
  const macs = withOwnMacs(interfaces, links).map(({ mac }) => mac);
  assert.deepEqual(macs, [MAC, own, MAC]);
});

/** The error's one line; fails if the file is taken for whole, or the failure is another than ours. */
function complaint(xml: string): string {
  try {
    parseDomainStatus(xml);
  } catch (error) {
    assert.ok(error instanceof LibvirtStatusError, String(error));
    assert.match(error.message, /^[ -~]{5,120}$/);
    return error.message;
  }
  assert.fail(`taken for whole: ${xml.slice(-60)}`);
}

test('a file that is cut off anywhere is refused', () => {
  for (const name of Object.keys(SHAPES)) {
    const whole = statusFixture(name);
    for (let length = 0; length < whole.trimEnd().length; length += 50) complaint(whole.slice(0, length));
    complaint(whole.trimEnd().slice(0, -1));
  }
});

test('a file that lacks what every domain has is refused, saying what', () => {
  const whole = statusFixture('bridge');
  const lacking: [RegExp, RegExp][] = [
    [/<name>.*<\/name>/, /no name/],
    [/<uuid>/, /line \d+: /],
    [/ state='running'/, /no state/],
    [/<mac .*\/>/, /without type or MAC/],
    [/52:54:00:aa:01:01/, /without type or MAC/],
    [/ type='bridge'/, /without type or MAC/],
  ];
  for (const [part, why] of lacking) assert.match(complaint(whole.replace(part, '')), why);
  complaint(whole.replaceAll('domstatus', 'domain'));
  complaint(whole.replace(/<name>.*<\/name>/, '$&$&'));
  complaint(`${whole}${whole}`);
});

test('a hostile file is refused at once', () => {
  const billionLaughs = `<!DOCTYPE domstatus [<!ENTITY a "lol">${'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'.repeat(9)}]>`;
  const whole = statusFixture('bridge');
  const hostile: Record<string, string> = {
    'a document type before the root': `${billionLaughs}\n${whole}`,
    'a zero byte': whole.replace('bridge', 'bri\0dge'),
    'elements in elements': `<domstatus>${'<a>'.repeat(3e5)}`,
    'elements in elements, closed': `<domstatus>${'<a>'.repeat(1e5)}${'</a>'.repeat(1e5)}</domstatus>`,
    'comments without end': '<!---->'.repeat(1.4e5),
    'an attribute without end': `<domstatus a='${'x'.repeat(1e6)}`,
    'open brackets': `<domstatus>${'<'.repeat(1e6)}`,
    'elements by the thousand': `<domstatus>${'<a/>'.repeat(2.5e5)}</domstatus>`,
    'a name that objects have': '<domstatus><__proto__><domain/></__proto__></domstatus>',
    'too many interfaces': domainStatus({
      name: 'many',
      interfaces: Array.from({ length: 513 }, () => ({ mac: '52:54:00:00:00:01', target: 'vnet0' })),
    }),
  };
  for (const [what, xml] of Object.entries(hostile)) {
    const before = performance.now();
    complaint(xml);
    assert.ok(performance.now() - before < 5000, what);
  }
  assert.equal(Object.keys(Object.prototype).length, 0);
});

test('an entity that a document declares stays as it is written', () => {
  const inside = domainStatus({ name: '&a;' }).replace('<domain ', '<!DOCTYPE x [<!ENTITY a "lol">]>\n<domain ');
  try {
    assert.equal(parseDomainStatus(inside).name, '&a;');
  } catch (error) {
    assert.ok(error instanceof LibvirtStatusError);
  }
});

test('whatever is changed in a file, it is understood or refused', () => {
  const whole = statusFixture('several');
  const spoil = fc.record({
    at: fc.nat(whole.length),
    length: fc.nat(40),
    by: fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('<', '>', '/', "'", '&', '<!--', ']]>', '<?', '\0')),
  });
  fc.assert(
    fc.property(fc.array(spoil, { minLength: 1, maxLength: 3 }), (changes) => {
      const spoilt = changes.reduce(
        (text, { at, length, by }) => text.slice(0, at) + by + text.slice(at + length),
        whole,
      );
      try {
        for (const { mac, target } of parseDomainStatus(spoilt).interfaces) {
          assert.match(mac, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
          assert.ok(target.length > 0);
        }
      } catch (error) {
        assert.ok(error instanceof LibvirtStatusError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test('any MAC addresses and device names come out as they went in', () => {
  const octet = fc.integer({ min: 0, max: 255 }).map((value) => value.toString(16).padStart(2, '0'));
  const mac = fc.array(octet, { minLength: 5, maxLength: 5 }).map((rest) => `52:${rest.join(':')}`);
  const target = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,14}$/);
  fc.assert(
    fc.property(fc.array(fc.record({ mac, target }, { noNullPrototype: true }), { maxLength: 20 }), (interfaces) => {
      const domain = parseDomainStatus(domainStatus({ name: 'any', interfaces }));
      assert.deepEqual(
        domain.interfaces.map(({ mac, target }) => ({ mac, target })),
        interfaces,
      );
    }),
  );
});

const MAC = '52:54:00:00:00:01' as Mac;

/** Where `target` of a host is, as [device, bridge, vlan]. */
function place(host: FakeHost, target: string, pvid: number | null = null): unknown[] {
  const links = host.dump().filter((event): event is LinkEvent => event.type === 'link');
  const sightings = readInterfaces('libvirt', [{ domain: 'g', mac: MAC, target }], links, () => pvid);
  return sightings.map(({ source, mac, device, bridge, vlan }) => {
    assert.deepEqual([source, mac], ['libvirt', MAC]);
    return [device, bridge, vlan];
  });
}

test('a guest is where its device is: on a bridge, in a VLAN of the bridge, or beside every bridge', () => {
  const host = new FakeHost((hv) => {
    hv.bridge('br0');
    hv.guest('br0');
    hv.bridge('br1', { vlanAware: true });
    hv.guest('br1');
    hv.macvlan(BOND, { type: 'macvtap' });
  });
  const index = (name: string): number => host.index(name);
  assert.deepEqual(place(host, 'tap1', 10), [[index('tap1'), index('br0'), null]]);
  assert.deepEqual(place(host, 'tap2', 10), [[index('tap2'), index('br1'), 10]]);
  assert.deepEqual(place(host, 'tap2'), [], 'a port that takes no untagged frames');
  assert.deepEqual(place(host, 'macvtap3'), [[index('macvtap3'), null, null]]);
});

test('a device that is not there, has no cable or leads nowhere we know tells nothing', () => {
  const host = new FakeHost((hv) => {
    hv.bridge('br0');
    hv.guest('br0');
  });
  host.add('ovs-system', { type: 'other', kind: 'openvswitch' });
  host.add('vnet1', { type: 'other', kind: 'tun' }, { master: host.index('ovs-system') });
  host.add('routed', { type: 'other', kind: 'tun' });
  host.add('orphan', { type: 'other', kind: 'tun' }, { master: 999 });
  for (const target of ['vnet0', 'vnet1', 'routed', 'orphan', 'br0', BOND]) {
    assert.deepEqual(place(host, target, 1), [], target);
  }
  host.change('tap1', { lowerUp: false });
  assert.deepEqual(place(host, 'tap1'), []);
  host.change('tap1', { lowerUp: true, up: false });
  assert.deepEqual(place(host, 'tap1'), []);
});
