import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { CONTROL_SOCKET } from '../../src/config/constants.js';
import type { BondGuestList } from '../../src/control/messages.js';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, labWithDaemon, runIn } from './net/daemon.js';
import { chatter } from './net/frames.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { SHAPES } from './net/shapes.js';

const VLAN_AWARE = SHAPES['a VLAN-aware bridge, tagged, untagged and not a member on the bond'];

async function listed(...args: string[]): Promise<BondGuestList[]> {
  const { code, stdout, stderr } = await runIn([BONDHERALD, 'guests', '--json', ...args]);
  assert.deepEqual([code, stderr], [0, '']);
  return (JSON.parse(stdout) as { bonds: BondGuestList[] }).bonds;
}

/** What `guests` must say of the guests of the VLAN-aware shape while they are in the bridge. */
function present({ guests: [tagged, untagged, outsider] }: Lab): BondGuestList[] {
  assert.ok(tagged && untagged && outsider);
  const known = { guest: null, addresses: [], groups: [], source: 'fdb', lastSeen: null } as const;
  const common = { ...known, announced: true, reason: null } as const;
  const rows = [
    { ...common, mac: tagged.mac, vlan: 10, port: tagged.port },
    { ...common, mac: untagged.mac, vlan: null, port: untagged.port },
    { ...common, mac: outsider.mac, vlan: 30, port: outsider.port, announced: false, reason: 'vlan-not-on-uplink' },
  ];
  return [{ bond: 'bond0', guests: rows as unknown as BondGuestList['guests'] }];
}

/** Makes the bridge forget the silent, and waits until the program lists them as silent. */
async function ageOut(lab: Lab): Promise<void> {
  await ip('hv', ['link set br0 type bridge ageing_time 100']); // in 1/100 s
  const gone = async (): Promise<boolean> => {
    const known = await lab.learned('hv');
    return lab.guests.every(({ mac }) => !known.has(mac));
  };
  await until(gone, { what: 'the bridge has forgotten the silent guests' });
  await ip('hv', ['link set br0 type bridge ageing_time 30000']);
}

async function vlanLabWithDaemon(t: TestContext): ReturnType<typeof labWithDaemon> {
  return labWithDaemon(t, { attach: VLAN_AWARE });
}

test('guests lists who is behind the bond and whether they are announced, with a daemon and without', async (t) => {
  const lab = await labFor(t, { attach: VLAN_AWARE });
  assert.deepEqual(await listed(), present(lab), 'read from the kernel');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  assert.equal(statSync(CONTROL_SOCKET).mode & 0o777, 0o660);
  assert.deepEqual(await listed(), present(lab), 'asked of the daemon');
  assert.deepEqual(await listed('bond0'), present(lab));
  const { stdout } = await runIn([BONDHERALD, 'guests']);
  const [head, columns, first] = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(head, ['bond0: 3 guests']);
  assert.deepEqual(columns, ['MAC', 'VLAN', 'PORT', 'GUEST', 'ADDRESSES', 'SOURCE', 'LAST SEEN', 'ANNOUNCED']);
  assert.deepEqual(first, [lab.guests[0]?.mac, '10', 'tap1', '-', '-', 'fdb', 'now', 'yes']);
  await daemon.stop();
  assert.ok(!existsSync(CONTROL_SOCKET), 'the daemon takes its socket along');
});

test('a guest that fell silent is listed by the daemon and announced by hand through it; one that left is not', async (t) => {
  const { lab } = await vlanLabWithDaemon(t);
  await ageOut(lab);
  const [bond] = await listed('bond0');
  assert.deepEqual(
    bond?.guests.map(({ mac, announced: is, lastSeen }) => [mac, is, lastSeen !== null && lastSeen < 60]),
    lab.guests.map(({ mac, wire }) => [mac, wire !== null, true]),
  );
  const far = capture(lab, 'sw1', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, 2);
  const { code, stdout } = await runIn([BONDHERALD, 'announce', 'bond0']);
  assert.equal(code, 0);
  assert.match(stdout, /^bond0: sent 2 frames on up1\n {2}rarp 52:54:00:00:00:01 vlan 10\n/);
  assert.deepEqual(announced(await arriving), expected(lab.guests));

  const [moved] = lab.guests;
  assert.ok(moved);
  lab.inject('client2', 'eth0', chatter(moved.mac, moved.wire ?? []));
  const reason = async (): Promise<string | null | undefined> => (await listed())[0]?.guests[0]?.reason;
  await until(async () => (await reason()) === 'seen-on-uplink', { what: 'the migration is listed', every: 200 });
});

