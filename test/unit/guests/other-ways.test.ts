import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { HostState } from '../../../src/guests/host-state.js';
import type { Heard } from '../../../src/sources/snoop.js';
import { asBond } from '../../../src/topology/bond-id.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { guestSettings } from '../../support/settings.js';
import { GUEST, SAYS_NOTHING, Story } from '../../support/story.js';

const ACTIVE_BACKUP = { type: 'bond', mode: 1, activeSlave: null, arpInterval: 0 } as const;
const at = (target: string, domain = 'web', mac = GUEST) => ({ domain, mac, target });

/** Two bonds, a bridge on each, and two ports on each bridge: tap1 and tap2 on the first, tap3 and tap4 on the second. */
class TwoBonds extends Story {
  constructor(change?: ConstructorParameters<typeof Story>[1]) {
    super(plainBridge(2), change);
    const { host } = this;
    host.add('bond1', ACTIVE_BACKUP);
    host.add('br1', { type: 'bridge', vlanFiltering: false, vlanProtocol: 0x8100 });
    for (const name of ['tap3', 'tap4']) host.add(name, { type: 'other', kind: 'veth' });
    const more = { master: host.index('br1'), bridgePortState: 3 };
    for (const name of ['bond1', 'tap3', 'tap4']) host.change(name, more);
    this.take(...host.dump());
    this.state.takeStale();
  }

  left(bond: string, more: Partial<Heard> = {}): void {
    const heard: Heard = { mac: GUEST, tags: [], direction: 'out', ...SAYS_NOTHING, ...more };
    this.state.heard(asBond(this.host.index(bond)), heard, (this.now += 1));
  }

  /** What is said of the guest, of each bond. */
  get said(): Record<string, unknown> {
    this.state.takeStale();
    const nameOf = (bond: number): string => [BOND, 'bond1'].find((name) => this.host.index(name) === bond) ?? '';
    return Object.fromEntries(this.state.verdicts(GUEST).map(({ bond, suppressed }) => [nameOf(bond), suppressed]));
  }
}

test('a guest that bonds two of its interfaces is announced where it was heard last, whatever libvirt says', () => {
  const story = new TwoBonds();
  story.state.setGuestInterfaces([at('tap1'), at('tap3', 'web', '52:54:00:00:00:33' as Mac)]);
  story.left(BOND);
  story.learned('tap3');
  assert.deepEqual(story.said, { [BOND]: null, bond1: 'other-bond' }, 'the bridge alone is no proof');
  story.left('bond1');
  assert.deepEqual(story.state.takeStale(), new Set([GUEST]));
  assert.deepEqual(story.said, { [BOND]: 'other-bond', bond1: null });
  story.left('bond1', { proof: false });
  story.left(BOND);
  assert.deepEqual(story.state.takeStale(), new Set([GUEST]));
  assert.deepEqual(story.said, { [BOND]: null, bond1: 'other-bond' });
  story.left('bond1');
  story.take(story.host.remove('tap3'));
  assert.deepEqual(story.said, { [BOND]: null }, 'the port by which it left is gone');
});

test('it counts where its other interface is not in the file, too; at a port of another guest it is a forgery', () => {
  const story = new TwoBonds();
  story.state.setGuestInterfaces([at('tap1')]);
  story.learned('tap3');
  story.left('bond1');
  assert.deepEqual(story.said, { [BOND]: 'other-bond', bond1: null });
  story.state.setGuestInterfaces([at('tap1'), at('tap3', 'evil', '52:54:00:00:00:66' as Mac)]);
  assert.deepEqual(story.said, { [BOND]: null, bond1: null });
});

test('who has the MAC on both sides by the same witness has it on both', () => {
  const story = new TwoBonds();
  story.learned('tap1');
  story.learned('tap3');
  for (const bond of [BOND, 'bond1', BOND, 'bond1']) {
    story.left(bond);
    assert.deepEqual(story.said, { [BOND]: null, bond1: null }, 'two bridges');
  }
  story.state.setGuestInterfaces([at('tap1'), at('tap3')]);
  assert.deepEqual(story.said, { [BOND]: null, bond1: null }, 'libvirt');
});

test('frames that leave by two bonds of one bridge come from one port', () => {
  const story = new TwoBonds();
  story.take(story.host.change('bond1', { master: story.host.index('br0') }));
  story.learned('tap1');
  story.state.setGuestInterfaces([at('tap1')]);
  for (const bond of [BOND, 'bond1']) story.left(bond);
  assert.deepEqual(story.said, { [BOND]: null, bond1: null });
});

test("the operator's word counts wherever a guest was heard", () => {
  const entry = { mac: GUEST, vlan: null, bond: BOND, addresses: [] };
  const story = new TwoBonds({ static: [entry] });
  story.state.setGuestInterfaces([at('tap1')]);
  story.learned('tap3');
  story.left('bond1');
  assert.deepEqual(story.said, { [BOND]: null, bond1: null });
});

/** A guest with hardware to use in place of its interface tap1. */
function teamed(): Story {
  const story = new Story();
  story.now = 10;
  story.learned('tap1');
  story.heard('out');
  story.now = 20;
  story.take(story.host.get('tap1'));
  story.state.setGuestInterfaces([at('tap1')], [], [at('tap1')]);
  return story;
}

test('a guest is not announced while hardware is plugged that it uses in place of its interface', () => {
  const story = teamed();
  assert.equal(story.verdict, 'standby');
  story.now = 30;
  story.heard('in');
  assert.equal(story.verdict, 'standby', 'which is how its frames come in');
  story.state.setGuestInterfaces([], [at('tap1')], [at('tap1')]);
  assert.equal(story.verdict, 'standby', 'nor while it is paused');
  story.state.setGuestInterfaces([at('tap1')]);
  assert.equal(story.verdict, null, 'the hardware is unplugged');
});

test('it is while it is heard by its interface all the same: the hardware has no link, or it does not know it', () => {
  const story = teamed();
  story.now = 30;
  story.heard('out');
  assert.equal(story.verdict, null);
  story.now = 40;
  story.heard('in');
  assert.equal(story.verdict, 'standby', 'it uses the hardware again');
});

test('what was plugged before anything is known of the host counts as plugged since then', () => {
  const saved = [...teamed().state.snapshot(20).guests];
  const host = new FakeHost(plainBridge(2));
  const state = new HostState(guestSettings());
  state.setGuestInterfaces([at('tap1')], [], [at('tap1')]);
  for (const event of host.dump()) state.apply(event, 20);
  state.restore(saved, 20);
  state.takeStale();
  assert.deepEqual(
    state.verdicts(GUEST).map(({ suppressed }) => suppressed),
    ['standby'],
  );
});
