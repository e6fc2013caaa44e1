import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { addGuests, macs } from '../bench/macs.js';
import { until } from '../support/until.js';
import { ageOut } from './net/ageing.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, ONE_ROUND, writeConfig } from './net/daemon.js';
import { arpFrom, chatter } from './net/frames.js';
import { plainBridge } from './net/hypervisor.js';
import { type Lab, labFor } from './net/lab.js';
import { listed } from './net/listed.js';
import { untilAddresses, words, WORDS_FILTER } from './net/words.js';
import { JOURNAL, STATE_FILE, stateFiles, stateText } from './net/state-folder.js';

const FAILOVERS = 'bondherald_bond_failovers_total{bond="bond0"}';

const start = (lab: Lab, ...args: string[]): Promise<Daemon> => Daemon.start(lab, [BONDHERALD, 'run', ...args]);

interface Saved {
  guests: { mac: string; places: { device: { name: string } }[] }[];
}

/** The last place of each guest in the state file, by MAC. */
function savedPlaces(): Map<string, string | undefined> {
  const { guests } = JSON.parse(stateText() || '{"guests":[]}') as Saved;
  return new Map(guests.map(({ mac, places }) => [mac, places.at(-1)?.device.name]));
}

async function untilSaved(macs: readonly string[]): Promise<void> {
  const areSaved = (): boolean => {
    const saved = savedPlaces();
    return macs.every((mac) => saved.has(mac));
  };
  await until(areSaved, { what: 'the guests are in the state file' });
}

async function crash(daemon: Daemon): Promise<void> {
  daemon.signal('SIGKILL');
  await daemon.ended;
}

/** A lab all of whose guests are known from a state file only; the daemon that wrote it was killed. */
async function afterCrash(t: Parameters<typeof labFor>[0]): Promise<{ lab: Lab; macs: string[] }> {
  const lab = await labFor(t, { attach: plainBridge(3) });
  const macs = lab.guests.map(({ mac }) => mac);
  const daemon = await start(lab);
  await untilSaved(macs);
  await crash(daemon);
  await ageOut(lab, ...macs);
  return { lab, macs };
}

test('guests known only from the state file are announced after a kill -9 and a restart', async (t) => {
  const { lab } = await afterCrash(t);
  const daemon = await start(lab);
  assert.equal(await daemon.metric(FAILOVERS), 0, 'nothing was missed');
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, lab.guests.length);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(lab.guests));
  await daemon.stop();
});

test('the addresses of a guest outlive a kill -9, and one that moved meanwhile does not come back', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(2) });
  const [one, other] = [lab.guest('g1'), lab.guest('g2')];
  const daemon = await start(lab);
  lab.inject(one.netns, one.device, arpFrom(one.mac, '192.0.2.1'), arpFrom(one.mac, '192.0.2.2'));
  await untilAddresses(one.mac, ['192.0.2.1', '192.0.2.2']);
  await until(() => stateText().includes('192.0.2.2'), { what: 'the addresses are in the state file' });
  await crash(daemon);
  const again = await start(lab);
  await untilAddresses(one.mac, ['192.0.2.1', '192.0.2.2']);
  lab.inject(other.netns, other.device, arpFrom(other.mac, '192.0.2.2'));
  await untilAddresses(other.mac, ['192.0.2.2']);
  const far = capture(lab, 'client', 'eth0', { filter: WORDS_FILTER });
  await lab.setActive('up2');
  const garps = [`garp ${one.mac} 192.0.2.1 []`, `garp ${other.mac} 192.0.2.2 []`];
  const heard = (): string[] => words(far).filter((word) => word.startsWith('garp'));
  await until(() => heard().length >= garps.length, { what: 'the addresses are announced' });
  await far.settled();
  assert.deepEqual(heard(), garps);
  await again.stop();
});

