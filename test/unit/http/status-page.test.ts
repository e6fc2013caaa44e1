import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { readConfig } from '../../../src/config/read-config.js';
import { Diagnosis } from '../../../src/http/diagnosis.js';
import { FailoverHistory } from '../../../src/host/history.js';
import { pagesForPeople } from '../../../src/http/pages.js';
import type { BusyError } from '../../../src/errors.js';
import { HostState } from '../../../src/guests/host-state.js';
import type { HttpAnswer } from '../../../src/sys/http-server.js';
import { systemClock } from '../../../src/sys/clock.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { outline } from '../../support/outline.js';
import { guestSettings } from '../../support/settings.js';
import { byMirror } from '../../support/hearing.js';

const { config } = readConfig(null);
const MACS = ['52:54:00:00:00:01', '52:54:00:00:00:02', '52:54:00:00:00:03'] as Mac[];

/** A daemon's knowledge of a host with three guests, one of which came in by the bond as well. */
function knowledge() {
  const fake = new FakeHost(plainBridge(1));
  const host = new HostState(guestSettings());
  for (const event of fake.dump()) host.apply(event, 0);
  for (const mac of MACS) host.apply(fake.fdb(mac, 'tap1'), 0);
  host.apply(fake.fdb(MACS[2]!, BOND), 1);
  host.apply(fake.fdb(MACS[2]!, 'tap1', { gone: true }), 1);
  host.takeStale();
  const guests = new BondGuests(10);
  for (const mac of host.macs()) guests.update(mac, host.verdicts(mac));
  const bonds = new Map([[fake.index(BOND), guests]]);
  const ovs = { knowledge: { config: () => null, macTable: () => null }, tableSizes: new Map(), known: async () => {} };
  const history = new FailoverHistory(systemClock, host.topology, 6);
  return { fake, host, bonds, ovs: ovs as never, history, hearingOf: byMirror, standbyOf: () => [] };
}

const REQUEST = { path: '/', query: '', host: undefined, accept: undefined, authorization: undefined };

function page() {
  const parts = knowledge();
  const pages = pagesForPeople({ current: config }, { ...parts, clock: systemClock });
  const ask = async (query = ''): Promise<HttpAnswer> => pages.served({ ...REQUEST, query });
  return { ...parts, ask, file: pages.file };
}

test('a page that could not be loaded once is loaded when it is asked for again', async () => {
  const failures = [new Error('EMFILE')];
  const parts = { ...knowledge(), clock: systemClock };
  const pages = pagesForPeople({ current: config }, parts, async () => {
    for (const failure of failures.splice(0)) throw failure;
    return import('../../../src/http/status-page.js');
  });
  await assert.rejects(async () => pages.served(REQUEST), /EMFILE/);
  assert.equal((await pages.served(REQUEST)).status, 200);
});

