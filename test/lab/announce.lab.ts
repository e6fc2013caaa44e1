import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, runIn } from './net/daemon.js';
import { frame } from './net/frames.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { SHAPES } from './net/shapes.js';

const VLAN_AWARE = SHAPES['a VLAN-aware bridge, tagged, untagged and not a member on the bond'];
const NOT_KNOWN = '52:54:00:00:00:99';

/** What `announce --json` prints. */
interface Document {
  bond: string;
  activeSlave: string | null;
  dryRun: boolean;
  frames: { kind: string; mac: string; vlan: number | null; ip: null }[];
  sent: number;
  suppressed: { mac: string; vlan: number | null; reason: string }[];
}

async function announceJson(...args: string[]): Promise<Document> {
  const { code, stdout, stderr } = await runIn([BONDHERALD, 'announce', 'bond0', '--json', ...args]);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  return JSON.parse(stdout) as Document;
}

/** Runs a command that must fail, and returns its one line on stderr. */
async function complaint(code: number, ...argv: string[]): Promise<string> {
  const finished = await runIn(argv);
  assert.match(finished.stderr, /^bondherald: [^\n]+\n$/, 'one line on stderr');
  assert.equal(finished.code, code, finished.stderr);
  assert.equal(finished.stdout, '');
  return finished.stderr;
}

const rarpOf = (mac: string, vlan: number | null) => ({ kind: 'rarp', mac, vlan, ip: null });

async function vlanLab(t: Parameters<typeof labFor>[0]): Promise<Lab> {
  return labFor(t, { attach: VLAN_AWARE });
}

test('announce sends what the daemon would send, and says so', async (t) => {
  const lab = await vlanLab(t);
  const [tagged, untagged, outsider] = lab.guests;
  assert.ok(tagged && untagged && outsider);
  const frames = [rarpOf(tagged.mac, 10), rarpOf(untagged.mac, null)];
  const suppressed = [{ mac: outsider.mac, vlan: 30, reason: 'vlan-not-on-uplink' }];
  const common = { bond: 'bond0', activeSlave: 'up1', frames, suppressed };

  const far = capture(lab, 'sw1', 'p-hv', { filter: RARP_FILTER });
  assert.deepEqual(await announceJson('--dry-run'), { ...common, dryRun: true, sent: 0 });
  await far.settled();
  assert.equal(far.frames.length, 0, 'a dry run sends nothing');

  const arriving = nextRound(far, 2);
  assert.deepEqual(await announceJson(), { ...common, dryRun: false, sent: 2 });
  assert.deepEqual(announced(await arriving), expected(lab.guests));

  const forPeople = await runIn([BONDHERALD, 'announce', 'bond0']);
  assert.match(forPeople.stdout, /^bond0: sent 2 frames on up1\n {2}rarp 52:54:00:00:00:01 vlan 10\n/);
});

test('announce can be told which MAC and VLAN, also ones that nobody knows yet', async (t) => {
  const lab = await vlanLab(t);
  const [tagged, untagged] = lab.guests;
  assert.ok(tagged && untagged);
  const framesFor = async (...args: string[]) => (await announceJson('--dry-run', ...args)).frames;
  assert.deepEqual(await framesFor('--mac', tagged.mac.toUpperCase().replaceAll(':', '-')), [rarpOf(tagged.mac, 10)]);
  assert.deepEqual(await framesFor('--vlan', '10'), [rarpOf(tagged.mac, 10)]);
  assert.deepEqual(await framesFor('--mac', untagged.mac, '--mac', tagged.mac), [
    rarpOf(tagged.mac, 10),
    rarpOf(untagged.mac, null),
  ]);
  assert.deepEqual(await framesFor('--mac', NOT_KNOWN), [rarpOf(NOT_KNOWN, null)]);
  assert.deepEqual(await framesFor('--mac', NOT_KNOWN, '--vlan', '905'), [rarpOf(NOT_KNOWN, 905)]);
});

test('announce does not steal the MAC of a guest that lives elsewhere, whoever asks', async (t) => {
  const lab = await vlanLab(t);
  const [guest] = lab.guests;
  assert.ok(guest);
  const arrived = capture(lab, 'hv', 'up1');
  lab.inject('client2', 'eth0', frame(guest.mac, NOT_KNOWN, [{ tpid: 0x8100, vid: 10 }], '88b5', ''));
  await arrived.waitFor(({ bytes }) => bytes.includes(Buffer.from(NOT_KNOWN.replaceAll(':', ''), 'hex')));
  const { frames, suppressed } = await announceJson('--mac', NOT_KNOWN, '--vlan', '10');
  assert.deepEqual(frames, []);
  assert.deepEqual(suppressed, [{ mac: NOT_KNOWN, vlan: 10, reason: 'seen-on-uplink' }]);
});

test('bad input gets one line that says what is wrong and what to do', async (t) => {
  await labFor(t);
  await ip('hv', ['link add bond1 type bond mode 802.3ad']);
  const announce = (code: number, ...args: string[]) => complaint(code, BONDHERALD, 'announce', ...args);
  assert.match(await announce(2, 'bond7'), /bond7: no such device; the active-backup bonds of this host: bond0$/m);
  assert.match(await announce(2), /name a bond; the active-backup bonds of this host: bond0$/m);
  assert.match(await announce(2, 'br0'), /br0 is not a bond; the active-backup bonds of this host: bond0$/m);
  assert.match(await announce(2, 'bond1'), /bond1 is a bond in mode 802\.3ad; only active-backup bonds, and 802\.3ad/);
  assert.match(await announce(2, 'bond0', '--mac', '52:54:00'), /--mac 52:54:00: not a MAC address, such as/);
  assert.match(await announce(2, 'bond0', '--mac', '01:00:5e:00:00:01'), /multicast/);
  assert.match(
    await announce(2, 'bond0', '--vlan', '4095'),
    /--vlan 4095: not a VLAN; expected a number from 1 to 4094/,
  );
  assert.match(await announce(2), /bond/);
});

test('without the right to send, announce says which right is missing; a dry run needs none', async (t) => {
  const lab = await labFor(t);
  const unprivileged = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all'];
  const line = await complaint(1, ...unprivileged, BONDHERALD, 'announce', 'bond0');
  assert.match(line, /bond0: sending frames needs CAP_NET_RAW/);
  assert.match(await complaint(1, ...unprivileged, BONDHERALD, 'run'), /CAP_NET_RAW/);
  const dry = await runIn([...unprivileged, BONDHERALD, 'announce', 'bond0', '--dry-run', '--json']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.equal((JSON.parse(dry.stdout) as Document).frames.length, lab.guests.length);
});

test('on a bond without an active slave announce says so and sends nothing', async (t) => {
  const lab = await labFor(t);
  await lab.cutLink(1);
  await lab.cutLink(2);
  await lab.untilActive(null);
  assert.match(await complaint(1, BONDHERALD, 'announce', 'bond0'), /bond0 has no active slave/);
  const { code, stdout } = await runIn([BONDHERALD, 'announce', 'bond0', '--json']);
  assert.equal(code, 1);
  const { activeSlave, frames, sent } = JSON.parse(stdout) as Document;
  assert.deepEqual({ activeSlave, frames, sent }, { activeSlave: null, frames: [], sent: 0 });
});
