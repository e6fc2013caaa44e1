import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { type Capture, capture } from './net/capture.js';
import { BONDHERALD, labWithDaemon, runIn } from './net/daemon.js';
import { BOND, type Guest, type Hypervisor } from './net/hypervisor.js';
import { ip, json } from './net/ip.js';
import type { Lab } from './net/lab.js';
import { named, timesSaid, untilAddresses, words, WORDS_FILTER } from './net/words.js';

const V4 = '192.0.2.1';
const MOVED = '192.0.2.99';
const LOCAL = named('fe80::5054:ff:fe00:1');
const GLOBAL = named('2001:db8::1');
const OUTSIDE = '52:54:00:aa:00:01';

function speak(lab: Lab, guest: Guest, ...frames: Buffer[]): void {
  lab.inject(guest.netns, guest.device, ...frames);
}

const claim = (src: string, spa: string, tags: number[] = []): Buffer =>
  say.arp({ src, tags }, { spa, tpa: '192.0.2.254' });

/** Fails over, and listens until everyone had a turn in two rounds. */
async function announcedNow(lab: Lab): Promise<Capture> {
  const far = capture(lab, 'client', 'eth0', { filter: WORDS_FILTER });
  await lab.setActive(lab.activeSlave() === 'up1' ? 'up2' : 'up1');
  const last = lab.guests.at(-1);
  assert.ok(last);
  await until(() => timesSaid(far, `rarp ${last.mac} []`) >= 3, { what: 'three rounds', every: 5 });
  await far.settled();
  far.stop();
  return far;
}

/** What goes without saying: RARP for every guest. */
const rarps = (lab: Lab): string[] => lab.guests.map(({ mac }) => `rarp ${mac} []`);

async function filterOnHost(rule: string): Promise<void> {
  const { code, stderr } = await runIn(['nft', `table bridge guard { ${rule}; }`]);
  assert.equal(code, 0, stderr);
}

test('addresses learned in two VLANs of one trunk guest come out in the right VLANs', async (t) => {
  const { lab } = await labWithDaemon(t);
  const { mac } = lab.guest('g1');
  speak(lab, lab.guest('g1'), claim(mac, V4), claim(mac, '198.51.100.1', [905]));
  speak(lab, lab.guest('g1'), say.ns({ src: mac, tags: [905] }, { from: GLOBAL, target: '2001:db8::fe' }));
  await untilAddresses(mac, [V4, '198.51.100.1', GLOBAL]);
  const far = await announcedNow(lab);
  const addressed = [`garp ${mac} ${V4} []`, `garp ${mac} 198.51.100.1 [905]`, `na ${mac} ${GLOBAL} - [905]`];
  assert.deepEqual(words(far), [...rarps(lab), `rarp ${mac} [905]`, ...addressed].sort());
});

for (const hook of ['prerouting', 'forward']) {
  test(`a spoofed ARP that a filter drops at ${hook} never becomes a GARP; the guest's true address does`, async (t) => {
    const { lab } = await labWithDaemon(t);
    const { mac } = lab.guest('g1');
    const drop = `arp saddr ip ${MOVED} drop;`;
    await filterOnHost(`chain guard { type filter hook ${hook} priority 0; ${drop} }`);
    speak(lab, lab.guest('g1'), claim(mac, MOVED), claim(mac, V4), claim(mac, MOVED));
    await untilAddresses(mac, [V4]);
    assert.deepEqual(words(await announcedNow(lab)), [...rarps(lab), `garp ${mac} ${V4} []`].sort());
  });
}

test('a service address that moved to another guest, or away, is not announced from the old one', async (t) => {
  const { lab } = await labWithDaemon(t);
  const [one, other] = [lab.guest('g1'), lab.guest('g2')];
  speak(lab, one, claim(one.mac, MOVED));
  await untilAddresses(one.mac, [MOVED]);
  speak(lab, other, claim(other.mac, MOVED));
  await untilAddresses(other.mac, [MOVED]);
  assert.deepEqual(words(await announcedNow(lab)), [...rarps(lab), `garp ${other.mac} ${MOVED} []`].sort());
  lab.inject('client', 'eth0', claim(OUTSIDE, MOVED));
  await untilAddresses(other.mac, []);
  assert.deepEqual(words(await announcedNow(lab)), rarps(lab).sort());
});