test('the policy of the page allows its own style and nothing else', async () => {
  const { status, contentType, headers = {}, body } = await page().ask();
  assert.deepEqual([status, contentType], [200, 'text/html; charset=utf-8']);
  const hashes = [...body.matchAll(/<style>([^]*?)<\/style>/g)].map(
    ([, style = '']) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  );
  assert.ok(hashes.length > 0);
  const policy = headers['content-security-policy']?.split('; ');
  assert.deepEqual(policy?.slice(0, 2), ["default-src 'none'", `style-src ${hashes.join(' ')}`]);
  assert.doesNotMatch(policy.join(), /unsafe|script|\*|https?:/);
  assert.deepEqual(
    [headers['cache-control'], headers['x-content-type-options'], headers['referrer-policy']],
    ['no-store', 'nosniff', 'no-referrer'],
  );
  const elsewhere = body.replace(/<link rel="icon" href="data:[^"]*"/, '');
  assert.doesNotMatch(elsewhere, /<script|javascript:|https?:|url\(|@import|style="| on[a-z]+="/);
});

test('the page tells of guests, of bonds, and what the doctor has to say of them', async () => {
  const { ask } = page();
  const { elements, texts } = outline((await ask()).body);
  const text = texts.join('\n');
  for (const wanted of [BOND, 'up1', ...MACS, 'its MAC was received on the bond, so it may run elsewhere'])
    assert.ok(text.includes(wanted), wanted);
  assert.match(text, /MAC also came in by the bond/);
  assert.ok(elements.includes('meta name content'));
  assert.ok(!elements.includes('meta http-equiv content'), 'no refresh that nobody asked for');
  assert.ok(outline((await ask('refresh=on')).body).elements.includes('meta http-equiv content'));
  assert.ok(!(await ask('guest=00:02')).body.includes(MACS[0]!));
});

/** What the addresses in a page lead to. */
const links = (body: string): string[] =>
  [...body.matchAll(/ (?:href|src|action)="([^"]*)"/g)].map(([, to = '']) => to);

test('a page for a file has all that the served one has, and nothing that somebody would have to answer', async () => {
  const { ask, file } = page();
  const [served, saved] = [(await ask()).body, await file()];
  const text = outline(saved).texts.join('\n');
  for (const wanted of [
    BOND,
    'up1',
    ...MACS,
    'its MAC was received on the bond, so it may run elsewhere',
    'status --html',
  ])
    assert.ok(text.includes(wanted), wanted);
  assert.match(text, /also came in by the bond/);
  assert.ok(links(served).some((to) => to.startsWith('?')));
  const anchors = links(saved).filter((to) => !to.startsWith('data:image/svg+xml,'));
  for (const to of anchors) assert.ok(to.startsWith('#') && saved.includes(` id="${to.slice(1)}"`), to);
  assert.doesNotMatch(saved, /<form|<button|http-equiv="refresh"/);
  const styles = [...saved.matchAll(/<style>([^]*?)<\/style>/g)].map(
    ([, style = '']) => `&#39;sha256-${createHash('sha256').update(style).digest('base64')}&#39;`,
  );
  assert.ok(saved.includes(`style-src ${styles.join(' ')}; img-src data:`), 'the policy is in the file');
});

test('pages are made one at a time, and too many who wait are sent away', async () => {
  const { ask, file } = page();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask()));
  assert.equal(answers.filter(({ status }) => status === 200).length, 16);
  assert.deepEqual([...new Set(answers.slice(16).map(({ status }) => status))], [503]);
  const files = await Promise.allSettled(Array.from({ length: 17 }, () => file()));
  assert.deepEqual(
    files.flatMap((each) => (each.status === 'rejected' ? [(each.reason as BusyError).code] : [])),
    ['BUSY'],
  );
  assert.equal((await ask()).status, 200);
});

test('the doctor looks again after 30 s, and at once when the bonds stand otherwise', async () => {
  const { fake, host, bonds, ovs } = knowledge();
  let [now, looks] = [1000, 0];
  const clock = {
    monotonic: () => now,
    unix: () => (looks++, now),
    soon: (task: () => void) => systemClock.soon(task),
  };
  const diagnosis = new Diagnosis({
    ...{ settings: { current: config }, ovs, clock, hearingOf: byMirror, standbyOf: () => [] },
    lookup: () => ({ host, bonds, now }),
  });
  await diagnosis.current();
  now += 29;
  await diagnosis.current();
  assert.equal(looks, 1);
  now += 1;
  await diagnosis.current();
  assert.equal(looks, 2);
  host.apply(fake.change('up2', { lowerUp: false }), now);
  await diagnosis.current();
  assert.equal(looks, 3);
});

test('a doctor who cannot look says why, and does not keep the page away', async () => {
  const { host, bonds } = knowledge();
  const ovs = {
    knowledge: {
      config: () => {
        throw new Error('no way');
      },
    },
    tableSizes: new Map(),
  } as never;
  const diagnosis = new Diagnosis({
    settings: { current: config },
    ovs,
    hearingOf: byMirror,
    standbyOf: () => [],
    clock: systemClock,
    lookup: () => ({ host, bonds, now: 0 }),
  });
  assert.match(JSON.stringify(await diagnosis.current()), /no way/);
});
