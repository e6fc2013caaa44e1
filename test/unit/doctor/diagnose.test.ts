import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../../src/doctor/diagnose.js';
import type { Facts } from '../../../src/doctor/facts.js';
import { shellWord } from '../../../src/doctor/shell-word.js';
import type { OvsBond, OvsBridge, OvsPort } from '../../../src/sources/ovs/config.js';

const HEALTHY: Facts = { bridges: [{ name: 'br0', ageing: 600 }], ovs: null };

function port(name: string, bond: OvsBond | null): OvsPort {
  const vlans = { mode: 'trunk', tag: null, trunks: [], cvlans: [], ethertype: 0x88a8 } as const;
  return { uuid: `port ${name}`, name, vlans, interfaces: [], bond };
}

function withOvs(bridge: Partial<OvsBridge>, macs = 10): Facts {
  const common = { uuid: 'u', name: 'br-ex', programmed: false, macAgingTime: 600, macTableSize: 100, ports: [] };
  return { bridges: [], ovs: { config: { bridges: [{ ...common, ...bridge }] }, macs: new Map([['u', macs]]) } };
}

const BOND: OvsBond = { mode: 'active-backup', active: null, lacp: 'off', updelay: 31_000 };

const SAID: [what: string, facts: Facts, says: string[]][] = [
  ['a healthy host', HEALTHY, []],
  ['ageing of the default', { ...HEALTHY, bridges: [{ name: 'br0', ageing: 300 }] }, ['advice bridge-ageing br0']],
  ['ageing that cannot be read', { ...HEALTHY, bridges: [{ name: 'br0', ageing: null }] }, []],
  ['Open vSwitch in good order', withOvs({ ports: [port('bond0', BOND), port('tap0', null)] }), []],
  ['its ageing of the default', withOvs({ macAgingTime: 300 }), ['advice ovs-ageing br-ex']],
  [
    'an OVS bond without updelay',
    withOvs({ ports: [port('bond0', { ...BOND, updelay: 0 })] }),
    ['warning ovs-bond-updelay bond0'],
  ],
  ['one with LACP', withOvs({ ports: [port('bond0', { ...BOND, updelay: 0, lacp: 'active' })] }), []],
  ['a table that is nearly full', withOvs({}, 95), ['warning ovs-mac-table-full br-ex']],
  ['a table with room', withOvs({}, 94), []],
  ['Open vSwitch unreadable', { ...HEALTHY, ovs: 'EACCES' }, ['warning ovs-unreadable Open vSwitch']],
  [
    'warnings before advice',
    withOvs({ macAgingTime: 300 }, 100),
    ['warning ovs-mac-table-full br-ex', 'advice ovs-ageing br-ex'],
  ],
];

for (const [what, facts, says] of SAID) {
  test(`the doctor on ${what}`, () => {
    const findings = diagnose(facts);
    assert.deepEqual(
      findings.map(({ level, id, subject }) => `${level} ${id} ${subject}`),
      says,
    );
    for (const { finding, meaning, cure } of findings)
      for (const line of [finding, meaning, cure]) assert.match(line, /^[^\n]+$/);
  });
}

test('a cure can be pasted into a shell, whatever the name of the device', () => {
  assert.equal(shellWord('br-ex.905'), 'br-ex.905');
  assert.equal(shellWord("a;rm -rf 'x'"), `'a;rm -rf '\\''x'\\'''`);
  const [finding] = diagnose({ ...HEALTHY, bridges: [{ name: '$(reboot)', ageing: 1 }] });
  assert.equal(finding?.cure, "ip link set dev '$(reboot)' type bridge ageing_time 60000");
});