test('a router among the guests keeps its Router flag; of who may be one, nothing is said', async (t) => {
  const { lab } = await labWithDaemon(t);
  const [router, unknown, host] = [lab.guest('g1'), lab.guest('g2'), lab.guest('g3')];
  const all = { to: 'ff02::1', target: LOCAL };
  speak(
    lab,
    router,
    say.ra({ src: router.mac }, { from: LOCAL }),
    say.na({ src: router.mac }, { from: LOCAL, ...all }),
  );
  await untilAddresses(router.mac, [LOCAL]);
  speak(lab, unknown, say.ns({ src: unknown.mac }, { from: named('fe80::2'), target: 'fe80::fe' }));
  speak(lab, host, say.rs({ src: host.mac }, { from: named('fe80::3'), to: 'ff02::2' }));
  await untilAddresses(unknown.mac, ['fe80::2']);
  await untilAddresses(host.mac, ['fe80::3']);
  const said = [`na ${router.mac} ${LOCAL} R []`, `na ${host.mac} fe80::3 - []`];
  assert.deepEqual(words(await announcedNow(lab)), [...rarps(lab), ...said].sort());
});

/** A VLAN-aware bridge through which the host speaks, untagged and in VLAN 905. */
function hostSpeaks(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.bridgeSelf('br0', 905);
  hv.port('br0', BOND, { tagged: [905] });
  hv.guest('br0', { wire: [] });
  hv.ip('link add link br0 name br0.905 type vlan id 905', 'link set br0.905 up');
  hv.ip('addr add 192.0.2.10/24 dev br0', 'addr add 192.0.2.20/24 dev br0.905');
}

test("the host's own addresses on the bridge and above it are announced as the guests' are, until they go", async (t) => {
  const { lab } = await labWithDaemon(t, { attach: hostSpeaks });
  const [{ address: mac }] = (await json('ip', 'hv', 'link', 'show', 'br0')) as [{ address: string }];
  await untilAddresses(mac, ['192.0.2.10', '192.0.2.20']);
  const host = [`rarp ${mac} []`, `garp ${mac} 192.0.2.10 []`];
  const above = [`rarp ${mac} [905]`, `garp ${mac} 192.0.2.20 [905]`];
  assert.deepEqual(words(await announcedNow(lab)), [...rarps(lab), ...host, ...above].sort());
  await ip('hv', ['addr del 192.0.2.20/24 dev br0.905']);
  await untilAddresses(mac, ['192.0.2.10']);
  assert.deepEqual(words(await announcedNow(lab)), [...rarps(lab), ...host].sort());
});

interface Listed {
  kind: string;
  mac: string;
  ip: string | null;
}

test('announce by hand takes kinds and rounds, and its dry run lists exactly what it then sends', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  const { mac } = lab.guest('g1');
  speak(lab, lab.guest('g1'), claim(mac, V4), say.ns({ src: mac }, { from: GLOBAL, target: '2001:db8::fe' }));
  await untilAddresses(mac, [V4, GLOBAL]);
  const announce = async (...args: string[]): Promise<{ frames: Listed[]; sent: number }> => {
    const { code, stdout, stderr } = await runIn([BONDHERALD, 'announce', BOND, '--json', ...args]);
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout) as { frames: Listed[]; sent: number };
  };
  const asWords = ({ kind, mac: whose, ip: address }: Listed): string =>
    `${kind} ${whose}${address === null ? '' : ` ${address}${kind === 'na' ? ' -' : ''}`} []`;
  for (const args of [
    [],
    ['--kinds', 'garp,na'],
    ['--kinds', 'mcast'],
    ['--kinds', 'rarp', '--rounds', '2', '--mac', mac],
  ]) {
    const { frames } = await announce('--dry-run', ...args);
    const far = capture(lab, 'sw1', 'p-hv', { filter: `(ip6 and ip6[6] == 0) or ${WORDS_FILTER}` });
    const done = await announce(...args);
    await far.settled();
    far.stop();
    assert.deepEqual(done.frames, frames);
    assert.deepEqual([done.sent, far.frames.length], [frames.length, frames.length]);
    assert.deepEqual(words(far), [...new Set(frames.map(asWords))].sort());
  }
  assert.equal(await daemon.metric('bondherald_frames_sent_total{bond="bond0",kind="rarp"}'), 5);
  assert.equal(await daemon.metric('bondherald_frames_sent_total{bond="bond0",kind="garp"}'), 2);
  assert.equal(await daemon.metric('bondherald_frames_sent_total{bond="bond0",kind="na"}'), 2);
});