test('a mistake is told in the same words with a daemon and without', async (t) => {
  const lab = await labFor(t);
  const mistakes = [
    ['guests', 'bond7'],
    ['guests', 'br0', '--json'],
    ['announce', 'bond7'],
    ['announce', 'br0', '--json'],
  ];
  const told = () => Promise.all(mistakes.map((args) => runIn([BONDHERALD, ...args])));
  const without = await told();
  assert.match(without[0]?.stderr ?? '', /bond7: no such device; the active-backup bonds of this host: bond0\n$/);
  await Daemon.start(lab, [BONDHERALD, 'run']).then((daemon) => lab.onDestroy(() => daemon.stop()));
  const withDaemon = await told();
  assert.deepEqual(withDaemon, without);
  assert.deepEqual(
    without.map(({ code, stdout }) => [code, stdout]),
    mistakes.map(() => [2, '']),
  );
});

test('of two daemons the second says so and stops; one that was killed does not stand in the way', async (t) => {
  const lab = await labFor(t);
  const first = await Daemon.start(lab, [BONDHERALD, 'run']);
  const second = await runIn([BONDHERALD, 'run']);
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    /^bondherald: another bondherald is running on this host \(\/run\/bondherald\/control\.sock\); stop it first\n$/m,
  );
  assert.doesNotMatch(second.stderr, /metrics/);
  assert.equal((await listed())[0]?.guests.length, lab.guests.length, 'the first one goes on');
  first.signal('SIGKILL');
  await first.ended;
  assert.ok(existsSync(CONTROL_SOCKET), 'the kill leaves a socket behind');
  assert.equal((await listed())[0]?.guests.length, lab.guests.length, 'nobody answers: read from the kernel');
  const third = await Daemon.start(lab, [BONDHERALD, 'run']);
  assert.equal((await listed())[0]?.guests.length, lab.guests.length);
  await third.stop();
});

test('who may not use the socket gets what the kernel says, and is told what is missing', async (t) => {
  const { lab } = await labWithDaemon(t);
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all'];
  const { code, stdout, stderr } = await runIn([...nobody, BONDHERALD, 'guests']);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^bond0: ${lab.guests.length} guests\n`));
  assert.match(stderr, /^bondherald: cannot ask the daemon, so silent guests are missing: [^\n]+: EACCES\n$/);
  const json = await runIn([...nobody, BONDHERALD, 'guests', '--json']);
  assert.deepEqual([json.code, json.stderr], [0, '']);
  const announce = await runIn([...nobody, BONDHERALD, 'announce', 'bond0']);
  assert.deepEqual([announce.code, announce.stdout], [1, '']);
  assert.match(announce.stderr, /^bondherald: bond0: sending frames needs CAP_NET_RAW[^\n]*\n$/);
});

test('--watch follows the guests until it is told to end, which is no failure', async (t) => {
  const { lab } = await labWithDaemon(t);
  const script = 'echo ready >&2; exec "$0" guests --watch';
  const watch = await Daemon.start(lab, ['sh', '-c', script, BONDHERALD]);
  await until(() => (watch.stdout.match(/^bond0: 3 guests$/gm)?.length ?? 0) >= 2, { what: 'two looks' });
  const [guest] = lab.guests;
  assert.ok(guest);
  lab.speakOnce(guest, '52:54:00:00:07:07');
  await until(() => /^bond0: 4 guests$/m.test(watch.stdout), { what: 'the newcomer is shown' });
  await watch.stop();
  assert.ok(!watch.stdout.includes('\x1b'), 'no terminal, no escape sequences');
});