test('a failover while the daemon was down is announced at its start, to guests that are silent too', async (t) => {
  const { lab } = await afterCrash(t);
  await lab.setActive('up2');
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, lab.guests.length, 30_000);
  const daemon = await start(lab, '--config', writeConfig(t, ONE_ROUND));
  assert.deepEqual(announced(await arriving), expected(lab.guests), daemon.stderr);
  assert.equal(await daemon.metric(FAILOVERS), 1);
  assert.match(daemon.stderr, /failover announced bond=bond0 active_slave=up2 frames=3 .*missed=true/);
  await daemon.logs(/announcement finished/);
  await daemon.stop();
  const again = await start(lab);
  assert.equal(await again.metric(FAILOVERS), 0, 'once');
  await again.stop();
});

for (const { what, spoil, reason } of [
  {
    what: 'of another boot',
    spoil: (text: string) => text.replace(/"bootId":"[^"]*"/, '"bootId":"00000000-0000-4000-8000-000000000000"'),
    reason: 'other-boot',
  },
  { what: 'that is damaged', spoil: (text: string) => text.slice(0, text.length / 2), reason: 'malformed' },
]) {
  test(`from a state file ${what} nothing is announced, and it is set aside`, async (t) => {
    const { lab } = await afterCrash(t);
    await lab.setActive('up2');
    writeFileSync(STATE_FILE, spoil(stateText()));
    const far = [1, 2].map((n) => capture(lab, `sw${n}`, 'p-hv', { filter: RARP_FILTER }));
    const daemon = await start(lab);
    assert.equal(daemon.stderr.match(/^warn: /gm)?.length, 1, daemon.stderr);
    assert.match(daemon.stderr, new RegExp(`set aside.* reason=${reason} path=${STATE_FILE}.bad-${reason}`));
    assert.ok(stateFiles().includes(`state.json.bad-${reason}`));
    assert.equal(await daemon.metric(FAILOVERS), 0);
    await lab.setActive('up1');
    await daemon.logs(/failover with no guests to announce/);
    await Promise.all(far.map((each) => each.settled()));
    assert.deepEqual(
      far.flatMap((each) => announced(each.frames)),
      [],
    );
    await daemon.stop();
  });
}

test('a guest that migrated before the restart is not announced after it', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(3) });
  const moved = lab.guest('g2');
  const daemon = await start(lab);
  await untilSaved([moved.mac]);
  lab.inject('client2', 'eth0', chatter(moved.mac));
  await until(() => savedPlaces().get(moved.mac) === 'bond0', { what: 'the migration is in the state file' });
  await crash(daemon);
  await ageOut(lab, ...lab.guests.map(({ mac }) => mac));
  const restarted = await start(lab);
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const rest = lab.guests.filter((guest) => guest !== moved);
  const arriving = nextRound(far, rest.length);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(rest));
  await restarted.stop();
});

test('what happened right before SIGTERM is in the state file', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const daemon = await start(lab);
  await daemon.stop();
  assert.deepEqual([...savedPlaces().keys()], [lab.guest('g1').mac]);
  assert.deepEqual(stateFiles(), ['state.json']);
});

test('with many guests the file is not written again for each that comes; a kill -9 in the middle of what is loses that only', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(2) });
  const newcomer = '52:54:00:aa:bb:cc';
  await addGuests(2000);
  const daemon = await start(lab);
  await untilSaved([...macs(2000), lab.guest('g2').mac]);
  const { ino } = statSync(STATE_FILE);
  const { netns, device } = lab.guest('g2');
  lab.inject(netns, device, chatter(newcomer));
  await until(() => existsSync(JOURNAL) && readFileSync(JOURNAL, 'utf8').includes(newcomer), {
    what: 'the newcomer is in the journal',
  });
  assert.equal(statSync(STATE_FILE).ino, ino, 'the file is the same');
  await crash(daemon);
  appendFileSync(JOURNAL, `{"bonds":[],"guests":[{"mac":"${newcomer}","places":[],"hea`);
  await ageOut(lab, newcomer);
  const again = await start(lab);
  assert.match(again.stderr, /loaded the state of an earlier run guests=2003 /);
  assert.ok((await listed()).includes(`${newcomer} null null`));
  await again.stop();
});
